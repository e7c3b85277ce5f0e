#include "lanes.h"

#include "../row.h"
#include "../status.h"
#include "apply.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool epnet_lanes_serve(const EpnetProblem *problem) {
    return problem->nodes <= EPNET_LANES_NODES && problem->kind == EPNET_TRAJECTORY &&
           problem->method == EPNET_CHEBYSHEV && problem->initial != NULL && !problem->constant_drive &&
           problem->leak.kind == EPNET_LEAK_NONE && epnet_weights_have_production(problem);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

/* Vectors of a problem: those of the points, of their cuts, of the states, and a row. */
static size_t vector_count(const EpnetProblem *problem) {
    const size_t states = (size_t)1 << problem->nodes, nodes = (size_t)problem->nodes;
    const size_t points = (nodes + 3) * states + 6 * nodes + 1, cut = (nodes + 2 + 6) * states + 2;
    return points + problem->cut_count * cut + 6 * states + states / 2 + 3 +
           epnet_row_width(problem->cut_count);
}

static EpnetVector *take(EpnetVector **free_from, size_t count) {
    EpnetVector *taken = *free_from;
    *free_from += count;
    return taken;
}

static void lay_out(EpnetLanes *lanes) {
    const size_t states = lanes->states, nodes = (size_t)lanes->nodes;
    EpnetVector *at = lanes->storage;
    lanes->exit_max = take(&at, 1);
    lanes->inflow = take(&at, nodes * states);
    lanes->stay = take(&at, states);
    lanes->flow = take(&at, states);
    lanes->production = take(&at, states);
    lanes->log_law = take(&at, 2 * nodes);
    lanes->flip_law = take(&at, 2 * nodes);
    lanes->log_flip_law = take(&at, 2 * nodes);
    for (size_t c = 0; c < lanes->problem->cut_count; c++) {
        EpnetLanesCut *cut = &lanes->cuts[c];
        cut->inflow = take(&at, nodes * states);
        cut->exit = take(&at, states);
        cut->flow = take(&at, states);
        cut->capacity = take(&at, 1);
        cut->flow_bound = take(&at, 1);
        for (int side = 0; side < 2; side++) {
            cut->p[side] = take(&at, states);
            cut->dp[side] = take(&at, states);
            cut->log_p[side] = take(&at, states);
        }
    }
    lanes->p = take(&at, states);
    lanes->now = take(&at, states);
    lanes->before = take(&at, states);
    lanes->sum = take(&at, states);
    lanes->dp = take(&at, states);
    lanes->log_p = take(&at, states);
    lanes->fold = take(&at, states / 2);
    lanes->mass = take(&at, 1);
    lanes->least = take(&at, 1);
    lanes->mass_rate = take(&at, 1);
    lanes->row = take(&at, epnet_row_width(lanes->problem->cut_count));
}

bool epnet_lanes_alloc(EpnetLanes *lanes, const EpnetProblem *problem) {
    memset(lanes, 0, sizeof *lanes);
    lanes->problem = problem;
    lanes->nodes = problem->nodes;
    lanes->states = (size_t)1 << problem->nodes;
    for (int l = 0; l < EPNET_LANES; l++) {
        if (!epnet_generator_alloc(&lanes->generator[l], problem->nodes) ||
            !epnet_observer_alloc(&lanes->observer[l], problem))
            return false;
    }
    void *storage = NULL;
    lanes->alone = epnet_calloc(2 * lanes->states, sizeof *lanes->alone);
    if (lanes->alone == NULL ||
        posix_memalign(&storage, sizeof(EpnetVector), vector_count(problem) * sizeof(EpnetVector)) != 0)
        return false;
    lanes->storage = storage;
    lanes->cuts = epnet_calloc(problem->cut_count, sizeof *lanes->cuts);
    if (lanes->cuts == NULL)
        return false;
    lay_out(lanes);
    return true;
}

void epnet_lanes_free(EpnetLanes *lanes) {
    for (int l = 0; l < EPNET_LANES && lanes->problem != NULL; l++) {
        epnet_generator_free(&lanes->generator[l]);
        epnet_observer_free(&lanes->observer[l]);
        epnet_series_free(&lanes->series[l]);
    }
    free(lanes->cuts);
    free(lanes->storage);
    free(lanes->alone);
    free(lanes->c);
    memset(lanes, 0, sizeof *lanes);
}

uint64_t epnet_lanes_bytes(const EpnetProblem *problem) {
    return EPNET_LANES *
               (epnet_observer_bytes(problem) + epnet_generator_size(problem->nodes) * sizeof(double)) +
           vector_count(problem) * sizeof(EpnetVector) + ((uint64_t)2 << problem->nodes) * sizeof(double);
}

/* ---- points ------------------------------------------------------------------------------------------ */

static void load_inflow(const EpnetGenerator *g, double scale, int lane, EpnetVector *inflow) {
    for (int j = 0; j < g->nodes; j++) {
        for (size_t s = 0; s < g->states; s++)
            inflow[((size_t)j << g->nodes) + s][lane] = scale * epnet_generator_rate(g, j, epnet_flip(s, j));
    }
}

static void load_cut(const EpnetCrossing *crossing, int lane, EpnetLanesCut *cut) {
    load_inflow(&crossing->generator, 1, lane, cut->inflow);
    for (size_t s = 0; s < crossing->generator.states; s++) {
        cut->exit[s][lane] = crossing->generator.exit[s];
        cut->flow[s][lane] = crossing->flow[s];
    }
    (*cut->capacity)[lane] = crossing->capacity;
    (*cut->flow_bound)[lane] = crossing->flow_bound;
}

/* Put a point into a lane; false if it is not for lanes: some flip is impossible, or nothing moves. */
static bool load_point(EpnetLanes *lanes, const EpnetPoint *point, int lane) {
    EpnetGenerator *g = &lanes->generator[lane];
    EpnetObserver *observer = &lanes->observer[lane];
    epnet_generator_set(g, lanes->problem, point, NULL, true);
    epnet_observer_set(observer, g);
    (*lanes->exit_max)[lane] = g->exit_max;
    lanes->error[lane] = lanes->rounding_square[lane] = lanes->applications[lane] = 0;
    lanes->series[lane].length = 0; /* what it was used for before must not show */
    load_inflow(g, 1 / g->exit_max, lane, lanes->inflow);
    for (size_t s = 0; s < g->states; s++) {
        lanes->stay[s][lane] = -g->exit[s] / g->exit_max;
        lanes->flow[s][lane] = observer->weights.flow[s];
        lanes->production[s][lane] = observer->weights.production[s];
    }
    for (int i = 0; i < g->nodes; i++) {
        double law[2], flip_law[2];
        epnet_observe_node_laws(observer, i, law, flip_law);
        for (int x = 0; x < 2; x++) {
            const size_t at = 2 * (size_t)i + (size_t)x;
            lanes->log_law[at][lane] = law[0] > 0 && law[1] > 0 ? log(law[x]) : NAN;
            lanes->flip_law[at][lane] = flip_law[x];
            lanes->log_flip_law[at][lane] = log(flip_law[x]);
        }
    }
    for (size_t c = 0; c < lanes->problem->cut_count; c++)
        load_cut(&observer->weights.cuts[c], lane, &lanes->cuts[c]);
    return !g->has_zero_rates && g->exit_max > 0;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

/* The row of one lane's state by the observer that points have alone. */
static void observe_alone(EpnetLanes *lanes, int lane, double *row) {
    double *p = lanes->alone, *dp = p + lanes->states;
    for (size_t s = 0; s < lanes->states; s++)
        p[s] = lanes->p[s][lane];
    epnet_cpu_apply(&lanes->generator[lane], p, dp);
    epnet_observe(&lanes->observer[lane], p, dp, row);
    (*lanes->mass)[lane] = lanes->observer[lane].mass;
    (*lanes->least)[lane] = lanes->observer[lane].least;
    (*lanes->mass_rate)[lane] = lanes->observer[lane].mass_rate;
}

/* The rows of the sample at `time` into those of the points; lanes whose row does not pass are cleared. */
static void keep_rows(EpnetLanes *lanes, const EpnetMask *alone, size_t sample, size_t first, size_t count,
                      EpnetRows *rows, EpnetMask *alive) {
    const EpnetProblem *problem = lanes->problem;
    const size_t width = epnet_row_width(problem->cut_count);
    for (size_t l = 0; l < count; l++) {
        double *last = rows->last + (first + l) * width;
        if (!(*alive)[l])
            continue;
        for (size_t c = 0; c < width; c++)
            last[c] = lanes->row[c][l];
        if ((*alone)[l])
            observe_alone(lanes, (int)l, last);
        const EpnetLawSums sums = {(*lanes->mass)[l], (*lanes->least)[l], (*lanes->mass_rate)[l]};
        const double steps = lanes->applications[l] + (*lanes->exit_max)[l] * lanes->time;
        if (epnet_row_check(problem, last, &sums, steps) != EPNET_POINT_OK) {
            (*alive)[l] = 0;
            continue;
        }
        epnet_extremes_update(rows->extremes + (first + l) * EPNET_EXTREMES, last, problem->times[sample]);
        if (rows->trajectory != NULL)
            memcpy(rows->trajectory + ((first + l) * problem->time_count + sample) * width, last,
                   width * sizeof *last);
    }
}

static bool any(const EpnetMask *mask, size_t count) {
    bool some = false;
    for (size_t l = 0; l < count; l++)
        some |= (*mask)[l] != 0;
    return some;
}

static bool start(EpnetLanes *lanes) {
    bool positive = true;
    for (size_t s = 0; s < lanes->states; s++) {
        lanes->p[s] = epnet_vector_all(lanes->problem->initial[s]);
        positive &= lanes->problem->initial[s] > 0;
    }
    lanes->time = 0;
    return positive;
}

void epnet_lanes_solve(EpnetLanes *lanes, const EpnetBatch *batch, size_t first, size_t count,
                       EpnetRows *rows, bool *done) {
    const EpnetProblem *problem = lanes->problem;
    EpnetMask alive = {0}, alone;
    for (size_t l = 0; l < EPNET_LANES; l++) { /* lanes to spare repeat the last point */
        const size_t k = first + (l < count ? l : count - 1);
        alive[l] = load_point(lanes, &batch->points[k], (int)l) ? -1 : 0;
        if (l < count)
            epnet_extremes_begin(rows->extremes + k * EPNET_EXTREMES);
    }
    bool positive = start(lanes), ok = true;
    for (size_t sample = 0; sample < problem->time_count && ok && any(&alive, count); sample++) {
        const double before = lanes->time;
        ok = !(batch->stop != NULL && *batch->stop) && epnet_lanes_advance(lanes, sample, &alive);
        positive |= lanes->time > before; /* of the lanes that are still alive */
        alone = (EpnetMask){0} == (positive ? 1 : 0);
        if (positive)
            epnet_lanes_observe(lanes, lanes->row, &alone);
        if (ok)
            keep_rows(lanes, &alone, sample, first, count, rows, &alive);
    }
    for (size_t l = 0; l < count; l++) {
        done[l] = ok && alive[l] != 0;
        if (!done[l])
            continue;
        rows->status[first + l] = EPNET_POINT_OK;
        for (size_t c = 0; rows->point != NULL && c < EPNET_POINT_COLUMNS; c++)
            rows->point[(first + l) * EPNET_POINT_COLUMNS + c] = NAN;
    }
}
