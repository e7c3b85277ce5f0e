/* The state of one trajectory, from sampled time to sampled time: the control of host/evolution.c, by a
 * group. What a vector costs is in polynomial.cuh; here every thread of the group takes the same decisions.
 */
#ifndef EPNET_KERNELS_EVOLVE_CUH
#define EPNET_KERNELS_EVOLVE_CUH

#include "polynomial_tiles.cuh"
#include "series.h"

enum { EPNET_SERIES_HEADER = 3, EPNET_FIXED_COEFFICIENTS = 5 };

/* Room that the series for steps of up to x take in scratch, header included: whatever the method, an
 * interval may be redone by uniformization. */
__host__ __device__ static inline uint64_t epnet_series_room(double x, uint32_t degree_min) {
    const double margin = 1 + 1e-9; /* x and its steps are rounded */
    const uint64_t chebyshev = epnet_chebyshev_length(margin * fmin(x, EPNET_CHEBYSHEV_X_MAX), degree_min),
                   poisson = epnet_poisson_length(
                       margin * EPNET_POISSON_RATE_MARGIN * fmin(x, EPNET_POISSON_X_MAX), degree_min);
    return EPNET_SERIES_HEADER + (chebyshev > poisson ? chebyshev : poisson);
}

/* A series in scratch, the same for every thread. */
struct EpnetDeviceSeries {
    bool chebyshev;
    double x, tolerance, tail;
    int degree, length;
    double *header, *c; /* header: degree, length, tail */
    int capacity;       /* of c */
};

struct EpnetDeviceEvolution {
    EpnetDeviceSeries series;
    int degree_min;
    const uint32_t *mask; /* states that can be occupied, NULL: all */
    EpnetChebyshevTry next_try;
    double error, rounding_square, time;
    uint32_t applications, next_look; /* of L; after how many the stop flag is looked at again */
    const volatile int *stop;
    bool stopped;
};

__device__ static inline bool epnet_is_member(const uint32_t *mask, uint32_t s) {
    return mask == NULL || (mask[s >> 5] >> (s & 31) & 1) != 0;
}

__device__ static inline void epnet_evolution_start(const EpnetDevicePoint &point, int series_length,
                                                    int degree_min, const uint32_t *mask,
                                                    const volatile int *stop, EpnetDeviceEvolution &ev) {
    ev.series.length = 0;
    ev.series.header = point.scratch + point.map.series;
    ev.series.c = ev.series.header + EPNET_SERIES_HEADER;
    ev.series.capacity = series_length - EPNET_SERIES_HEADER;
    ev.degree_min = degree_min;
    ev.mask = mask;
    ev.next_try = epnet_chebyshev_first();
    ev.error = 0;
    ev.rounding_square = 0;
    ev.time = 0;
    ev.applications = 0;
    ev.next_look = 0;
    ev.stop = stop;
    ev.stopped = false;
}

/* Have the coefficients for x. Sampled times are rounded, so equal intervals differ in x by up to `rounding`:
 * a series serves all of them. False if there is no room for the coefficients. */
__device__ static EPNET_NOINLINE bool epnet_series_prepare(const EpnetGroup &group, EpnetDeviceSeries &series,
                                                           bool chebyshev, double x, double rounding,
                                                           double tolerance, int degree_min) {
    if (series.length > 0 && series.chebyshev == chebyshev && fabs(series.x - x) <= rounding &&
        fabs(series.tolerance - tolerance) <= 1e-3 * tolerance)
        return true;
    const uint64_t length = chebyshev ? epnet_chebyshev_length(x, (uint64_t)degree_min)
                                      : epnet_poisson_length(x, (uint64_t)degree_min);
    if (length > (uint64_t)series.capacity)
        return false;
    epnet_group_sync(group); /* the coefficients before are read */
    if (group.rank == 0) {
        if (chebyshev)
            epnet_chebyshev_fill(x, length, series.c);
        else
            epnet_poisson_fill(x, length, series.c);
        series.header[0] = (double)epnet_series_truncate(series.c, length, tolerance, (uint64_t)degree_min,
                                                         &series.header[1]);
        series.header[2] = (double)length;
    }
    epnet_group_sync(group);
    series.chebyshev = chebyshev;
    series.x = x;
    series.tolerance = tolerance;
    series.degree = (int)series.header[0];
    series.tail = series.header[1];
    series.length = (int)series.header[2];
    return true;
}

/* What a polynomial left in dp becomes the state. */
__device__ static inline void epnet_accept(const EpnetGroup &group, int nodes,
                                           const EpnetDevicePoint &point) {
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size)
        point.p[s] = point.dp[s];
}

/* sum |p|: 1 of a law, NaN or infinite where a state is. */
__device__ static inline double epnet_state_norm(const EpnetGroup &group, int nodes, const double *p) {
    double norm = 0;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size)
        norm += fabs(p[s]);
    return epnet_group_sum(group, norm);
}

__device__ static inline bool epnet_reachable_positive(const EpnetGroup &group, int nodes,
                                                       const EpnetDevicePoint &point, const uint32_t *mask) {
    bool missing = false;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size)
        missing |= !(point.p[s] > 0) && epnet_is_member(mask, s);
    return !epnet_group_any(group, missing);
}

__device__ static inline bool epnet_any_negative(const EpnetGroup &group, int nodes,
                                                 const EpnetDevicePoint &point) {
    bool negative = false;
    for (uint32_t s = (uint32_t)group.rank; s < 1u << nodes; s += (uint32_t)group.size)
        negative |= point.p[s] < 0;
    return epnet_group_any(group, negative);
}

/* The work limit is met, or the run is to stop. The flag changes while the kernel runs, so that the group has
 * to agree on what it saw; every thousand applications is soon enough. */
__device__ static inline bool epnet_gives_up(const EpnetGroup &group, EpnetDeviceEvolution &ev) {
    if (ev.applications >= ev.next_look) {
        ev.next_look = ev.applications + 1000;
        ev.stopped = epnet_group_any(group, *ev.stop != 0);
    }
    return ev.stopped || ev.applications > EPNET_MAX_APPLICATIONS;
}

/* ---- uniformization -------------------------------------------------------------------------------------
 */

template <class S>
__device__ static EPNET_NOINLINE EpnetPointStatus epnet_poisson_advance(const EpnetGroup &group,
                                                                        const EpnetDevicePoint &point,
                                                                        EpnetDeviceEvolution &ev, double dt,
                                                                        double tolerance) {
    const double rate = EPNET_POISSON_RATE_MARGIN * point.exit_max;
    const double steps = ceil(point.exit_max * dt / EPNET_POISSON_X_MAX);
    for (double i = 0; i < steps; i++) {
        if (!epnet_series_prepare(group, ev.series, false, rate * dt / steps,
                                  4 * DBL_EPSILON * rate * ev.time, tolerance / steps / 2, ev.degree_min))
            return EPNET_POINT_OUT_OF_MEMORY;
        const EpnetPolynomial polynomial = {1, 1 / rate, false, ev.series.degree, ev.series.c};
        epnet_polynomial<S>(group, point, polynomial);
        epnet_accept(group, S::NODES, point);
        ev.error += 2 * ev.series.tail;
        ev.applications += (uint32_t)ev.series.degree;
        if (epnet_gives_up(group, ev))
            return EPNET_POINT_NOT_CONVERGED;
    }
    return EPNET_POINT_OK;
}

/* ---- Chebyshev
 * ---------------------------------------------------------------------------------------------- */

/* Try one step of `dt` with L1 error <= tolerance. False, with p untouched, if the vectors grew too much for
 * what was summed. */
template <class S>
__device__ static inline bool epnet_chebyshev_step(const EpnetGroup &group, const EpnetDevicePoint &point,
                                                   EpnetDeviceEvolution &ev, double x, double tolerance) {
    const EpnetPolynomial polynomial = {1, 1 / point.exit_max, true, ev.series.degree, ev.series.c};
    const double growth = epnet_polynomial<S>(group, point, polynomial);
    double tail, rounding;
    ev.applications += (uint32_t)ev.series.degree;
    epnet_chebyshev_error(ev.series.x, ev.series.c, (uint64_t)ev.series.length, (uint64_t)ev.series.degree,
                          growth, &tail, &rounding);
    if (!epnet_chebyshev_judge(&ev.next_try, x, tolerance, growth, tail, rounding))
        return false;
    epnet_accept(group, S::NODES, point);
    ev.error += tail;
    ev.rounding_square += rounding * rounding;
    return true;
}

template <class S>
__device__ static inline EpnetPointStatus
epnet_chebyshev_advance(const EpnetGroup &group, const EpnetDevicePoint &point, EpnetDeviceEvolution &ev,
                        double dt, double tolerance) {
    if (point.exit_max * dt < EPNET_CHEBYSHEV_X_LEAST)
        return epnet_poisson_advance<S>(group, point, ev, dt, tolerance);
    double done = 0; /* fraction of dt */
    while (done < 1) {
        const double rest = (1 - done) * dt,
                     steps = fmax(1.0, ceil(point.exit_max * rest / ev.next_try.x_cap));
        const double step = rest / steps, share = tolerance * step / dt, x = point.exit_max * step;
        if (!epnet_series_prepare(group, ev.series, true, x, 4 * DBL_EPSILON * point.exit_max * ev.time,
                                  share / ev.next_try.margin, ev.degree_min))
            return EPNET_POINT_OUT_OF_MEMORY;
        if (epnet_chebyshev_step<S>(group, point, ev, x, share))
            done = steps > 1 ? done + step / dt : 1;
        if (epnet_gives_up(group, ev))
            return EPNET_POINT_NOT_CONVERGED;
    }
    return EPNET_POINT_OK;
}

/* ---- fixed steps
 * ---------------------------------------------------------------------------------------------- */

/* Whole steps of forward Euler (degree 1) or RK4, on a linear equation the Taylor polynomial of degree 4.
 * Euler ends early on a step that leaves the probabilities, for the caller to find. */
template <class S>
__device__ static EPNET_NOINLINE void
epnet_fixed_advance(const EpnetGroup &group, const EpnetDevicePoint &point, EpnetDeviceEvolution &ev,
                    double dt, bool euler, uint64_t steps) {
    const double taylor[EPNET_FIXED_COEFFICIENTS] = {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24};
    epnet_group_sync(group);
    if (group.rank == 0) {
        for (int k = 0; k < EPNET_FIXED_COEFFICIENTS; k++)
            ev.series.c[k] = taylor[k];
    }
    ev.series.length = 0; /* its coefficients are gone */
    epnet_group_sync(group);
    const EpnetPolynomial polynomial = {0, dt, false, euler ? 1 : 4, ev.series.c};
    for (uint64_t n = 0; n < steps && !epnet_gives_up(group, ev); n++) {
        if (euler && epnet_any_negative(group, S::NODES, point))
            return;
        epnet_polynomial<S>(group, point, polynomial);
        epnet_accept(group, S::NODES, point);
        ev.applications += (uint32_t)polynomial.degree;
    }
}

/* ---- from sample to sample
 * -------------------------------------------------------------------------------------- */

/* Redo the interval since the sample before by uniformization, which is positive. */
template <class S>
__device__ static EPNET_NOINLINE EpnetPointStatus epnet_recompute(const EpnetGroup &group,
                                                                  const EpnetDevicePoint &point,
                                                                  EpnetDeviceEvolution &ev, double dt,
                                                                  double tolerance) {
    for (uint32_t s = (uint32_t)group.rank; s < 1u << S::NODES; s += (uint32_t)group.size)
        point.p[s] = point.scratch[point.map.previous + s];
    const EpnetPointStatus status = epnet_poisson_advance<S>(group, point, ev, dt, tolerance);
    if (status == EPNET_POINT_OK && !epnet_reachable_positive(group, S::NODES, point, ev.mask))
        return EPNET_POINT_NOT_POSITIVE;
    return status;
}

/* Advance to sampled time `sample`. Ends without a barrier: the caller synchronises before others read p. */
template <class S>
__device__ static inline EpnetPointStatus
epnet_evolution_advance(const EpnetGroup &group, const EpnetCudaProblem &problem,
                        const EpnetDevicePoint &point, EpnetDeviceEvolution &ev, int sample) {
    const double dt = problem.times[sample] - ev.time;
    ev.time = problem.times[sample];
    if (!(dt > 0) || point.exit_max == 0)
        return EPNET_POINT_OK;
    /* exp(tL) contracts the L1 norm, so errors of intervals add at most: each gets its share, half in all. */
    const double share = 0.5 * problem.tolerance * dt / problem.times[problem.time_count - 1];
    for (uint32_t s = (uint32_t)group.rank; s < 1u << S::NODES; s += (uint32_t)group.size)
        point.scratch[point.map.previous + s] = point.p[s];
    const bool fixed = problem.method == EPNET_EULER || problem.method == EPNET_RK4;
    EpnetPointStatus status = EPNET_POINT_OK;
    if (fixed)
        epnet_fixed_advance<S>(group, point, ev, problem.dt, problem.method == EPNET_EULER,
                               problem.steps[sample] - (sample > 0 ? problem.steps[sample - 1] : 0));
    else if (problem.method == EPNET_CHEBYSHEV)
        status = epnet_chebyshev_advance<S>(group, point, ev, dt, share);
    else
        status = epnet_poisson_advance<S>(group, point, ev, dt, share);
    if (status != EPNET_POINT_OK)
        return status;
    if (epnet_gives_up(group, ev))
        return EPNET_POINT_NOT_CONVERGED;
    if (!isfinite(epnet_state_norm(group, S::NODES, point.p)))
        return EPNET_POINT_NOT_FINITE;
    /* Euler's states are the paper's recipe itself, empty ones included; an unstable RK4 is not worth
     * mending. */
    const bool repair = problem.method != EPNET_EULER &&
                        !(problem.method == EPNET_RK4 && point.exit_max * problem.dt > EPNET_RK4_X_STABLE);
    if (repair && !epnet_reachable_positive(group, S::NODES, point, ev.mask))
        status = epnet_recompute<S>(group, point, ev, dt, share);
    else if (!repair && epnet_any_negative(group, S::NODES, point))
        status = EPNET_POINT_NOT_POSITIVE;
    /* Rounding of independent steps and applications adds like a random walk. */
    const double per_application = 2 * DBL_EPSILON;
    const double rounding = sqrt(ev.rounding_square + per_application * per_application * ev.applications);
    if (status == EPNET_POINT_OK && !fixed && ev.error + rounding > problem.tolerance)
        status = EPNET_POINT_INACCURATE;
    return status;
}

#endif
