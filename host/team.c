#include "team.h"

#include "status.h"
#include "threading.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What is left of one thread's part of the work; on a cache line of its own. */
typedef struct Part {
    _Alignas(64) atomic_size_t next;
    size_t end;
} Part;

typedef struct Member {
    EpnetTeam *team;
    pthread_t thread;
    int number;
} Member;

struct EpnetTeam {
    int threads, started; /* with and without the caller */
    bool eager;           /* there is a core for each: waiting at hand takes none from the others */
    Part *parts;          /* threads */
    Member *members;      /* threads - 1 */
    size_t grain;
    EpnetTeamBody *body; /* NULL: the team is closed */
    void *context;
    atomic_uint round; /* of work; a change of it begins one */
    atomic_int busy;   /* members that have not done with this round */
    pthread_mutex_t lock;
    pthread_cond_t began, ended;
};

/* Looks that a thread takes before it sleeps: some 20 us, what waking it would take. */
enum { LOOKS = 1000 };

static inline void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void work(EpnetTeam *team, int thread) {
    for (int k = 0; k < team->threads; k++) {
        Part *part = &team->parts[(thread + k) % team->threads];
        for (;;) {
            const size_t first = atomic_fetch_add_explicit(&part->next, team->grain, memory_order_relaxed);
            if (first >= part->end)
                break;
            const size_t rest = part->end - first;
            team->body(team->context, thread, first, first + (rest < team->grain ? rest : team->grain));
        }
    }
}

/* Wait for a round other than `seen`, and return it. */
static unsigned await_round(EpnetTeam *team, unsigned seen) {
    for (int k = 0; k < (team->eager ? LOOKS : 0); k++) {
        const unsigned round = atomic_load_explicit(&team->round, memory_order_acquire);
        if (round != seen)
            return round;
        pause_briefly();
    }
    pthread_mutex_lock(&team->lock);
    while (atomic_load_explicit(&team->round, memory_order_acquire) == seen)
        pthread_cond_wait(&team->began, &team->lock);
    pthread_mutex_unlock(&team->lock);
    return atomic_load_explicit(&team->round, memory_order_acquire);
}

static void await_members(EpnetTeam *team) {
    for (int k = 0; k < (team->eager ? LOOKS : 0); k++) {
        if (atomic_load_explicit(&team->busy, memory_order_acquire) == 0)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&team->lock);
    while (atomic_load_explicit(&team->busy, memory_order_acquire) > 0)
        pthread_cond_wait(&team->ended, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

static void begin_round(EpnetTeam *team) {
    atomic_store_explicit(&team->busy, team->started, memory_order_relaxed);
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add_explicit(&team->round, 1, memory_order_release);
    pthread_cond_broadcast(&team->began);
    pthread_mutex_unlock(&team->lock);
}

static void *member_main(void *argument) {
    const Member *member = argument;
    EpnetTeam *team = member->team;
    for (unsigned round = 0;;) {
        round = await_round(team, round);
        if (team->body == NULL)
            return NULL;
        work(team, member->number);
        if (atomic_fetch_sub_explicit(&team->busy, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&team->lock);
            pthread_cond_signal(&team->ended);
            pthread_mutex_unlock(&team->lock);
        }
    }
}

EpnetStatus epnet_team_open(int threads, EpnetTeam **opened, EpnetError *error) {
    EpnetTeam *team = epnet_calloc(1, sizeof *team);
    int code = 0;
    *opened = NULL;
    if (team == NULL)
        return epnet_fail_memory(error, sizeof *team, "a team of threads");
    team->threads = threads;
    team->eager = threads <= epnet_cores();
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->began, NULL);
    pthread_cond_init(&team->ended, NULL);
    team->parts = aligned_alloc(_Alignof(Part), (size_t)threads * sizeof *team->parts);
    team->members = epnet_calloc((size_t)threads, sizeof *team->members);
    if (team->parts == NULL || team->members == NULL) {
        epnet_team_close(team);
        return epnet_fail_memory(error, (size_t)threads * (sizeof(Part) + sizeof(Member)),
                                 "a team of threads");
    }
    while (team->started < threads - 1 && code == 0) {
        Member *member = &team->members[team->started];
        *member = (Member){.team = team, .number = team->started + 1};
        code = epnet_thread_start(&member->thread, member_main, member);
        team->started += code == 0;
    }
    if (code != 0) {
        epnet_team_close(team);
        return epnet_fail(error, EPNET_DEVICE, "cannot start a thread: %s", strerror(code));
    }
    *opened = team;
    return EPNET_OK;
}

void epnet_team_close(EpnetTeam *team) {
    if (team == NULL)
        return;
    team->body = NULL;
    if (team->started > 0)
        begin_round(team);
    for (int k = 0; k < team->started; k++)
        pthread_join(team->members[k].thread, NULL);
    pthread_cond_destroy(&team->ended);
    pthread_cond_destroy(&team->began);
    pthread_mutex_destroy(&team->lock);
    free(team->parts);
    free(team->members);
    free(team);
}

int epnet_team_threads(const EpnetTeam *team) {
    return team != NULL ? team->threads : 1;
}

void epnet_team_share(EpnetTeam *team, size_t count, size_t grain, EpnetTeamBody *body, void *context) {
    if (count == 0)
        return;
    if (team == NULL || team->threads == 1 || count <= grain) {
        body(context, 0, 0, count);
        return;
    }
    const size_t grains = (count + grain - 1) / grain, threads = (size_t)team->threads;
    for (size_t t = 0; t < threads; t++) {
        const size_t first = grains * t / threads * grain, end = grains * (t + 1) / threads * grain;
        atomic_store_explicit(&team->parts[t].next, first, memory_order_relaxed);
        team->parts[t].end = end < count ? end : count;
    }
    team->grain = grain;
    team->body = body;
    team->context = context;
    begin_round(team);
    work(team, 0);
    await_members(team);
}
