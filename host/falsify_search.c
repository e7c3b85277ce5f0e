/* Multi-start search: random cases are screened, the best are climbed from, the best of those once more with
 * a larger budget. Every case's random numbers come from its own stream, and ties go to the first, so the
 * result does not depend on threads. */
#include "falsify.h"

#include "climb.h"
#include "status.h"
#include "team.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PURPOSE_START, PURPOSE_REFINE, PURPOSE_POLISH }; /* of random streams */
enum { POLISHED = 8, BUDGET_PER_DIMENSION = 150, POLISH_FACTOR = 8, POLISH_CLIMBS = 4 };
static const double FIRST_STEP = 0.1;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- work space --------------------------------------------------------------------------------------- */

typedef struct Worker {
    EpnetFalsifyProbe probe;
    EpnetClimber climber;
    size_t cut;               /* of the case that is climbed */
    const volatile int *stop; /* as in the options */
} Worker;

/* A screened start. */
typedef struct Start {
    size_t number;
    double value; /* of epnet_falsify_measure() */
    bool admissible;
} Start;

/* Where a climb got to. */
typedef struct Summit {
    size_t cut;
    double value; /* the ratio; -inf: nothing admissible */
    double *x;    /* dimension values */
} Summit;

typedef struct Search {
    const EpnetFalsifySpace *space;
    const EpnetFalsifyOptions *options;
    size_t dimension;
    EpnetTeam *team;
    int threads;     /* of the team */
    Worker *workers; /* threads */
    Start *starts;
    size_t refined;
    Summit *summits; /* refined */
    double *places;  /* what the summits' x point into */
    size_t evaluations;
    size_t work_done, work_total; /* for progress: evaluations, climbs by their budget */
    double began;
} Search;

static void search_free(Search *search) {
    epnet_team_close(search->team);
    for (int t = 0; search->workers != NULL && t < search->threads; t++) {
        epnet_falsify_probe_free(&search->workers[t].probe);
        epnet_climber_free(&search->workers[t].climber);
    }
    free(search->workers);
    free(search->starts);
    free(search->summits);
    free(search->places);
}

static bool search_alloc(Search *search) {
    search->workers = epnet_calloc((size_t)search->threads, sizeof *search->workers);
    search->starts = epnet_calloc(search->options->starts, sizeof *search->starts);
    search->summits = epnet_calloc(search->refined, sizeof *search->summits);
    search->places = epnet_calloc(search->refined * (search->dimension + 1), sizeof *search->places);
    bool ok = search->workers != NULL && search->starts != NULL && search->summits != NULL &&
              search->places != NULL;
    for (int t = 0; ok && t < search->threads; t++) {
        Worker *worker = &search->workers[t];
        worker->stop = search->options->stop;
        ok = epnet_falsify_probe_alloc(&worker->probe, search->space) &&
             epnet_climber_alloc(&worker->climber, search->dimension);
    }
    for (size_t k = 0; ok && k < search->refined; k++)
        search->summits[k].x = search->places + k * search->dimension;
    return ok;
}

static size_t refine_budget(const Search *search) {
    return BUDGET_PER_DIMENSION * (search->dimension + 4);
}

static size_t polished_count(const Search *search) {
    return search->refined < POLISHED ? search->refined : POLISHED;
}

/* Count `work` as done and tell; EPNET_INTERRUPTED if that was asked for. */
static EpnetStatus report(Search *search, size_t work, EpnetError *error) {
    const EpnetFalsifyOptions *options = search->options;
    if (options->stop != NULL && *options->stop)
        return epnet_fail(error, EPNET_INTERRUPTED, "interrupted, nothing written");
    search->work_done += work;
    if (options->progress == NULL)
        return EPNET_OK;
    EpnetProgress progress = {
        .points_done = search->work_done, .points_total = search->work_total, .eta = -1};
    progress.elapsed = seconds_now() - search->began;
    if (search->work_done > 0 && progress.elapsed > 0) {
        progress.rate = (double)search->work_done / progress.elapsed;
        progress.eta = (double)(search->work_total - search->work_done) / progress.rate;
    }
    options->progress(&progress, options->context);
    return EPNET_OK;
}

/* Something to be done with one start or summit. */
typedef void Treatment(Search *search, Worker *worker, size_t number);

typedef struct Share {
    Search *search;
    size_t first;
    Treatment *treat;
} Share;

static void treat_share(void *context, int thread, size_t first, size_t end) {
    const Share *share = context;
    for (size_t k = first; k < end; k++)
        share->treat(share->search, &share->search->workers[thread], share->first + k);
}

/* treat() numbers [first, end) on all threads, each of which takes `grain` at a time. */
static void share_out(Search *search, size_t first, size_t end, size_t grain, Treatment *treat) {
    Share share = {search, first, treat};
    epnet_team_share(search->team, end - first, grain, treat_share, &share);
}

/* ---- screening ---------------------------------------------------------------------------------------- */

/* Coordinates of start number `number` and its cut. */
static size_t place_start(const Search *search, size_t number, double *x) {
    EpnetRandomStream random = epnet_random_stream(search->options->seed, PURPOSE_START, number);
    for (size_t i = 0; i < search->dimension; i++)
        x[i] = epnet_random_uniform(&random);
    return search->space->cut_count > 0 ? number % search->space->cut_count : 0;
}

static void screen_start(Search *search, Worker *worker, size_t number) {
    EpnetFalsifyCase found;
    Start *start = &search->starts[number];
    const size_t cut = place_start(search, number, worker->climber.x);
    start->number = number;
    start->admissible = epnet_falsify_measure(&worker->probe, cut, worker->climber.x, &found, &start->value);
}

static EpnetStatus screen(Search *search, EpnetError *error) {
    enum { CHUNK = 4096, GRAIN = 64 };
    const size_t count = search->options->starts;
    EpnetStatus status = report(search, 0, error);
    for (size_t first = 0; first < count && status == EPNET_OK; first += CHUNK) {
        const size_t end = count - first < CHUNK ? count : first + CHUNK;
        share_out(search, first, end, GRAIN, screen_start);
        search->evaluations += end - first;
        status = report(search, end - first, error);
    }
    return status;
}

/* Highest value first; equal ones by number. */
static int compare_starts(const void *a, const void *b) {
    const Start *one = a, *other = b;
    if (one->value != other->value)
        return one->value > other->value ? -1 : 1;
    return (one->number > other->number) - (one->number < other->number);
}

/* Sort the starts; the best admissible one is among the first `refined`, for it is an answer already. */
static void select_starts(Search *search, size_t *admissible) {
    Start *starts = search->starts;
    const size_t count = search->options->starts;
    *admissible = 0;
    qsort(starts, count, sizeof *starts, compare_starts);
    for (size_t k = 0; k < count; k++) {
        if (!starts[k].admissible || (*admissible)++ > 0)
            continue;
        if (k >= search->refined) { /* the first one found */
            const Start swap = starts[search->refined - 1];
            starts[search->refined - 1] = starts[k];
            starts[k] = swap;
        }
    }
}

/* ---- climbing ----------------------------------------------------------------------------------------- */

static bool climb_value(void *context, const double *x, double *value) {
    Worker *worker = context;
    EpnetFalsifyCase found;
    if (worker->stop != NULL && *worker->stop)
        return false; /* report() will end the search: no need to measure on */
    return epnet_falsify_measure(&worker->probe, worker->cut, x, &found, value);
}

/* Climb from worker->climber.x; a higher admissible place replaces the summit. */
static void climb(Worker *worker, Summit *summit, EpnetRandomStream *random, double size, size_t budget) {
    EpnetClimber *climber = &worker->climber;
    worker->cut = summit->cut;
    epnet_climber_run(climber, climb_value, worker, random, size, budget);
    if (climber->best_value > summit->value) {
        summit->value = climber->best_value;
        memcpy(summit->x, climber->best, climber->n * sizeof *summit->x);
    }
}

static void refine_start(Search *search, Worker *worker, size_t rank) {
    const Start *start = &search->starts[rank];
    Summit *summit = &search->summits[rank];
    EpnetRandomStream random = epnet_random_stream(search->options->seed, PURPOSE_REFINE, start->number);
    summit->cut = place_start(search, start->number, worker->climber.x);
    summit->value = -INFINITY;
    if (isfinite(start->value))
        climb(worker, summit, &random, FIRST_STEP, refine_budget(search));
}

/* From the summit again and again, with fresh steps, some long and some short. */
static void polish_summit(Search *search, Worker *worker, size_t rank) {
    Summit *summit = &search->summits[rank];
    EpnetRandomStream random = epnet_random_stream(search->options->seed, PURPOSE_POLISH, rank);
    double size = FIRST_STEP;
    for (int k = 0; k < POLISH_CLIMBS && isfinite(summit->value); k++, size /= 5) {
        memcpy(worker->climber.x, summit->x, search->dimension * sizeof *summit->x);
        climb(worker, summit, &random, size, POLISH_FACTOR / POLISH_CLIMBS * refine_budget(search));
    }
}

/* Refine or polish the first `count`, each worth `budget` evaluations of progress. */
static EpnetStatus climb_all(Search *search, size_t count, size_t budget, Treatment *improve,
                             EpnetError *error) {
    const size_t chunk = 8 * (size_t)search->threads; /* a report after each */
    EpnetStatus status = EPNET_OK;
    for (size_t first = 0; first < count && status == EPNET_OK; first += chunk) {
        const size_t end = count - first < chunk ? count : first + chunk;
        share_out(search, first, end, 1, improve);
        status = report(search, (end - first) * budget, error);
    }
    return status;
}

/* Highest value first; equal ones keep the order of their coordinates, then of their cuts. */
static int compare_summits(const void *a, const void *b) {
    const Summit *one = a, *other = b;
    if (one->value != other->value)
        return one->value > other->value ? -1 : 1;
    return (one->x > other->x) - (one->x < other->x); /* places are in order of rank */
}

/* ---- the whole search --------------------------------------------------------------------------------- */

static EpnetStatus search_run(Search *search, EpnetFalsifyResult *result, EpnetError *error) {
    const size_t budget = refine_budget(search), polished = polished_count(search);
    search->work_total = search->options->starts + (search->refined + POLISH_FACTOR * polished) * budget;
    EpnetStatus status = screen(search, error);
    if (status != EPNET_OK)
        return status;
    select_starts(search, &result->admissible);
    status = climb_all(search, search->refined, budget, refine_start, error);
    if (status != EPNET_OK)
        return status;
    qsort(search->summits, search->refined, sizeof *search->summits, compare_summits);
    status = climb_all(search, polished, POLISH_FACTOR * budget, polish_summit, error);
    qsort(search->summits, search->refined, sizeof *search->summits, compare_summits);
    for (int t = 0; t < search->threads; t++)
        search->evaluations += search->workers[t].climber.evaluations;
    return status;
}

EpnetStatus epnet_falsify_search(const EpnetFalsifySpace *space, const EpnetFalsifyOptions *options,
                                 EpnetFalsifyCase *worst, EpnetFalsifyResult *result, EpnetError *error) {
    Search search = {.space = space, .options = options, .began = seconds_now()};
    search.dimension = epnet_falsify_dimension(space);
    search.threads = options->threads > 0 ? options->threads : epnet_cores();
    search.refined = options->refine < options->starts ? options->refine : options->starts;
    EpnetStatus status = EPNET_OK;
    if (!search_alloc(&search))
        status = epnet_fail_memory(
            error, options->starts * sizeof(Start) + search.refined * (search.dimension + 1) * sizeof(double),
            "the starts of the search");
    if (status == EPNET_OK)
        status = epnet_team_open(search.threads, &search.team, error);
    if (status == EPNET_OK)
        status = search_run(&search, result, error);
    if (status == EPNET_OK) {
        const Summit *best = &search.summits[0];
        double value;
        if (isfinite(best->value))
            epnet_falsify_measure(&search.workers[0].probe, best->cut, best->x, worst, &value);
        else
            status = epnet_fail(error, EPNET_POINTS_FAILED,
                                "none of %zu starts leads to a case that can be computed and has the entropy "
                                "production asked for",
                                options->starts);
        result->starts = options->starts;
        result->refined = search.refined;
        result->evaluations = search.evaluations;
        result->elapsed = seconds_now() - search.began;
    }
    search_free(&search);
    return status;
}
