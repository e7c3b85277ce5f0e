/* dp/dt = pL between sampled times: forward Euler (the paper's), RK4, Chebyshev, uniformization. */
#include "evolution.h"

#include <float.h>
#include <math.h>

static EpnetPointStatus find_reachable(EpnetEvolution *ev) {
    ev->reached = NULL;
    ev->degree_min = (size_t)ev->space.nodes;
    if (!ev->space.has_zero_rates)
        return EPNET_POINT_OK;
    size_t depth;
    EpnetPointStatus status = ev->space.operations->reach(ev->space.engine, ev->p, &ev->reached, &depth);
    if (status == EPNET_POINT_OK && depth > ev->degree_min)
        ev->degree_min = depth;
    return status;
}

EpnetPointStatus epnet_evolution_begin(EpnetEvolution *ev) {
    ev->next_try = epnet_chebyshev_first();
    ev->error = 0;
    ev->rounding_square = 0;
    ev->applications = 0;
    ev->time = 0;
    return find_reachable(ev);
}

/* An application of L, counted. */
static void take_step(EpnetEvolution *ev, const EpnetSpaceStep *step) {
    ev->space.operations->step(ev->space.engine, step);
    ev->applications++;
}

static void copy(EpnetEvolution *ev, double *to, const double *from) {
    ev->space.operations->copy(ev->space.engine, to, from);
}

static double norm1(const EpnetEvolution *ev, const double *v) {
    return ev->space.operations->norm1(ev->space.engine, v);
}

static void swap(double **a, double **b) {
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* The work limit is met, or the run is to stop: what is in the vectors is not to be used. */
static bool gives_up(const EpnetEvolution *ev) {
    return ev->applications > EPNET_MAX_APPLICATIONS || (ev->stop != NULL && *ev->stop) ||
           epnet_space_failed(&ev->space);
}

/* The terms of a series that application k adds to its sum, `in` being vector k - 1 and `out` vector k: two
 * in every second application, and what is left in the last: it is read and written half as often. */
static void add_terms(const EpnetSeries *series, size_t k, double *sum, EpnetSpaceStep *step) {
    const bool two = k % 2 == 1;
    if (!two && k < series->degree)
        return;
    step->sum = sum;
    step->sum_factor = k > 1;
    step->out_weight = series->c[k];
    step->in_weight = two ? series->c[k - 1] : 0;
}

/* ---- uniformization ---------------------------------------------------------------------------------- */

/* One step of `dt` with L1 truncation error <= tolerance; positive for any positive p. */
static EpnetPointStatus poisson_step(EpnetEvolution *ev, double dt, double tolerance) {
    const double rate = EPNET_POISSON_RATE_MARGIN * ev->space.exit_max;
    double *out = ev->work[0], *next = ev->work[1], *sum = ev->work[2];
    const double *in = ev->p;
    if (!epnet_series_poisson(&ev->poisson, rate * dt, tolerance / 2, ev->degree_min))
        return EPNET_POINT_OUT_OF_MEMORY;
    for (size_t k = 1; k <= ev->poisson.degree && !gives_up(ev); k++) {
        EpnetSpaceStep step = {.in = in, .out = out, .in_factor = 1, .rate_factor = 1 / rate};
        add_terms(&ev->poisson, k, sum, &step);
        take_step(ev, &step);
        in = out;
        swap(&out, &next);
    }
    swap(&ev->p, &ev->work[2]);
    ev->error += 2 * ev->poisson.tail;
    return gives_up(ev) ? EPNET_POINT_NOT_CONVERGED : EPNET_POINT_OK;
}

static EpnetPointStatus poisson_advance(EpnetEvolution *ev, double dt, double tolerance) {
    double steps = ceil(ev->space.exit_max * dt / EPNET_POISSON_X_MAX);
    EpnetPointStatus status = EPNET_POINT_OK;
    for (double i = 0; i < steps && status == EPNET_POINT_OK; i++)
        status = poisson_step(ev, dt / steps, tolerance / steps);
    return status;
}

/* ---- Chebyshev --------------------------------------------------------------------------------------- */

/* Sum of the series into work[2], p untouched. Returns the larger norm of its last two vectors, which shows
 * whether they grow (a spectrum that leaves the real axis). */
static double chebyshev_sum(EpnetEvolution *ev) {
    const EpnetSeries *series = &ev->chebyshev;
    const double scale = 1 / ev->space.exit_max;
    double *sum = ev->work[2];
    const double *before = ev->p, *now = ev->work[0];
    EpnetSpaceStep begin = {.in = before, .out = ev->work[0], .in_factor = 1, .rate_factor = scale};
    add_terms(series, 1, sum, &begin);
    take_step(ev, &begin);
    for (size_t k = 2; k <= series->degree && !gives_up(ev); k++) {
        double *next = ev->work[(k + 1) % 2]; /* that of `before`, once p is not needed any more */
        EpnetSpaceStep step = {.in = now,
                               .out = next,
                               .in_factor = 2,
                               .rate_factor = 2 * scale,
                               .addend = before,
                               .addend_factor = -1};
        add_terms(series, k, sum, &step);
        take_step(ev, &step);
        before = now;
        now = next;
    }
    return fmax(norm1(ev, now), norm1(ev, before));
}

/* Try one step of `dt` with L1 error <= tolerance. Returns false, with p untouched, if the norms grew too
 * much for what was summed. */
static bool chebyshev_step(EpnetEvolution *ev, double dt, double tolerance) {
    const double x = ev->space.exit_max * dt;
    const double growth = chebyshev_sum(ev);
    double tail, rounding;
    epnet_series_chebyshev_error(&ev->chebyshev, growth, &tail, &rounding);
    if (!epnet_chebyshev_judge(&ev->next_try, x, tolerance, growth, tail, rounding))
        return false;
    swap(&ev->p, &ev->work[2]);
    ev->error += tail;
    ev->rounding_square += rounding * rounding;
    return true;
}

static EpnetPointStatus chebyshev_advance(EpnetEvolution *ev, double dt, double tolerance) {
    if (ev->space.exit_max * dt < EPNET_CHEBYSHEV_X_LEAST)
        return poisson_advance(ev, dt, tolerance);
    double done = 0; /* fraction of dt */
    while (done < 1) {
        const double rest = (1 - done) * dt;
        const double steps = fmax(1, ceil(ev->space.exit_max * rest / ev->next_try.x_cap));
        const double step = rest / steps, share = tolerance * step / dt;
        if (!epnet_series_chebyshev(&ev->chebyshev, ev->space.exit_max * step, share / ev->next_try.margin,
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
    return ev->space.operations->least(ev->space.engine, ev->p, NULL) < 0;
}

/* Ends early on a step that leaves the probabilities, for the caller to find. */
static void euler_advance(EpnetEvolution *ev, uint64_t steps) {
    for (uint64_t n = 0; n < steps && !gives_up(ev) && !any_negative(ev); n++) {
        const EpnetSpaceStep step = {
            .in = ev->p, .out = ev->work[0], .in_factor = 1, .rate_factor = ev->problem->dt};
        take_step(ev, &step);
        swap(&ev->p, &ev->work[0]);
    }
}

/* RK4 on a linear equation is the Taylor polynomial of degree 4, by Horner's rule. */
static void rk4_advance(EpnetEvolution *ev, uint64_t steps) {
    for (uint64_t n = 0; n < steps && !gives_up(ev); n++) {
        const double *stage = ev->p;
        for (int order = 4; order >= 1; order--) {
            double *next = ev->work[order % 2];
            const EpnetSpaceStep step = {.in = stage,
                                         .out = next,
                                         .rate_factor = ev->problem->dt / order,
                                         .addend = ev->p,
                                         .addend_factor = 1};
            take_step(ev, &step);
            stage = next;
        }
        swap(&ev->p, &ev->work[1]);
    }
}

/* ---- from sample to sample --------------------------------------------------------------------------- */

static bool reachable_positive(const EpnetEvolution *ev) {
    return ev->space.operations->least(ev->space.engine, ev->p, ev->reached) > 0;
}

/* Redo the interval since the sample before by uniformization, which is positive. */
static EpnetPointStatus recompute(EpnetEvolution *ev, double dt, double tolerance) {
    copy(ev, ev->p, ev->previous);
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
    if (gives_up(ev)) /* what the space says of its generator may be no number */
        return EPNET_POINT_NOT_CONVERGED;
    if (!(dt > 0) || ev->space.exit_max == 0)
        return EPNET_POINT_OK;
    /* exp(tL) contracts the L1 norm, so errors of intervals add at most: each gets its share, half in all. */
    const double share = 0.5 * problem->tolerance * dt / problem->times[problem->time_count - 1];
    const uint64_t steps =
        problem->steps == NULL ? 0 : problem->steps[sample] - (sample > 0 ? problem->steps[sample - 1] : 0);
    copy(ev, ev->previous, ev->p);
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
            ev->space.exit_max * problem->dt <= EPNET_RK4_X_STABLE; /* an unstable run is not worth mending */
        break;
    case EPNET_CHEBYSHEV:
        status = chebyshev_advance(ev, dt, share);
        break;
    case EPNET_UNIFORMIZATION:
        status = poisson_advance(ev, dt, share);
        break;
    case EPNET_SPLIT: /* has one vector alone: host/cpu/split.h */
        return EPNET_POINT_NOT_CONVERGED;
    }
    if (status != EPNET_POINT_OK)
        return status;
    if (gives_up(ev))
        return EPNET_POINT_NOT_CONVERGED;
    if (!isfinite(norm1(ev, ev->p)))
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
