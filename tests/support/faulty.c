#include "support/faulty.h"
#include "support/check.h"
#include "support/server.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { POINTS_FAILED = 4, KILLED = 128 + SIGKILL };

static char *folder;
static FaultOrder *order; /* shared with the program under test */
static TestServer servers[SITUATIONS];
static uint64_t calls[SITUATIONS][FAULT_KINDS]; /* of undisturbed runs */

/* ---- one run --------------------------------------------------------------------------------------------
 */

/* With the injector: the command's server is started the first time. */
static TestOutput run_disturbed(Situation situation) {
    TestServer *server = &servers[situation];
    if (server->pid == 0) {
        char *path = test_path(folder, "order");
        *server = test_server_start(folder, path, situation_command(situation));
        free(path);
    }
    return test_server_run(server);
}

static void order_give(const FaultSearch *search, uint64_t call) {
    memset(order, 0, sizeof *order);
    snprintf(order->folder, sizeof order->folder, "%s/out", folder);
    if (search == NULL)
        return;
    order->kind = search->kind;
    order->call = call;
    order->lasting = search->lasting;
    order->action = search->action;
    order->error = search->error;
}

static TestOutput kill_run(unsigned write) {
    const FaultSearch kill_write = {.kind = FAULT_WRITE, .action = FAULT_KILL};
    order_give(&kill_write, write);
    return run_disturbed(RUN);
}

int faulty_setup(void **state) {
    (void)state;
    folder = test_folder_make();
    char *path = test_path(folder, "order");
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0 && ftruncate(file, sizeof *order) == 0);
    order = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(order != MAP_FAILED);
    close(file);
    free(path);
    situations_make(folder, kill_run);
    for (Situation situation = 0; situation < SITUATIONS; situation++) {
        situation_reset(situation);
        order_give(NULL, 0);
        test_output_expect(run_disturbed(situation), 0, "", "");
        memcpy(calls[situation], order->calls, sizeof calls[situation]);
    }
    return 0;
}

int faulty_teardown(void **state) {
    (void)state;
    for (Situation situation = 0; situation < SITUATIONS; situation++)
        test_server_stop(&servers[situation]);
    situations_free();
    munmap(order, sizeof *order);
    test_folder_remove(folder);
    return 0;
}

/* ---- the contract ---------------------------------------------------------------------------------------
 */

static size_t breaches; /* of the contract */

/* The contract is broken: the search goes on, to find all at once. */
__attribute__((format(printf, 1, 2))) static void breach(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    assert_true(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    print_message("BROKEN: %s\n", text);
    free(text);
    breaches++;
}

void faulty_judge(void) {
    const size_t found = breaches;
    breaches = 0;
    assert_int_equal(found, 0);
}

/* What a failure of the test is told with. */
static void describe(char *text, size_t size, const FaultSearch *search, Situation situation, uint64_t call,
                     const TestOutput *seen) {
    snprintf(text, size, "%s: %s at call %llu (%s): exit code %d\n%s", situation_name(situation),
             search->name, (unsigned long long)call, order->caller, seen->code, seen->err);
}

static bool is_memory(FaultKind kind) {
    return kind == FAULT_MEMORY || kind == FAULT_FOREIGN_MEMORY;
}

/* A library that crashed in the process that reads or writes a grid file: it may have said so before. */
static bool is_contained(const TestOutput *seen) {
    return strstr(seen->err, " out/grid.nc: a library crashed (") != NULL ||
           strstr(seen->err, " out/grid.nc: a library ended the process") != NULL;
}

/* A failed read that HDF5 passes over: it gives back a grid file without an attribute. Comparing tells. */
static bool is_told_apart(const FaultSearch *search, const TestOutput *seen) {
    return search->kind == FAULT_READ && strstr(seen->err, " does not hold what was written into it") != NULL;
}

/* One line, with what happened to which file. */
static void check_message(const char *context, const FaultSearch *search, const TestOutput *seen) {
    if (is_contained(seen))
        return;
    const char *line = seen->err;
    if (search->kind == FAULT_FOREIGN_MEMORY && strstr(line, "epnet: error: ") != NULL)
        line = strstr(line, "epnet: error: "); /* HDF5 may have printed its own report first */
    const char *end = strchr(line, '\n');
    bool good = strncmp(line, "epnet: error: ", 14) == 0 && end != NULL && end[1] == '\0';
    if (is_memory(search->kind))
        good = good && (strstr(seen->err, "memory") != NULL || strstr(seen->err, "start a thread") != NULL ||
                        search->kind == FAULT_FOREIGN_MEMORY);
    else if (search->kind != FAULT_THREAD)
        good = good && strstr(seen->err, "out/grid.") != NULL;
    if (search->action == FAULT_ERROR && !is_memory(search->kind))
        good = good && (strstr(seen->err, strerror(search->error)) != NULL || is_told_apart(search, seen));
    if (!good)
        breach("%s\nnot one line with the file and the reason", context);
}

typedef struct Outcomes {
    size_t tried, struck, unharmed, reported, contained, marked, killed;
} Outcomes;

/* The documented exit code of a failure of this kind; other libraries may blame the file for want of memory,
 * and their crashes are told as such. */
static bool is_documented(const FaultSearch *search, const TestOutput *seen) {
    if (search->kind == FAULT_FOREIGN_MEMORY)
        return seen->code == 5 || seen->code == 6;
    return seen->code == (search->kind == FAULT_MEMORY || search->kind == FAULT_THREAD ? 6 : 5);
}

/* The end of the disturbed run. */
static void check_end(const char *context, const FaultSearch *search, const TestOutput *seen,
                      Outcomes *outcomes) {
    const bool deadly = search->action == FAULT_KILL || search->action == FAULT_TORN;
    outcomes->tried++;
    outcomes->struck += order->fired > 0;
    if (seen->code == 0) {
        outcomes->unharmed++;
        if (seen->err[0] != '\0' && strncmp(seen->err, "epnet: warning: ", 16) != 0)
            breach("%s\nneither silent nor a warning", context);
    } else if (is_documented(search, seen)) {
        outcomes->reported++;
        outcomes->contained += is_contained(seen);
        check_message(context, search, seen);
    } else if (seen->code == POINTS_FAILED && is_memory(search->kind) && strstr(seen->err, "out_of_memory")) {
        outcomes->marked++;
    } else if (deadly && seen->code == KILLED && order->fired > 0) {
        outcomes->killed++;
    } else {
        breach("%s\nnot a documented end", context);
    }
}

/* A folder that has vanished comes back; nobody may have made another in its place. */
static void restore_folder(const char *context) {
    char *gone = test_path(folder, "out.gone"), *output = test_path(folder, "out");
    if (access(gone, F_OK) == 0 && rename(gone, output) != 0)
        breach("%s\n%s cannot take its place again", context, gone);
    free(gone);
    free(output);
}

static void check_files(const char *context, Situation situation, bool done, bool journals, bool temporaries,
                        const char *out) {
    char *wrong = situation_check(situation, done, journals, temporaries, out);
    if (wrong != NULL)
        breach("%s\n%s", context, wrong);
}

/* ---- going on -------------------------------------------------------------------------------------------
 */

/* States that programs have gone on from, to the bytes of an undisturbed run. */
static struct {
    size_t count, room;
    char **states;
} good[SITUATIONS];

static bool is_known(Situation situation, const char *state) {
    for (size_t k = 0; k < good[situation].count; k++)
        if (strcmp(good[situation].states[k], state) == 0)
            return true;
    return false;
}

/* Run undisturbed from what is left; once from every state. */
static void go_on(const char *context, Situation situation) {
    char *state = situation_state();
    if (is_known(situation, state)) {
        free(state);
        return;
    }
    TestOutput seen = situation_run(situation);
    const size_t breaches_before = breaches;
    if (seen.code != 0)
        breach("%s\nand the next run: exit code %d\n%s", context, seen.code, seen.err);
    else
        check_files(context, situation, true, false, false, NULL);
    test_output_free(&seen);
    if (breaches > breaches_before) {
        free(state);
        return;
    }
    if (good[situation].count == good[situation].room) {
        good[situation].room = 2 * good[situation].room + 16;
        good[situation].states =
            realloc(good[situation].states, good[situation].room * sizeof *good[situation].states);
        assert_non_null(good[situation].states);
    }
    good[situation].states[good[situation].count++] = state;
}

static void check_call(const FaultSearch *search, Situation situation, uint64_t call, Outcomes *outcomes) {
    char context[4096];
    situation_reset(situation);
    order_give(search, call);
    TestOutput seen = run_disturbed(situation);
    describe(context, sizeof context, search, situation, call, &seen);
    check_end(context, search, &seen, outcomes);
    restore_folder(context);
    /* Who dies cannot clean up; what was left the next run removes. */
    const bool stays = search->action == FAULT_KILL || search->action == FAULT_TORN ||
                       search->action == FAULT_VANISH || search->kind == FAULT_UNLINK || is_contained(&seen);
    if (seen.code == POINTS_FAILED) /* a complete result, not to be touched: gone, it is computed anew */
        situation_reset(situation);
    else
        check_files(context, situation, seen.code == 0, seen.code != 0 || stays, stays, seen.out);
    if (situation == RESUME && situation_lost() > 0)
        breach("%s\n%zu points are lost", context, situation_lost());
    test_output_free(&seen);
    go_on(context, situation);
}

/* ---- the search -----------------------------------------------------------------------------------------
 */

#ifdef __SANITIZE_ADDRESS__
enum { SLOWNESS = 3 };
#else
enum { SLOWNESS = 1 };
#endif

/* EPNET_FAULTS: 0 (unset) for the few calls of a test, n for every n-th call. */
static uint64_t stride_read(void) {
    const char *text = getenv("EPNET_FAULTS");
    char *end = NULL;
    if (text == NULL)
        return 0;
    const uint64_t stride = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || stride == 0)
        fail_msg("EPNET_FAULTS is '%s', not a number from 1 on", text);
    return stride;
}

/* EPNET_FAULTS_PART, "i/n": the i-th of n programs that share the tries; 1/1 unset. */
static void part_read(uint64_t *part, uint64_t *parts) {
    const char *text = getenv("EPNET_FAULTS_PART");
    *part = *parts = 1;
    if (text != NULL &&
        (sscanf(text, "%" SCNu64 "/%" SCNu64, part, parts) != 2 || *part < 1 || *part > *parts))
        fail_msg("EPNET_FAULTS_PART is '%s', not a part as 1/2", text);
}

void faulty_search(const FaultSearch *search, Situation first, Situation last) {
    const uint64_t stride = stride_read();
    uint64_t part, parts, count = 0, tries = 0, lasts = 0;
    Outcomes outcomes = {0};
    part_read(&part, &parts);
    for (Situation situation = first; situation <= last; situation++) {
        const uint64_t here = calls[situation][search->kind], end = here > 0 ? here - 1 : 0;
        uint64_t steps = stride > 0 ? end / stride : (search->most - 1) / SLOWNESS;
        steps = steps > end ? end : steps;
        for (uint64_t k = 0; k <= steps && here > 0; k++)
            if (tries++ % parts == part - 1)
                check_call(search, situation, 1 + (steps > 0 ? k * end / steps : 0), &outcomes);
        count += here;
        lasts += here > 0;
    }
    if (count == 0)
        return;
    print_message(
        "%-10s %-31s %6llu calls %6zu tried %6zu struck: no difference %4zu, reported %5zu (%zu crashes "
        "contained), points marked %3zu, killed %4zu\n",
        situation_name(first), search->name, (unsigned long long)count, outcomes.tried, outcomes.struck,
        outcomes.unharmed, outcomes.reported, outcomes.contained, outcomes.marked, outcomes.killed);
    /* Threads meet in another order from run to run: the last few calls may not come, of each situation the
     * last even where few are tried. */
    if (10 * (outcomes.struck + lasts) < 9 * outcomes.tried)
        breach("%s: too few calls came", search->name);
}
