#include "lanes.h"

#include "../row.h"
#include "../status.h"
#include "apply.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool epnet_lanes_serve(const EpnetProblem *problem) {
    enum { FEW_SAMPLES = 3 }; /* not worth the coefficients of windows */
    return problem->nodes <= EPNET_LANES_NODES && problem->time_count > FEW_SAMPLES &&
           problem->kind == EPNET_TRAJECTORY && problem->method == EPNET_CHEBYSHEV &&
           problem->initial != NULL && !problem->constant_drive && problem->leak.kind == EPNET_LEAK_NONE;
}

static int inner_bits(const EpnetProblem *problem) {
    return problem->nodes > EPNET_LANES_NODES_BESIDE ? EPNET_LANES_INNER : 0;
}

size_t epnet_lanes_points(const EpnetProblem *problem) {
    return inner_bits(problem) > 0 ? 1 : EPNET_LANES;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

/* Vectors of a problem: those of the points, of their cuts, of the states, and a row. */
static size_t vector_count(const EpnetProblem *problem) {
    const size_t vectors = (size_t)1 << (problem->nodes - inner_bits(problem)),
                 nodes = (size_t)problem->nodes;
    const size_t points = (nodes + 3) * vectors + 8 * nodes + 1, cut = (nodes + 2 + 6) * vectors + 2;
    const size_t states = (1 + EPNET_WINDOW_SAMPLES + EPNET_LANES_RING + 2) * vectors + (vectors + 1) / 2;
    return points + problem->cut_count * cut + states + 2 + epnet_row_width(problem->cut_count);
}

static EpnetVector *take(EpnetVector **free_from, size_t count) {
    EpnetVector *taken = *free_from;
    *free_from += count;
    return taken;
}

static void lay_out(EpnetLanes *lanes) {
    const size_t vectors = lanes->vectors, nodes = (size_t)lanes->nodes;
    EpnetVector *at = lanes->storage;
    lanes->exit_max = take(&at, 1);
    lanes->inflow = take(&at, nodes * vectors);
    lanes->stay = take(&at, vectors);
    lanes->flow = take(&at, vectors);
    lanes->production = take(&at, vectors);
    lanes->log_law = take(&at, 2 * nodes);
    lanes->flip_law = take(&at, 2 * nodes);
    lanes->inverse_flip_law = take(&at, 2 * nodes);
    lanes->log_flip_law = take(&at, 2 * nodes);
    for (size_t c = 0; c < lanes->problem->cut_count; c++) {
        EpnetLanesCut *cut = &lanes->cuts[c];
        cut->inflow = take(&at, nodes * vectors);
        cut->exit = take(&at, vectors);
        cut->flow = take(&at, vectors);
        cut->capacity = take(&at, 1);
        cut->flow_bound = take(&at, 1);
        for (int side = 0; side < 2; side++) {
            cut->p[side] = take(&at, vectors);
            cut->dp[side] = take(&at, vectors);
            cut->log_p[side] = take(&at, vectors);
        }
    }
    lanes->start = take(&at, vectors);
    lanes->ahead = take(&at, EPNET_WINDOW_SAMPLES * vectors);
    lanes->ring = take(&at, EPNET_LANES_RING * vectors);
    lanes->dp = take(&at, vectors);
    lanes->log_p = take(&at, vectors);
    lanes->fold = take(&at, (vectors + 1) / 2);
    lanes->mass = take(&at, 1);
    lanes->mass_rate = take(&at, 1);
    lanes->row = take(&at, epnet_row_width(lanes->problem->cut_count));
}

bool epnet_lanes_alloc(EpnetLanes *lanes, const EpnetProblem *problem) {
    memset(lanes, 0, sizeof *lanes);
    lanes->problem = problem;
    lanes->nodes = problem->nodes;
    lanes->inner = inner_bits(problem);
    lanes->points = epnet_lanes_points(problem);
    lanes->vectors = (size_t)1 << (problem->nodes - lanes->inner);
    if (!epnet_window_alloc(&lanes->window, lanes->points, (size_t)problem->nodes))
        return false;
    for (size_t l = 0; l < lanes->points; l++) {
        if (!epnet_generator_alloc(&lanes->generator[l], problem->nodes) ||
            !epnet_observer_alloc(&lanes->observer[l], problem))
            return false;
    }
    void *storage = NULL;
    lanes->alone = epnet_calloc((size_t)2 << problem->nodes, sizeof *lanes->alone);
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
    for (size_t l = 0; l < lanes->points; l++) {
        epnet_generator_free(&lanes->generator[l]);
        epnet_observer_free(&lanes->observer[l]);
    }
    epnet_window_free(&lanes->window);
    free(lanes->cuts);
    free(lanes->storage);
    free(lanes->alone);
    memset(lanes, 0, sizeof *lanes);
}

uint64_t epnet_lanes_bytes(const EpnetProblem *problem) {
    return epnet_lanes_points(problem) *
               (epnet_observer_bytes(problem) + epnet_generator_size(problem->nodes) * sizeof(double)) +
           vector_count(problem) * sizeof(EpnetVector) + ((uint64_t)2 << problem->nodes) * sizeof(double) +
           epnet_window_bytes((size_t)problem->nodes);
}

/* ---- points ------------------------------------------------------------------------------------------ */

/* Arrays over the states as numbers: entry s of point l. */
static double *entry(const EpnetLanes *lanes, EpnetVector *vectors, size_t s, size_t l) {
    return (double *)vectors + (lanes->inner > 0 ? s : s * EPNET_LANES + l);
}

/* A number of point l: its own lane, or all. */
static void put(const EpnetLanes *lanes, EpnetVector *vector, size_t l, double value) {
    if (lanes->inner > 0)
        *vector = epnet_vector_all(value);
    else
        (*vector)[l] = value;
}

static void load_inflow(const EpnetLanes *lanes, const EpnetGenerator *g, double scale, size_t l,
                        EpnetVector *inflow) {
    for (int j = 0; j < g->nodes; j++) {
        EpnetVector *of_node = inflow + (size_t)j * lanes->vectors;
        for (size_t s = 0; s < g->states; s++)
            *entry(lanes, of_node, s, l) = scale * epnet_generator_rate(g, j, epnet_flip(s, j));
    }
}

static void load_cut(const EpnetLanes *lanes, const EpnetCrossing *crossing, size_t l, EpnetLanesCut *cut) {
    load_inflow(lanes, &crossing->generator, 1, l, cut->inflow);
    for (size_t s = 0; s < crossing->generator.states; s++) {
        *entry(lanes, cut->exit, s, l) = crossing->generator.exit[s];
        *entry(lanes, cut->flow, s, l) = crossing->flow[s];
    }
    put(lanes, cut->capacity, l, crossing->capacity);
    put(lanes, cut->flow_bound, l, crossing->flow_bound);
}

static void load_nodes(EpnetLanes *lanes, size_t l) {
    for (int i = 0; i < lanes->nodes; i++) {
        double law[2], flip_law[2];
        epnet_observe_node_laws(&lanes->observer[l], i, law, flip_law);
        for (int x = 0; x < 2; x++) {
            const size_t at = 2 * (size_t)i + (size_t)x;
            *entry(lanes, lanes->log_law, at, l) = law[0] > 0 && law[1] > 0 ? log(law[x]) : NAN;
            *entry(lanes, lanes->flip_law, at, l) = flip_law[x];
            *entry(lanes, lanes->inverse_flip_law, at, l) = 1 / flip_law[x];
            *entry(lanes, lanes->log_flip_law, at, l) = log(flip_law[x]);
        }
    }
    for (size_t at = 2 * (size_t)lanes->nodes; lanes->inner > 0 && at % EPNET_LANES != 0; at++) {
        *entry(lanes, lanes->flip_law, at, l) = *entry(lanes, lanes->inverse_flip_law, at, l) = 1;
        *entry(lanes, lanes->log_law, at, l) = *entry(lanes, lanes->log_flip_law, at, l) = 0;
    }
}

/* Put a point into place l; returns how many samples its windows may have, 0: it is not for lanes. */
static size_t load_point(EpnetLanes *lanes, const EpnetPoint *point, size_t l) {
    EpnetGenerator *g = &lanes->generator[l];
    EpnetObserver *observer = &lanes->observer[l];
    epnet_generator_set(g, lanes->problem, point, NULL, true);
    epnet_observer_set(observer, g);
    put(lanes, lanes->exit_max, l, g->exit_max);
    load_inflow(lanes, g, 1 / g->exit_max, l, lanes->inflow);
    for (size_t s = 0; s < g->states; s++) {
        *entry(lanes, lanes->stay, s, l) = -g->exit[s] / g->exit_max;
        *entry(lanes, lanes->flow, s, l) = observer->weights.flow[s];
    }
    load_nodes(lanes, l);
    for (size_t c = 0; c < lanes->problem->cut_count; c++)
        load_cut(lanes, &observer->weights.cuts[c], l, &lanes->cuts[c]);
    return g->has_zero_rates || !(g->exit_max > 0) ? 0
                                                   : epnet_lanes_window_samples(lanes->problem, g->exit_max);
}

/* ---- rows -------------------------------------------------------------------------------------------- */

/* The row of one point's state by the observer that points have alone. Returns the least entry of p. */
static double observe_alone(EpnetLanes *lanes, size_t l, double *row) {
    const size_t states = (size_t)1 << lanes->nodes;
    double *p = lanes->alone, *dp = p + states;
    for (size_t s = 0; s < states; s++)
        p[s] = *entry(lanes, lanes->p, s, l);
    epnet_cpu_apply(&lanes->generator[l], p, dp);
    epnet_observe(&lanes->observer[l], p, dp, row);
    put(lanes, lanes->mass, l, lanes->observer[l].mass);
    put(lanes, lanes->mass_rate, l, lanes->observer[l].mass_rate);
    return lanes->observer[l].least;
}

/* The rows of a sample into those of the points; points whose row does not pass are cleared. */
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
        const double least = (*alone)[l] ? observe_alone(lanes, l, last) : DBL_MIN; /* or more */
        const EpnetLawSums sums = {(*lanes->mass)[l], least, (*lanes->mass_rate)[l]};
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

/* All points at their start; returns whether it has no empty state. */
static bool start(EpnetLanes *lanes) {
    const EpnetProblem *problem = lanes->problem;
    bool positive = true;
    for (size_t s = 0; s < (size_t)1 << lanes->nodes; s++) {
        for (size_t l = 0; l < lanes->points; l++)
            *entry(lanes, lanes->start, s, l) = problem->initial[s];
        positive &= problem->initial[s] > 0;
    }
    lanes->p = lanes->start;
    lanes->time = 0;
    lanes->taken = lanes->window_end = lanes->window.samples = 0;
    while (lanes->window_end < problem->time_count && !(problem->times[lanes->window_end] > 0))
        lanes->window_end++;
    for (size_t l = 0; l < lanes->points; l++) {
        lanes->error[l] = lanes->rounding_square[l] = lanes->applications[l] = 0;
        lanes->window.growth[l] = EPNET_LANES_GROWTH;
    }
    return positive;
}

/* The whole trajectories of the points in `alive`; those that come to no good end are cleared. */
static void run(EpnetLanes *lanes, const EpnetBatch *batch, size_t first, size_t count, EpnetRows *rows,
                EpnetMask *alive) {
    const EpnetProblem *problem = lanes->problem;
    bool positive = start(lanes);
    lanes->window_longest = epnet_lanes_window_longest(problem, lanes->window_most);
    for (size_t l = 0; l < count; l++) {
        if ((*alive)[l])
            epnet_extremes_begin(rows->extremes + (first + l) * EPNET_EXTREMES);
    }
    for (size_t sample = 0; sample < problem->time_count && any(alive, count); sample++) {
        const double before = lanes->time;
        EpnetMask alone;
        if (batch->stop != NULL && *batch->stop) {
            memset(alive, 0, sizeof *alive);
            return;
        }
        epnet_lanes_advance(lanes, sample, alive);
        positive |= lanes->time > before; /* of the points that are still alive */
        alone = (EpnetMask){0} - (positive ? 0 : 1);
        if (positive)
            epnet_lanes_observe(lanes, lanes->row, &alone, alive);
        keep_rows(lanes, &alone, sample, first, count, rows, alive);
    }
}

/* What a solved point has beside its rows. */
static void finish_point(const EpnetLanes *lanes, size_t l, size_t k, EpnetRows *rows) {
    rows->status[k] = EPNET_POINT_OK;
    if (rows->applications != NULL)
        rows->applications[k] = lanes->applications[l];
    for (size_t c = 0; rows->point != NULL && c < EPNET_POINT_COLUMNS; c++)
        rows->point[k * EPNET_POINT_COLUMNS + c] = NAN;
}

void epnet_lanes_solve(EpnetLanes *lanes, const EpnetBatch *batch, size_t first, size_t count,
                       EpnetRows *rows, bool *done) {
    size_t window[EPNET_LANES];
    EpnetMask fit = {0};
    for (size_t l = 0; l < lanes->points; l++) { /* places to spare repeat the last point */
        window[l] = load_point(lanes, &batch->points[first + (l < count ? l : count - 1)], l);
        fit[l] = -1;
    }
    epnet_lanes_production(lanes, &fit);
    memset(done, 0, count * sizeof *done);
    for (size_t most = EPNET_WINDOW_SAMPLES; most > 0; most /= 2) { /* those of like windows together */
        EpnetMask alive = {0};
        for (size_t l = 0; l < count; l++)
            alive[l] = window[l] == most ? fit[l] : 0;
        lanes->window_most = most;
        if (any(&alive, count))
            run(lanes, batch, first, count, rows, &alive);
        for (size_t l = 0; l < count; l++) {
            if (!alive[l])
                continue;
            finish_point(lanes, l, first + l, rows);
            done[l] = true;
        }
    }
}
