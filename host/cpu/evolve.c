/* dp/dt = pL between sampled times: forward Euler (the paper's), RK4, Chebyshev, uniformization. */
#include "evolve.h"

#include "../status.h"
#include "apply.h"
#include "reach.h"
#include "vector.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below this Lambda dt a power series is as short, and the recurrence for the Chebyshev coefficients
 * overflows. */
static const double CHEBYSHEV_X_LEAST = 1e-3;
/* Largest Lambda dt of one step. Chebyshev's cost grows like its square root where the spectrum is nearly
 * real, so long steps pay; uniformization's grows in proportion, so they do not matter. */
static const double CHEBYSHEV_X_FIRST = 64, CHEBYSHEV_X_MAX = 65536, POISSON_X_MAX = 4096;
/* Uniformization beyond the largest exit rate keeps 1 - exit/rate well above rounding: all terms positive. */
static const double POISSON_RATE_MARGIN = 1.05;
/* RK4 is stable on a real spectrum in [-2 Lambda, 0] up to this Lambda dt. */
static const double RK4_X_STABLE = 1.3926;

bool epnet_evolution_alloc(EpnetEvolution *ev, const EpnetProblem *problem) {
    size_t states = (size_t)1 << problem->nodes;
    memset(ev, 0, sizeof *ev);
    ev->problem = problem;
    ev->p = epnet_calloc(6 * states, sizeof(double));
    if (ev->p == NULL)
        return false;
    ev->previous = ev->p + states;
    for (size_t i = 0; i < 4; i++)
        ev->work[i] = ev->p + (2 + i) * states;
    return true;
}

void epnet_evolution_free(EpnetEvolution *ev) {
    free(ev->p);
    free(ev->reached_storage);
    free(ev->queue);
    epnet_series_free(&ev->chebyshev);
    epnet_series_free(&ev->poisson);
    memset(ev, 0, sizeof *ev);
}

static EpnetPointStatus find_reachable(EpnetEvolution *ev) {
    ev->reached = NULL;
    ev->degree_min = (size_t)ev->problem->nodes;
    if (!ev->generator->has_zero_rates)
        return EPNET_POINT_OK;
    size_t states = ev->generator->states;
    if (ev->queue == NULL) {
        ev->reached_storage = epnet_calloc(states, 1);
        ev->queue = epnet_calloc(states, sizeof *ev->queue);
        if (ev->reached_storage == NULL || ev->queue == NULL)
            return EPNET_POINT_OUT_OF_MEMORY;
    }
    ev->reached = ev->reached_storage;
    size_t depth = epnet_reach_forward(ev->generator, ev->p, ev->reached, ev->queue);
    ev->degree_min = depth > ev->degree_min ? depth : ev->degree_min;
    return EPNET_POINT_OK;
}

EpnetPointStatus epnet_evolution_start(EpnetEvolution *ev, const EpnetGenerator *generator,
                                       const double *p0) {
    ev->generator = generator;
    ev->x_cap = CHEBYSHEV_X_FIRST;
    ev->x_ceiling = CHEBYSHEV_X_MAX;
    ev->margin = 4;
    ev->error = 0;
    ev->rounding_square = 0;
    ev->applications = 0;
    ev->time = 0;
    memcpy(ev->p, p0, generator->states * sizeof *p0);
    return find_reachable(ev);
}

/* q = pL, counted. */
static void apply(EpnetEvolution *ev, const double *p, double *q) {
    epnet_cpu_apply(ev->generator, p, q);
    ev->applications++;
}

/* The work limit is met, or the run is to stop: what is in the vectors is not to be used. */
static bool gives_up(const EpnetEvolution *ev) {
    return ev->applications > EPNET_MAX_APPLICATIONS || (ev->stop != NULL && *ev->stop);
}

/* ---- uniformization ---------------------------------------------------------------------------------- */

/* One step of `dt` with L1 truncation error <= tolerance; positive for any positive p. */
static EpnetPointStatus poisson_step(EpnetEvolution *ev, double dt, double tolerance) {
    const size_t states = ev->generator->states;
    const double rate = POISSON_RATE_MARGIN * ev->generator->exit_max;
    double *v = ev->work[0], *q = ev->work[1], *sum = ev->work[2];
    if (!epnet_series_poisson(&ev->poisson, rate * dt, tolerance / 2, ev->degree_min))
        return EPNET_POINT_OUT_OF_MEMORY;
    memcpy(v, ev->p, states * sizeof *v);
    for (size_t s = 0; s < states; s++)
        sum[s] = ev->poisson.c[0] * v[s];
    for (size_t k = 1; k <= ev->poisson.degree && !gives_up(ev); k++) {
        const double weight = ev->poisson.c[k], scale = 1 / rate;
        apply(ev, v, q);
        for (size_t s = 0; s < states; s++) {
            v[s] += q[s] * scale;
            sum[s] += weight * v[s];
        }
    }
    memcpy(ev->p, sum, states * sizeof *sum);
    ev->error += 2 * ev->poisson.tail;
    return gives_up(ev) ? EPNET_POINT_NOT_CONVERGED : EPNET_POINT_OK;
}

static EpnetPointStatus poisson_advance(EpnetEvolution *ev, double dt, double tolerance) {
    double steps = ceil(ev->generator->exit_max * dt / POISSON_X_MAX);
    EpnetPointStatus status = EPNET_POINT_OK;
    for (double i = 0; i < steps && status == EPNET_POINT_OK; i++)
        status = poisson_step(ev, dt / steps, tolerance / steps);
    return status;
}

/* ---- Chebyshev --------------------------------------------------------------------------------------- */

/* Sum of the series into work[3], p untouched. Returns the larger norm of its last two vectors, which shows
 * whether they grow (a spectrum that leaves the real axis). */
static double chebyshev_sum(EpnetEvolution *ev) {
    const size_t states = ev->generator->states;
    const EpnetSeries *series = &ev->chebyshev;
    const double scale = 1 / ev->generator->exit_max;
    double *before = ev->work[0], *now = ev->work[1], *q = ev->work[2], *sum = ev->work[3];
    memcpy(before, ev->p, states * sizeof *before);
    apply(ev, before, q);
    for (size_t s = 0; s < states; s++) {
        now[s] = before[s] + q[s] * scale;
        sum[s] = series->c[0] * before[s] + series->c[1] * now[s];
    }
    for (size_t k = 2; k <= series->degree && !gives_up(ev); k++) {
        const double c = series->c[k];
        apply(ev, now, q);
        for (size_t s = 0; s < states; s++) {
            before[s] = 2 * (now[s] + q[s] * scale) - before[s];
            sum[s] += c * before[s];
        }
        double *swap = before;
        before = now;
        now = swap;
    }
    return fmax(epnet_norm1(states, now), epnet_norm1(states, before));
}

/* Try one step of `dt` with L1 error <= tolerance. Returns false, with smaller x_cap or larger margin for the
 * next try and p untouched, if the norms grew too much for what was summed. */
static bool chebyshev_step(EpnetEvolution *ev, double dt, double tolerance) {
    const double x = ev->generator->exit_max * dt;
    const double growth = chebyshev_sum(ev);
    double tail, rounding;
    epnet_series_chebyshev_error(&ev->chebyshev, growth, &tail, &rounding);
    if (!(rounding <= fmax(tolerance, 64 * DBL_EPSILON))) {
        ev->x_cap = ev->x_ceiling = x / 2;
        return false;
    }
    if (!(tail <= tolerance)) {
        if (growth * 2 > ev->margin)
            ev->margin = growth * 8;
        else
            ev->x_cap = ev->x_ceiling = x / 2;
        return false;
    }
    memcpy(ev->p, ev->work[3], ev->generator->states * sizeof *ev->p);
    ev->error += tail;
    ev->rounding_square += rounding * rounding;
    if (x > 0.9 * ev->x_cap)
        ev->x_cap = fmin(2 * ev->x_cap, ev->x_ceiling);
    return true;
}

static EpnetPointStatus chebyshev_advance(EpnetEvolution *ev, double dt, double tolerance) {
    if (ev->generator->exit_max * dt < CHEBYSHEV_X_LEAST)
        return poisson_advance(ev, dt, tolerance);
    double done = 0; /* fraction of dt */
    while (done < 1) {
        const double rest = (1 - done) * dt;
        const double steps = fmax(1, ceil(ev->generator->exit_max * rest / ev->x_cap));
        const double step = rest / steps, share = tolerance * step / dt;
        if (!epnet_series_chebyshev(&ev->chebyshev, ev->generator->exit_max * step, share / ev->margin,
                                    ev->degree_min))
            return EPNET_POINT_OUT_OF_MEMORY;
        if (chebyshev_step(ev, step, share))
            done = steps > 1 ? done + step / dt : 1;
        if (gives_up(ev))
            return EPNET_POINT_NOT_CONVERGED;
    }
    return EPNET_POINT_OK;
}

/* ---- fixed steps ------------------------------------------------------------------------------------- */

static bool any_negative(const EpnetEvolution *ev) {
    for (size_t s = 0; s < ev->generator->states; s++) {
        if (ev->p[s] < 0)
            return true;
    }
    return false;
}

/* Ends early on a step that leaves the probabilities, for the caller to find. */
static void euler_advance(EpnetEvolution *ev, uint64_t steps) {
    const size_t states = ev->generator->states;
    const double dt = ev->problem->dt;
    double *q = ev->work[0];
    for (uint64_t n = 0; n < steps && !gives_up(ev) && !any_negative(ev); n++) {
        apply(ev, ev->p, q);
        for (size_t s = 0; s < states; s++)
            ev->p[s] += dt * q[s];
    }
}

/* RK4 on a linear equation is the Taylor polynomial of degree 4, by Horner's rule. */
static void rk4_advance(EpnetEvolution *ev, uint64_t steps) {
    const size_t states = ev->generator->states;
    double *stage = ev->work[0], *q = ev->work[1];
    for (uint64_t n = 0; n < steps && !gives_up(ev); n++) {
        memcpy(stage, ev->p, states * sizeof *stage);
        for (int order = 4; order >= 1; order--) {
            const double h = ev->problem->dt / order;
            apply(ev, stage, q);
            for (size_t s = 0; s < states; s++)
                stage[s] = ev->p[s] + h * q[s];
        }
        memcpy(ev->p, stage, states * sizeof *stage);
    }
}

/* ---- from sample to sample --------------------------------------------------------------------------- */

static bool reachable_positive(const EpnetEvolution *ev) {
    for (size_t s = 0; s < ev->generator->states; s++) {
        if (!(ev->p[s] > 0) && (ev->reached == NULL || ev->reached[s]))
            return false;
    }
    return true;
}

/* Redo the interval since the sample before by uniformization, which is positive. */
static EpnetPointStatus recompute(EpnetEvolution *ev, double dt, double tolerance) {
    memcpy(ev->p, ev->previous, ev->generator->states * sizeof *ev->p);
    EpnetPointStatus status = poisson_advance(ev, dt, tolerance);
    if (status == EPNET_POINT_OK && !reachable_positive(ev))
        status = EPNET_POINT_NOT_POSITIVE;
    return status;
}

static bool error_controlled(const EpnetEvolution *ev) {
    return ev->problem->method == EPNET_CHEBYSHEV || ev->problem->method == EPNET_UNIFORMIZATION;
}

EpnetPointStatus epnet_evolution_advance(EpnetEvolution *ev, size_t sample) {
    const EpnetProblem *problem = ev->problem;
    const double dt = problem->times[sample] - ev->time;
    ev->time = problem->times[sample];
    if (!(dt > 0) || ev->generator->exit_max == 0)
        return EPNET_POINT_OK;
    /* exp(tL) contracts the L1 norm, so errors of intervals add at most: each gets its share, half in all. */
    const double share = 0.5 * problem->tolerance * dt / problem->times[problem->time_count - 1];
    const uint64_t steps =
        problem->steps == NULL ? 0 : problem->steps[sample] - (sample > 0 ? problem->steps[sample - 1] : 0);
    memcpy(ev->previous, ev->p, ev->generator->states * sizeof *ev->p);
    EpnetPointStatus status = EPNET_POINT_OK;
    bool repair = true;
    switch (problem->method) {
    case EPNET_EULER:
        euler_advance(ev, steps);
        repair = false; /* its states are the paper's recipe itself, empty ones included */
        break;
    case EPNET_RK4:
        rk4_advance(ev, steps);
        repair =
            ev->generator->exit_max * problem->dt <= RK4_X_STABLE; /* an unstable run is not worth mending */
        break;
    case EPNET_CHEBYSHEV:
        status = chebyshev_advance(ev, dt, share);
        break;
    case EPNET_UNIFORMIZATION:
        status = poisson_advance(ev, dt, share);
        break;
    }
    if (status != EPNET_POINT_OK)
        return status;
    if (gives_up(ev))
        return EPNET_POINT_NOT_CONVERGED;
    if (!isfinite(epnet_norm1(ev->generator->states, ev->p)))
        return EPNET_POINT_NOT_FINITE;
    if (repair && !reachable_positive(ev))
        status = recompute(ev, dt, share);
    else if (!repair && any_negative(ev))
        status = EPNET_POINT_NOT_POSITIVE;
    /* Rounding of independent steps and applications adds like a random walk. */
    const double per_application = 2 * DBL_EPSILON;
    const double rounding =
        sqrt(ev->rounding_square + per_application * per_application * (double)ev->applications);
    if (status == EPNET_POINT_OK && error_controlled(ev) && ev->error + rounding > problem->tolerance)
        status = EPNET_POINT_INACCURATE;
    return status;
}
