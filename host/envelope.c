#include "envelope.h"

#include "entropy_decay.h"
#include "formula.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool epnet_envelope_alloc(EpnetEnvelope *envelope, int nodes) {
    memset(envelope, 0, sizeof *envelope);
    envelope->flips = epnet_calloc(2 * (size_t)nodes, sizeof(double));
    return envelope->flips != NULL;
}

void epnet_envelope_free(EpnetEnvelope *envelope) {
    free(envelope->flips);
    memset(envelope, 0, sizeof *envelope);
}

/* min alpha_i; most sweeps leave the flips alone, so the last value is kept with what it belongs to. */
static double least_decay(EpnetEnvelope *envelope, int nodes, const EpnetPoint *point) {
    const size_t size = (size_t)nodes * sizeof(double);
    double *up = envelope->flips, *down = up + nodes;
    if (envelope->known && memcmp(up, point->flip_up, size) == 0 && memcmp(down, point->flip_down, size) == 0)
        return envelope->decay;
    memcpy(up, point->flip_up, size);
    memcpy(down, point->flip_down, size);
    envelope->decay = INFINITY;
    for (int i = 0; i < nodes; i++)
        envelope->decay = fmin(envelope->decay, epnet_entropy_decay(up[i], down[i]));
    envelope->known = true;
    return envelope->decay;
}

/* 2 min over pairs of (Gamma_i + Gamma_j): correlations of a pair decay at their sum, information at twice
 * that. */
static double pair_gap(int nodes, const EpnetPoint *point) {
    double least = INFINITY, second = INFINITY;
    for (int i = 0; i < nodes; i++) {
        const double total = point->flip_up[i] + point->flip_down[i];
        second = fmin(second, fmax(least, total));
        least = fmin(least, total);
    }
    return nodes < 2 ? NAN : 2 * (least + second);
}

/* The drive of an edge: solved for sigma, or its own. */
static double drive_of(const EpnetProblem *problem, const EpnetPoint *point, const double *point_columns,
                       size_t e) {
    return problem->constant_drive ? point_columns[EPNET_DRIVE] : point->drive[e];
}

/* a / b, where 0 / 0 is nothing to bound: 0. */
static double quotient(double a, double b) {
    return a == 0 ? 0 : a / b;
}

static void fill_cut(const double *row, double leak, double *columns) {
    const double energy = row[EPNET_CUT_ENTROPY_PRODUCTION], bandwidth = row[EPNET_CUT_CAPACITY] * M_LN2;
    const double bound = quotient(fmin(energy, bandwidth), leak);
    columns[EPNET_KINK_CAPACITY] = energy / M_LN2;
    columns[EPNET_REGIME] = energy <= bandwidth ? 0 : 1;
    columns[EPNET_ENVELOPE_BOUND] = bound;
    columns[EPNET_ENVELOPE_TIGHTNESS] = quotient(row[EPNET_CUT_MUTUAL_INFORMATION], bound);
}

void epnet_envelope_fill(EpnetEnvelope *envelope, const EpnetProblem *problem, const EpnetPoint *point,
                         const double *row, const double *point_columns, double *columns) {
    const double decay = least_decay(envelope, problem->nodes, point);
    columns[EPNET_LEAK_GAP] = pair_gap(problem->nodes, point);
    columns[EPNET_LEAK_LSI] = 2 * decay / problem->nodes;
    columns[EPNET_ENERGY_BOUND] = quotient(row[EPNET_ENTROPY_PRODUCTION_CHANNELS], 2 * decay);
    columns[EPNET_FLOW_BOUND] = 0;
    for (size_t e = 0; e < problem->edge_count; e++)
        columns[EPNET_FLOW_BOUND] +=
            point->rate[e] * epnet_copy_information(drive_of(problem, point, point_columns, e));
    for (size_t cut = 0; cut < problem->cut_count; cut++)
        fill_cut(row + EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS, point_columns[EPNET_LEAK],
                 columns + EPNET_ENVELOPE_COLUMNS + cut * EPNET_CUT_ENVELOPE_COLUMNS);
}
