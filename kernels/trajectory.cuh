/* Whole trajectories of up to 16 nodes: one group of threads takes a point from the queue and keeps it from
 * the first sampled time to the last; only rows of observables leave the chip.
 *
 * Invariants: every thread of a group takes the same decisions (they follow from group sums); a point's bytes
 * depend on nothing but the point, so neither on the batch nor on which group takes it.
 *
 * The kernels of small networks are compiled apart, with fewer registers (trajectory_small*.cu): a kernel
 * takes as many as the greediest function that it calls, and those that are not inlined know nothing of its
 * bounds. */
#ifndef EPNET_KERNELS_TRAJECTORY_CUH
#define EPNET_KERNELS_TRAJECTORY_CUH

#include "evolve.cuh"
#include "observe_stored.cuh"

typedef void (*EpnetTrajectoryKernel)(EpnetCudaLayout, EpnetCudaProblem, EpnetCudaBatch, double *);
typedef void (*EpnetApplyKernel)(EpnetCudaLayout, EpnetCudaProblem, EpnetCudaBatch, double *, const double *,
                                 double *);

/* The kernels for a number of nodes, and how a group of them is made up (shape.cuh). */
struct EpnetTrajectoryShape {
    int thread_bits, exchange;
    EpnetTrajectoryKernel trajectory;
    EpnetApplyKernel apply;
};

EpnetTrajectoryShape epnet_trajectory_shape_1();
EpnetTrajectoryShape epnet_trajectory_shape_2();
EpnetTrajectoryShape epnet_trajectory_shape_3();
EpnetTrajectoryShape epnet_trajectory_shape_4();

/* ---- one point
 * ---------------------------------------------------------------------------------------------- */

__device__ static inline void epnet_update_extreme(double *extremes, int at, double sign, double value,
                                                   double time) {
    if (isnan(extremes[at + 1]) || sign * value > sign * extremes[at]) {
        extremes[at] = value;
        extremes[at + 1] = time;
    }
}

__device__ static inline void epnet_update_extremes(double *extremes, const double *row, double time) {
    const double rate = row[EPNET_MULTIINFORMATION_RATE];
    epnet_update_extreme(extremes, EPNET_MULTIINFORMATION_MAX, 1, row[EPNET_MULTIINFORMATION], time);
    epnet_update_extreme(extremes, EPNET_MULTIINFORMATION_RATE_MAX, 1, rate, time);
    epnet_update_extreme(extremes, EPNET_NETWORK_BOUND_MARGIN_MIN, -1, row[EPNET_ENTROPY_PRODUCTION] - rate,
                         time);
}

/* As epnet_observe_changes(), by the application of the time loop, which costs several times less. It finds
 * the rates of the channels in shared memory. */
template <class S>
__device__ static inline void epnet_changes_by_time_loop(const EpnetGroup &group,
                                                         const EpnetCudaProblem &problem,
                                                         const EpnetDevicePoint &point) {
    const EpnetPolynomial once = {0, 1, false, 1, point.scratch + point.map.once};
    const auto show = [&](const double *high) {
        epnet_group_sync(group); /* those before are read */
        for (int i = group.rank; i < 2 * S::NODES * point.tables.high_pitch; i += group.size)
            point.high[i] = high[i];
        epnet_group_sync(group);
    };
    for (int cut = 0; cut < problem.cut_count; cut++) {
        double *const memory = epnet_cut_memory(point, cut);
        EpnetDevicePoint crossing = point;
        crossing.tables = epnet_cut_tables(point, cut);
        crossing.map.exit = (size_t)(memory - point.scratch) + point.map.cut_exit;
        crossing.dp = memory + point.map.cut_change;
        show(memory + point.map.cut_high);
        epnet_polynomial<S>(group, crossing, once);
    }
    if (problem.cut_count > 0)
        show(point.scratch + point.map.high_copy);
    epnet_polynomial<S>(group, point, once);
}

/* Observe the state: its row, and the sums that it is checked with. */
template <class S>
__device__ static inline EpnetLawSums epnet_observe_state(const EpnetGroup &group,
                                                          const EpnetCudaProblem &problem,
                                                          const EpnetDevicePoint &point, double *row) {
    EpnetLawSums law;
    if constexpr (S::NODES <= 8) {
        if (epnet_observe_stored<S>(group, problem, point, row, &law))
            return law;
        epnet_observe_changes(group, problem, point);
    } else {
        epnet_changes_by_time_loop<S>(group, problem, point);
    }
    return epnet_observe(group, problem, point, row);
}

/* The row of the state at `time`: observed, checked, kept. `steps` that led to it: as in invariant.h. */
template <class S>
__device__ static EPNET_NOINLINE EpnetPointStatus epnet_sample(const EpnetGroup &any_group,
                                                               const EpnetCudaProblem &problem,
                                                               const EpnetDevicePoint &point, double time,
                                                               double steps, double *last, double *extremes,
                                                               double *kept) {
    const EpnetGroup group = epnet_group_of<S>(any_group); /* for what is inlined */
    epnet_group_sync(group);                               /* the state is there for all */
    const EpnetLawSums law = epnet_observe_state<S>(any_group, problem, point, last);
    if (problem.method == EPNET_EULER) {
        const double rate = epnet_observe_euler_rate(any_group, problem, point, last[EPNET_MULTIINFORMATION]);
        if (isnan(rate))
            return EPNET_POINT_NOT_POSITIVE;
        if (group.rank == 0)
            last[EPNET_MULTIINFORMATION_RATE_EULER] = rate;
        epnet_group_sync(group);
    }
    const EpnetPointStatus status = epnet_check_row(group, problem, law, last, steps);
    if (status != EPNET_POINT_OK)
        return status;
    if (group.rank == 0)
        epnet_update_extremes(extremes, last, time);
    for (int c = group.rank; kept != NULL && c < problem.width; c += group.size)
        kept[c] = last[c];
    epnet_group_sync(group);
    return EPNET_POINT_OK;
}

template <class S>
__device__ static inline EpnetPointStatus
epnet_trajectory_solve(const EpnetGroup &group, const EpnetCudaProblem &problem, const EpnetCudaBatch &batch,
                       uint32_t k, int series_length, EpnetDevicePoint &point) {
    const size_t states = (size_t)1 << S::NODES, width = (size_t)problem.width;
    double *const last = batch.last + k * width, *const extremes =
                                                     batch.extremes + (size_t)k * EPNET_EXTREMES;
    const double *const initial = problem.initial != NULL ? problem.initial : batch.law + k * states;
    const uint32_t *const mask =
        batch.mask != NULL && batch.mask[k] >= 0 ? batch.masks + (size_t)batch.mask[k] : NULL;
    if (problem.initial == NULL && batch.status[k] != EPNET_POINT_OK)
        return (EpnetPointStatus)batch.status[k]; /* of the stationary law */
    EpnetDeviceEvolution ev;
    epnet_point_setup(group, problem, batch, k, point);
    epnet_evolution_start(point, series_length, (int)batch.degree_min[k], mask, batch.stop, ev);
    for (uint32_t s = (uint32_t)group.rank; s < states; s += (uint32_t)group.size)
        point.p[s] = initial[s];
    for (int i = group.rank; i < EPNET_EXTREMES; i += group.size)
        extremes[i] = NAN;
    epnet_group_sync(group);
    EpnetPointStatus status = EPNET_POINT_OK;
    for (int sample = 0; sample < problem.time_count && status == EPNET_POINT_OK; sample++) {
        if (epnet_group_any(group, *batch.stop != 0))
            return EPNET_POINT_NOT_CONVERGED; /* an interrupted batch is discarded */
        status = epnet_evolution_advance<S>(group, problem, point, ev, sample);
        if (status == EPNET_POINT_OK)
            status = epnet_sample<S>(
                group, problem, point, problem.times[sample],
                (double)ev.applications + point.exit_max * problem.times[sample], last, extremes,
                batch.trajectory == NULL
                    ? NULL
                    : batch.trajectory + (k * (size_t)problem.time_count + (size_t)sample) * width);
        if (batch.information != NULL && group.rank == 0)
            batch.information[k * (size_t)problem.time_count + (size_t)sample] = last[EPNET_MULTIINFORMATION];
    }
    for (uint32_t s = (uint32_t)group.rank; problem.leak.kind == EPNET_LEAK_QUENCH && s < states;
         s += (uint32_t)group.size)
        batch.law[k * states + s] = point.p[s];
    return status;
}

/* A failed point has its status, and NaN in all its columns. */
__device__ static inline void epnet_trajectory_finish(const EpnetGroup &group,
                                                      const EpnetCudaProblem &problem,
                                                      const EpnetCudaBatch &batch, uint32_t k,
                                                      EpnetPointStatus status) {
    const size_t width = (size_t)problem.width, times = (size_t)problem.time_count;
    epnet_group_sync(group);
    if (group.rank == 0)
        batch.status[k] = (int)status;
    if (status == EPNET_POINT_OK)
        return;
    epnet_fill_nan(group, batch.last + k * width, width);
    epnet_fill_nan(group, batch.extremes + (size_t)k * EPNET_EXTREMES, EPNET_EXTREMES);
    if (batch.trajectory != NULL)
        epnet_fill_nan(group, batch.trajectory + k * times * width, times * width);
}

/* ---- kernel
 * ---------------------------------------------------------------------------------------------------- */

template <class S>
__global__ void __launch_bounds__(epnet_block_threads(S::THREAD_BITS))
    trajectory_kernel(EpnetCudaLayout layout, EpnetCudaProblem problem, EpnetCudaBatch batch,
                      double *scratch) {
    EPNET_DYNAMIC_SHARED(double, shared);
    EpnetDevicePoint point;
    uint32_t *next;
    const EpnetGroup group = epnet_resident_group(layout, problem, 1 << S::THREAD_BITS, S::THREAD_BITS,
                                                  shared, scratch, &point, &next);
    for (;;) {
        const uint32_t at = epnet_take_point(group, batch, next);
        if (at >= (uint32_t)batch.count)
            return;
        const uint32_t k = batch.order[at];
        const EpnetPointStatus status =
            epnet_trajectory_solve<S>(group, problem, batch, k, layout.series_length, point);
        epnet_trajectory_finish(group, problem, batch, k, status);
    }
}

/* One application of L to `from`, by the loop that trajectories run. */
template <class S>
__global__ void __launch_bounds__(epnet_block_threads(S::THREAD_BITS))
    apply_kernel(EpnetCudaLayout layout, EpnetCudaProblem problem, EpnetCudaBatch batch, double *scratch,
                 const double *from, double *to) {
    EPNET_DYNAMIC_SHARED(double, shared);
    EpnetDevicePoint point;
    uint32_t *next;
    const EpnetGroup group = epnet_resident_group(layout, problem, 1 << S::THREAD_BITS, S::THREAD_BITS,
                                                  shared, scratch, &point, &next);
    if (epnet_take_point(group, batch, next) >= (uint32_t)batch.count)
        return;
    epnet_point_setup(group, problem, batch, 0, point);
    for (uint32_t s = (uint32_t)group.rank; s < 1u << S::NODES; s += (uint32_t)group.size)
        point.p[s] = from[s];
    epnet_group_sync(group);
    const EpnetPolynomial once = {0, 1, false, 1, point.scratch + point.map.once};
    epnet_polynomial<S>(group, point, once);
    for (uint32_t s = (uint32_t)group.rank; s < 1u << S::NODES; s += (uint32_t)group.size)
        to[s] = point.dp[s];
}

template <int R, int T, int B> static EpnetTrajectoryShape epnet_trajectory_shape() {
    typedef EpnetShape<R, T, B> S;
    return {T, S::EXCHANGE, trajectory_kernel<S>, apply_kernel<S>};
}

#endif
