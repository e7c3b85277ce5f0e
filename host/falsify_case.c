#include "falsify_case.h"

#include "cpu/apply.h"
#include "entropy_decay.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far states reach: probabilities down to exp(-30), and times in units of the largest exit rate's mean
 * waiting time. */
static const double LOG_ODDS_MAX = 30, LATEST = 1e4, EARLIEST = 1e-3;

bool epnet_falsify_probe_alloc(EpnetFalsifyProbe *probe, const EpnetFalsifySpace *space) {
    memset(probe, 0, sizeof *probe);
    const size_t problems = space->cut_count > 0 ? space->cut_count : 1;
    probe->space = space;
    probe->problems = epnet_calloc(problems, sizeof *probe->problems);
    probe->observers = epnet_calloc(problems, sizeof *probe->observers);
    bool ok = probe->problems != NULL && probe->observers != NULL;
    while (ok && probe->problem_count < problems) {
        const size_t k = probe->problem_count++;
        probe->problems[k] = (EpnetProblem){
            .nodes = space->nodes,
            .edge_count = space->edge_count,
            .source = space->source,
            .target = space->target,
            .cut_count = space->cut_count > 0 ? 1 : 0,
            .cuts = space->cuts + k,
            .kind = EPNET_TRAJECTORY,
            .method = EPNET_CHEBYSHEV,
            .tolerance = EPNET_FALSIFY_TOLERANCE,
            .time_count = 1,
            .times = &probe->time,
        };
        ok = epnet_observer_alloc(&probe->observers[k], &probe->problems[k]);
    }
    ok = ok && epnet_generator_alloc(&probe->generator, space->nodes);
    if (space->bound == EPNET_FALSIFY_ENVELOPE)
        return ok && epnet_stationary_alloc(&probe->stationary, space->nodes) &&
               epnet_leak_alloc(&probe->leak, &space->leak, 0) &&
               epnet_quench_alloc(&probe->quench, space->nodes);
    return ok && epnet_evolution_alloc(&probe->evolution, &probe->problems[0]);
}

void epnet_falsify_probe_free(EpnetFalsifyProbe *probe) {
    for (size_t k = 0; k < probe->problem_count; k++)
        epnet_observer_free(&probe->observers[k]);
    epnet_generator_free(&probe->generator);
    epnet_evolution_free(&probe->evolution);
    epnet_stationary_free(&probe->stationary);
    epnet_leak_free(&probe->leak);
    epnet_quench_free(&probe->quench);
    free(probe->problems);
    free(probe->observers);
    memset(probe, 0, sizeof *probe);
}

/* ---- from coordinates to a case ----------------------------------------------------------------------- */

/* A coordinate is any number; what it stands for runs smoothly to and fro between its limits, so that a worst
 * case at a limit is an ordinary maximum. */
static double fraction_of(double x) {
    const double sine = sin(M_PI / 2 * x);
    return sine * sine;
}

/* Takes coordinates one by one. */
typedef struct Reader {
    const double *x;
    size_t used;
} Reader;

static bool is_free(double low, double high) {
    return low < high;
}

/* On a logarithmic scale from low to high; the limit itself where they coincide. */
static double read_scaled(Reader *reader, double low, double high) {
    if (!is_free(low, high))
        return low;
    const double value = low * pow(high / low, fraction_of(reader->x[reader->used++]));
    return fmin(fmax(value, low), high); /* rounding of pow must not leave the limits */
}

size_t epnet_falsify_dimension(const EpnetFalsifySpace *space) {
    const size_t nodes = (size_t)space->nodes;
    size_t free_values = is_free(space->flip_min, space->flip_max) ? 2 * nodes : 0;
    free_values += is_free(space->copy_min, space->copy_max) ? space->edge_count : 0;
    free_values += is_free(space->drive_min, space->drive_max) ? space->edge_count : 0;
    if (space->bound == EPNET_FALSIFY_ENVELOPE)
        return free_values;
    return free_values + (space->any_state ? (size_t)1 << nodes : nodes + 1);
}

static void read_network(const EpnetFalsifySpace *space, Reader *reader, EpnetFalsifyCase *found) {
    for (int i = 0; i < space->nodes; i++) {
        found->flip_up[i] = read_scaled(reader, space->flip_min, space->flip_max);
        found->flip_down[i] = read_scaled(reader, space->flip_min, space->flip_max);
    }
    for (size_t e = 0; e < space->edge_count; e++) {
        found->rate[e] = read_scaled(reader, space->copy_min, space->copy_max);
        found->drive[e] = read_scaled(reader, space->drive_min, space->drive_max);
    }
}

/* A law of all states, its logarithms between -LOG_ODDS_MAX and 0 before it is normalised. */
static void read_law(const EpnetFalsifySpace *space, Reader *reader, EpnetFalsifyCase *found) {
    const size_t states = (size_t)1 << space->nodes;
    double sum = 0;
    for (size_t s = 0; s < states; s++) {
        const double depth = fraction_of(reader->x[reader->used++]);
        found->law[s] = exp(-LOG_ODDS_MAX * depth * depth);
        sum += found->law[s];
    }
    for (size_t s = 0; s < states; s++)
        found->law[s] /= sum;
    found->time = 0;
}

/* Independent nodes, by their log odds, and a time. */
static void read_start(const EpnetFalsifySpace *space, Reader *reader, double exit_max,
                       EpnetFalsifyCase *found) {
    found->law[0] = 1;
    for (int i = 0; i < space->nodes; i++) {
        const double v = 2 * fraction_of(reader->x[reader->used++]) - 1;
        found->p_one[i] = 1 / (1 + exp(-LOG_ODDS_MAX * v * fabs(v)));
        for (size_t s = 0; s < (size_t)1 << i; s++) {
            found->law[epnet_flip(s, i)] = found->law[s] * found->p_one[i];
            found->law[s] *= 1 - found->p_one[i];
        }
    }
    found->time = read_scaled(reader, EARLIEST, LATEST) / exit_max;
}

/* ---- both sides ---------------------------------------------------------------------------------------- */

static double smallest_decay(const EpnetFalsifySpace *space, const EpnetFalsifyCase *found) {
    double least = INFINITY;
    for (int i = 0; i < space->nodes; i++)
        least = fmin(least, epnet_entropy_decay(found->flip_up[i], found->flip_down[i]));
    return least;
}

/* Both sides from the columns of a row. */
static void take_sides(const EpnetFalsifySpace *space, const double *row, EpnetFalsifyCase *found) {
    const double *cut = row + EPNET_COLUMNS; /* read with cuts only */
    double production = NAN;
    switch (space->bound) {
    case EPNET_FALSIFY_NETWORK:
        found->left = row[EPNET_MULTIINFORMATION_RATE];
        found->right = production = row[EPNET_ENTROPY_PRODUCTION];
        break;
    case EPNET_FALSIFY_LEAK: /* dI/dt <= EP - alpha I, with what is not of fixed sign on the left */
        found->leak = 2.0 / space->nodes * smallest_decay(space, found);
        found->left = row[EPNET_MULTIINFORMATION_RATE] + found->leak * row[EPNET_MULTIINFORMATION];
        found->right = production = row[EPNET_ENTROPY_PRODUCTION];
        break;
    case EPNET_FALSIFY_CUT_ENERGY:
    case EPNET_FALSIFY_CUT_BANDWIDTH:
        found->left = cut[space->flow ? EPNET_CUT_INFORMATION_FLOW : EPNET_CUT_MUTUAL_INFORMATION_RATE];
        production = cut[EPNET_CUT_ENTROPY_PRODUCTION];
        found->right =
            space->bound == EPNET_FALSIFY_CUT_ENERGY ? production : cut[EPNET_CUT_CAPACITY] * M_LN2;
        break;
    case EPNET_FALSIFY_ENVELOPE:
        found->left = cut[EPNET_CUT_MUTUAL_INFORMATION];
        production = cut[EPNET_CUT_ENTROPY_PRODUCTION];
        found->right = fmin(production, cut[EPNET_CUT_CAPACITY] * M_LN2) / found->leak;
        break;
    case EPNET_FALSIFY_BOUNDS:
        break;
    }
    found->ratio = found->left / found->right;
    found->per_jump = production / row[EPNET_ACTIVITY];
}

static EpnetPoint point_of(const EpnetFalsifyCase *found) {
    return (EpnetPoint){
        .flip_up = found->flip_up, .flip_down = found->flip_down, .rate = found->rate, .drive = found->drive};
}

/* The state that the bound is asked of: stationary, given, or reached; *p points to it. */
static EpnetPointStatus reach_state(EpnetFalsifyProbe *probe, EpnetObserver *observer, Reader *reader,
                                    EpnetFalsifyCase *found, const double **p) {
    const EpnetFalsifySpace *space = probe->space;
    EpnetPointStatus status = EPNET_POINT_OK;
    if (space->bound == EPNET_FALSIFY_ENVELOPE) {
        const EpnetPoint point = point_of(found);
        EpnetLeakFit fit = {NAN, NAN, NAN};
        *p = probe->stationary.p;
        status = epnet_stationary_solve(&probe->stationary, &probe->generator);
        if (status == EPNET_POINT_OK)
            status = epnet_quench_solve(&probe->quench, &probe->leak, observer, &point, *p, 0, &fit);
        found->leak = fit.leak;
        return status;
    }
    if (space->any_state) {
        read_law(space, reader, found);
        *p = found->law;
        return status;
    }
    read_start(space, reader, probe->generator.exit_max, found);
    probe->time = found->time;
    status = epnet_evolution_start(&probe->evolution, &probe->generator, found->law);
    if (status == EPNET_POINT_OK)
        status = epnet_evolution_advance(&probe->evolution, 0);
    *p = probe->evolution.p;
    return status;
}

bool epnet_falsify_measure(EpnetFalsifyProbe *probe, size_t cut, const double *x, EpnetFalsifyCase *found,
                           double *value) {
    const EpnetFalsifySpace *space = probe->space;
    EpnetObserver *observer = &probe->observers[cut];
    Reader reader = {x, 0};
    const double *p;
    double row[EPNET_COLUMNS + EPNET_CUT_COLUMNS];
    memset(found, 0, sizeof *found);
    found->cut = cut;
    found->leak = found->ratio = (double)NAN;
    *value = -INFINITY;
    read_network(space, &reader, found);
    const EpnetPoint point = point_of(found);
    epnet_generator_set(&probe->generator, &probe->problems[cut], &point, NULL, true);
    if (reach_state(probe, observer, &reader, found, &p) != EPNET_POINT_OK)
        return false;
    epnet_cpu_apply(&probe->generator, p, probe->rate_of_change);
    epnet_observer_set(observer, &probe->generator);
    epnet_observe(observer, p, probe->rate_of_change, row);
    take_sides(space, row, found);
    if (!isfinite(found->ratio))
        return false;
    *value = found->ratio;
    if (!(space->min_ep > 0) || found->per_jump >= space->min_ep)
        return true;
    const double share = found->per_jump / space->min_ep;
    *value *= found->ratio > 0 ? share * share : 1;
    return false;
}
