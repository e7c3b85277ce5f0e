/* The program with the work of chosen points spoilt, for tests of what becomes of them: linked so that the
 * calls of the functions below come here first. The environment says what and where: EPNET_TAMPER="WHAT
 * VALUE" is about the points whose node 0 flips up at the rate VALUE. Without it nothing is changed. */
#include "cpu/apply.h"
#include "cpu/evolve.h"
#include "cpu/lanes.h"
#include "cpu/observe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void __real_epnet_cpu_apply(const EpnetGenerator *g, const double *p, double *q);
void __wrap_epnet_cpu_apply(const EpnetGenerator *g, const double *p, double *q);
void __real_epnet_observe(EpnetObserver *o, const double *p, const double *dp, double *row);
void __wrap_epnet_observe(EpnetObserver *o, const double *p, const double *dp, double *row);
void __real_epnet_lanes_observe(EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone, EpnetMask *alive);
void __wrap_epnet_lanes_observe(EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone, EpnetMask *alive);
EpnetPointStatus __real_epnet_evolution_start(EpnetEvolution *ev, const EpnetGenerator *g, const double *p0);
EpnetPointStatus __wrap_epnet_evolution_start(EpnetEvolution *ev, const EpnetGenerator *g, const double *p0);

/* Whether the point of a generator is to be spoilt so. */
static bool spoils(const EpnetGenerator *g, const char *what) {
    const char *told = getenv("EPNET_TAMPER");
    const size_t length = strlen(what);
    return told != NULL && strncmp(told, what, length) == 0 && told[length] == ' ' &&
           strtod(told + length, NULL) == g->flip_up[0];
}

void __wrap_epnet_cpu_apply(const EpnetGenerator *g, const double *p, double *q) {
    __real_epnet_cpu_apply(g, p, q);
    if (spoils(g, "nan"))
        q[g->states / 2] = NAN;
    if (spoils(g, "inf"))
        q[g->states / 2] = INFINITY;
    if (spoils(g, "mass")) /* what enters a state leaves none */
        q[0] += 1e-10 * g->exit_max * p[0];
}

/* A law of which one entry is negative, the sum being 1. */
static double *law_with_negative(const EpnetGenerator *g, const double *p) {
    double *law = malloc(g->states * sizeof *law);
    if (law == NULL)
        abort();
    memcpy(law, p, g->states * sizeof *law);
    law[0] += 2 * law[1];
    law[1] = -law[1];
    return law;
}

/* Break the row of a point of generator g, or the sum of its pL. */
static void spoil_row(const EpnetGenerator *g, double *row, double *mass_rate) {
    double *cut = row + EPNET_COLUMNS;
    const double error = 1e-8 * row[EPNET_ACTIVITY];
    if (spoils(g, "rate"))
        *mass_rate += error;
    if (spoils(g, "production"))
        row[EPNET_ENTROPY_PRODUCTION] = -error;
    if (spoils(g, "order"))
        row[EPNET_ENTROPY_PRODUCTION] = row[EPNET_ENTROPY_PRODUCTION_CHANNELS] + error;
    if (spoils(g, "channels"))
        row[EPNET_ENTROPY_PRODUCTION_CHANNELS] += error;
    if (spoils(g, "environment"))
        row[EPNET_ENVIRONMENT_ENTROPY_FLOW] += error;
    if (spoils(g, "entropy"))
        row[EPNET_ENTROPY_RATE] -= error;
    if (spoils(g, "cut_production"))
        cut[EPNET_CUT_ENTROPY_PRODUCTION] += error;
    if (spoils(g, "cut_local"))
        cut[EPNET_CUT_LOCAL_ENTROPY_RATE] -= error;
    if (spoils(g, "cut_flow"))
        cut[EPNET_CUT_INFORMATION_FLOW] += error;
    if (spoils(g, "cut_rate"))
        cut[EPNET_CUT_MUTUAL_INFORMATION_RATE] = cut[EPNET_CUT_INFORMATION_FLOW] + error;
    if (spoils(g, "cut_bound"))
        cut[EPNET_CUT_FLOW_BOUND] = cut[EPNET_CUT_INFORMATION_FLOW] - error;
}

void __wrap_epnet_observe(EpnetObserver *o, const double *p, const double *dp, double *row) {
    const EpnetGenerator *g = o->generator;
    double *law = spoils(g, "negative") ? law_with_negative(g, p) : NULL;
    __real_epnet_observe(o, law != NULL ? law : p, dp, row);
    free(law);
    spoil_row(g, row, &o->mass_rate);
}

void __wrap_epnet_lanes_observe(EpnetLanes *lanes, EpnetVector *row, EpnetMask *alone, EpnetMask *alive) {
    const size_t width = epnet_row_width(lanes->problem->cut_count);
    double *values = malloc(width * sizeof *values);
    if (values == NULL)
        abort();
    __real_epnet_lanes_observe(lanes, row, alone, alive);
    for (size_t l = 0; l < lanes->points; l++) {
        for (size_t c = 0; c < width; c++)
            values[c] = row[c][l];
        double mass_rate = (*lanes->mass_rate)[l];
        spoil_row(&lanes->generator[l], values, &mass_rate);
        for (size_t c = 0; c < width; c++)
            row[c][l] = values[c];
        (*lanes->mass_rate)[l] = mass_rate;
        if (spoils(&lanes->generator[l], "negative")) /* what is said of a law with such an entry */
            (*alive)[l] = 0;
    }
    free(values);
}

EpnetPointStatus __wrap_epnet_evolution_start(EpnetEvolution *ev, const EpnetGenerator *g, const double *p0) {
    return spoils(g, "memory") ? EPNET_POINT_OUT_OF_MEMORY : __real_epnet_evolution_start(ev, g, p0);
}
