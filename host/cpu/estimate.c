#include "estimate.h"

#include "../status.h"
#include "apply.h"
#include "evolve.h"
#include "observe.h"
#include "stationary.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* The Krylov solve takes some ten to hundreds of applications, by coupling and topology. */
static const double STATIONARY_APPLICATIONS = 100;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Applications of L between two samples `dt` apart; negative when memory is exhausted. */
static double interval_applications(const EpnetProblem *problem, const EpnetGenerator *g, double dt,
                                    EpnetSeries *series) {
    enum { X_TYPICAL = 1024 }; /* Lambda dt that Chebyshev steps grow to in most networks */
    const double x = g->exit_max * dt,
                 share = problem->tolerance * dt / problem->times[problem->time_count - 1] / 8;
    if (x == 0)
        return 0;
    switch (problem->method) {
    case EPNET_EULER:
        return dt / problem->dt;
    case EPNET_RK4:
        return 4 * dt / problem->dt;
    case EPNET_UNIFORMIZATION:
        return epnet_series_poisson(series, 1.05 * x, share, 1) ? (double)series->degree : -1;
    case EPNET_CHEBYSHEV:
        break;
    }
    const double steps = ceil(x / X_TYPICAL);
    if (!epnet_series_chebyshev(series, x / steps, share / steps, (size_t)problem->nodes))
        return -1;
    return steps * (double)series->degree;
}

/* Applications of L that the point needs in all; negative when memory is exhausted. */
static double count_applications(const EpnetProblem *problem, const EpnetGenerator *g) {
    EpnetSeries series = {0};
    double total =
        problem->kind == EPNET_STATIONARY || problem->initial == NULL ? STATIONARY_APPLICATIONS : 0;
    double time = 0, last_dt = -1, last_count = 0;
    for (size_t k = 0; k < problem->time_count && last_count >= 0; k++) {
        const double dt = problem->times[k] - time;
        if (dt > 0 && fabs(dt - last_dt) > 1e-9 * dt)
            last_count = interval_applications(problem, g, dt, &series);
        last_dt = dt;
        time = problem->times[k];
        total += (dt > 0 ? last_count : 0) + 1; /* and one for dp at the sample */
    }
    epnet_series_free(&series);
    return last_count < 0 ? -1 : total;
}

/* Mean seconds of one application and of one row of observables. */
static void time_kernels(EpnetObserver *observer, const EpnetGenerator *g, const double *p, double *dp,
                         double *row, double *apply_seconds, double *observe_seconds) {
    const double enough = 2e-3;
    int repeats = 0;
    double start = seconds_now(), elapsed;
    do {
        epnet_cpu_apply(g, p, dp);
        repeats++;
    } while ((elapsed = seconds_now() - start) < enough);
    *apply_seconds = elapsed / repeats;
    repeats = 0;
    start = seconds_now();
    do {
        epnet_observe(observer, g, p, dp, row);
        repeats++;
    } while ((elapsed = seconds_now() - start) < enough);
    *observe_seconds = elapsed / repeats;
}

bool epnet_cpu_estimate(const EpnetProblem *problem, const EpnetPoint *point, double *applications,
                        double *seconds) {
    const size_t states = (size_t)1 << problem->nodes;
    EpnetGenerator generator;
    EpnetObserver observer;
    double apply_seconds, observe_seconds;
    double *p = epnet_calloc(2 * states + epnet_row_width(problem->cut_count), sizeof *p);
    bool ok = epnet_generator_alloc(&generator, problem->nodes);
    ok = epnet_observer_alloc(&observer, problem) && ok && p != NULL;
    if (ok) {
        double start = seconds_now();
        epnet_generator_set(&generator, problem, point, NULL, true);
        *seconds = seconds_now() - start;
        for (size_t s = 0; s < states; s++)
            p[s] = 2 * (double)(s + 1) / ((double)states * (double)(states + 1));
        time_kernels(&observer, &generator, p, p + states, p + 2 * states, &apply_seconds, &observe_seconds);
        *applications = count_applications(problem, &generator);
        ok = *applications >= 0;
        /* Beside each application an integrator updates two vectors: about as much again at small N. */
        *seconds += 1.5 * *applications * apply_seconds +
                    (double)(problem->time_count > 0 ? problem->time_count : 1) * observe_seconds;
    }
    free(p);
    epnet_observer_free(&observer);
    epnet_generator_free(&generator);
    return ok;
}
