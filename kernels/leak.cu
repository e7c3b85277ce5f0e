/* The leak of every point of a batch, up to 16 nodes: the information of a quench at the times of its window,
 * or the samples of a trajectory's decay, then a straight line and its bootstrap. The rules are those of
 * include/leak.h, the steps those of host/leak_fit.c and host/cpu/quench.c.
 *
 * Invariants: those of the trajectory kernels (trajectory.cuh). A replicate of the bootstrap is one thread's,
 * with the draws and the order of the CPU; order statistics are selected, not sorted for. */
#include "resident.cuh"

#include <cstring>

/* Of a group, behind the arrays of its point (point.cuh). */
struct EpnetLeakMemory {
    double *t, *y; /* what is fitted; then centred times and residuals */
    double *replicates;
};

__host__ __device__ static inline size_t epnet_leak_capacity(const EpnetLeakSettings &leak, int time_count) {
    const size_t times = (size_t)time_count;
    return leak.samples > times ? leak.samples : times;
}

/* ---- quench -------------------------------------------------------------------------------------------- */

/* The state p0 after a time t without copies into point.p, two nodes at a pass. Ends with the group in step.
 */
__device__ static void epnet_quench_relax(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                          const EpnetDevicePoint &point, const double *flip_up,
                                          const double *flip_down, const double *p0, double t) {
    for (int i = 0; i < problem.nodes; i += 2) {
        const bool paired = i + 1 < problem.nodes;
        const double *const from = i == 0 ? p0 : point.p;
        double up, down, next_up = 0, next_down = 0;
        epnet_quench_transitions(flip_up[i], flip_down[i], t, &up, &down);
        if (paired)
            epnet_quench_transitions(flip_up[i + 1], flip_down[i + 1], t, &next_up, &next_down);
        const uint32_t bit = 1u << i, sets = 1u << (problem.nodes - (paired ? 2 : 1));
        for (uint32_t k = (uint32_t)group.rank; k < sets; k += (uint32_t)group.size) {
            const uint32_t low = k & (bit - 1), s = (paired ? (k ^ low) << 2 : (k ^ low) << 1) | low;
            const double a = from[s], b = from[s + bit];
            const double c = paired ? from[s + 2 * bit] : 0, d = paired ? from[s + 3 * bit] : 0;
            const double a_next = (1 - up) * a + down * b, b_next = up * a + (1 - down) * b,
                         c_next = (1 - up) * c + down * d, d_next = up * c + (1 - down) * d;
            point.p[s] = (1 - next_up) * a_next + next_down * c_next;
            point.p[s + bit] = (1 - next_up) * b_next + next_down * d_next;
            if (paired) {
                point.p[s + 2 * bit] = next_up * a_next + (1 - next_down) * c_next;
                point.p[s + 3 * bit] = next_up * b_next + (1 - next_down) * d_next;
            }
        }
        epnet_group_sync(group);
    }
}

/* A point whose copies are switched off. */
struct EpnetDeviceQuench {
    const EpnetGroup &group;
    const EpnetCudaProblem &problem;
    const EpnetDevicePoint &point;
    const volatile int *stop;
    const double *flip_up, *flip_down, *p0;

    /* Multiinformation after a time t, the same for all threads; NaN when the batch is to stop. */
    __device__ double information(double t) const {
        if (epnet_group_any(group, *stop != 0))
            return NAN;
        epnet_quench_relax(group, problem, point, flip_up, flip_down, p0, t);
        return epnet_observe_information(group, problem, point, point.p);
    }

    /* The time at which it has fallen to a level, negative if it does not. */
    __device__ double time_of(double level, double start) const {
        EpnetLevelSearch search = epnet_level_begin(start);
        while (!search.done)
            epnet_level_answer(&search, information(search.at) > level);
        return epnet_level_time(&search);
    }
};

/* Samples ln I in the window; false if there is nothing to fit. */
__device__ static bool epnet_quench_sample(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                           const EpnetDeviceQuench &quench, const EpnetLeakMemory &memory) {
    const EpnetLeakSettings &leak = problem.leak;
    const double error = problem.time_count > 0 ? problem.tolerance : 0;
    double fastest = 0;
    for (int i = 0; i < problem.nodes; i++)
        fastest = fmax(fastest, quench.flip_up[i] + quench.flip_down[i]);
    const double initial = quench.information(0);
    if (!epnet_quench_has_signal(problem.nodes, initial, leak.window[1],
                                 epnet_quench_noise(problem.nodes, error)) ||
        !(fastest > 0))
        return false;
    const double start = 0.1 / fastest;
    const double first = quench.time_of(leak.window[0] * initial, start);
    const double last = quench.time_of(leak.window[1] * initial, start);
    if (!(first >= 0) || !(last > first))
        return false;
    for (size_t k = 0; k < leak.samples; k++) {
        const double t = epnet_quench_time(first, last, k, leak.samples);
        const double information = quench.information(t);
        if (group.rank == 0) {
            memory.t[k] = t;
            memory.y[k] = log(information);
        }
    }
    return true;
}

/* ---- decay --------------------------------------------------------------------------------------------- */

/* Picks the samples of point `slot` to fit; how many, 0 if there is nothing to fit. */
__device__ static size_t epnet_decay_sample(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                            const EpnetCudaBatch &batch, uint32_t slot,
                                            const EpnetLeakMemory &memory) {
    const size_t times = (size_t)problem.time_count;
    size_t used = 0;
    if (group.rank == 0)
        used = epnet_decay_select(times, problem.times, batch.information + slot * times, batch.limit[slot],
                                  problem.leak.window, epnet_decay_noise(problem.nodes, problem.tolerance),
                                  memory.t, memory.y);
    return (size_t)epnet_group_sum(group, (double)used);
}

/* ---- fit ----------------------------------------------------------------------------------------------- */

/* A number that orders as the value does. */
__device__ static inline uint64_t epnet_order_key(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t sign = (uint64_t)1 << 63;
    return (bits & sign) != 0 ? ~bits : bits | sign;
}

__device__ static inline double epnet_value_of_key(uint64_t key) {
    const uint64_t sign = (uint64_t)1 << 63, bits = (key & sign) != 0 ? key ^ sign : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Number `place` of the n values in rising order, from 0: its key bit by bit from the highest, each by the
 * count of those that agree so far and have a 0 there. */
__device__ static double epnet_order_statistic(const EpnetGroup &group, size_t n, const double *values,
                                               size_t place) {
    uint64_t key = 0;
    double before = (double)place;
    for (int bit = 63; bit >= 0; bit--) {
        double zeros = 0;
        for (size_t i = (size_t)group.rank; i < n; i += (size_t)group.size)
            zeros += (epnet_order_key(values[i]) ^ key) >> bit == 0 ? 1 : 0;
        zeros = epnet_group_sum(group, zeros);
        if (before >= zeros) {
            before -= zeros;
            key |= (uint64_t)1 << bit;
        }
    }
    return epnet_value_of_key(key);
}

/* The one that follows number `place`, which is `value`; itself behind the last. */
__device__ static double epnet_next_statistic(const EpnetGroup &group, size_t n, const double *values,
                                              size_t place, double value) {
    double up_to = 0, negative_least = -INFINITY;
    for (size_t i = (size_t)group.rank; i < n; i += (size_t)group.size) {
        if (values[i] <= value)
            up_to += 1;
        else
            negative_least = fmax(negative_least, -values[i]);
    }
    up_to = epnet_group_sum(group, up_to);
    negative_least = epnet_group_maximum(group, negative_least);
    return up_to > (double)(place + 1) || up_to >= (double)n ? value : -negative_least;
}

/* The q-quantile, linear between order statistics. */
__device__ static double epnet_quantile(const EpnetGroup &group, size_t n, const double *values, double q) {
    size_t below;
    const double part = epnet_leak_quantile_place(n, q, &below);
    const double value = epnet_order_statistic(group, n, values, below);
    return value + part * (epnet_next_statistic(group, n, values, below, value) - value);
}

/* The line through n points in memory, which it overwrites, and its interval: leak, low, high. False: the
 * batch is to stop. */
__device__ static bool epnet_fit(const EpnetGroup &group, const EpnetLeakSettings &leak,
                                 const volatile int *stop, size_t n, const EpnetLeakMemory &memory,
                                 EpnetLeakFit *fit) {
    const size_t rank = (size_t)group.rank, size = (size_t)group.size;
    double means[2] = {0, 0}, moments[2] = {0, 0};
    for (size_t k = rank; k < n; k += size) {
        means[0] += memory.t[k] / (double)n;
        means[1] += memory.y[k] / (double)n;
    }
    epnet_group_sums(group, means);
    for (size_t k = rank; k < n; k += size) {
        memory.t[k] -= means[0];
        memory.y[k] -= means[1];
        moments[0] += memory.t[k] * memory.t[k];
        moments[1] += memory.t[k] * memory.y[k];
    }
    epnet_group_sums(group, moments);
    const double slope = moments[1] / moments[0];
    for (size_t k = rank; k < n; k += size)
        memory.y[k] -= slope * memory.t[k];
    epnet_group_sync(group);
    for (size_t b = rank; b < leak.bootstrap && *stop == 0; b += size)
        memory.replicates[b] = slope + epnet_leak_replicate(leak.seed, b, n, memory.t, memory.y) / moments[0];
    if (epnet_group_any(group, *stop != 0))
        return false;
    const double high = epnet_quantile(group, leak.bootstrap, memory.replicates, 0.975),
                 low = epnet_quantile(group, leak.bootstrap, memory.replicates, 0.025);
    if (group.rank == 0)
        *fit = {-slope, -high, -low};
    return true;
}

/* ---- kernel -------------------------------------------------------------------------------------------- */

__device__ static EpnetPointStatus epnet_leak_solve(const EpnetGroup &group, const EpnetCudaProblem &problem,
                                                    const EpnetCudaBatch &batch, uint32_t slot,
                                                    const EpnetDevicePoint &point,
                                                    const EpnetLeakMemory &memory) {
    const size_t nodes = (size_t)problem.nodes;
    size_t count = problem.leak.samples;
    if (problem.leak.kind == EPNET_LEAK_DECAY) {
        count = epnet_decay_sample(group, problem, batch, slot, memory);
    } else {
        const double *const flips = batch.parameters + slot * (2 * nodes + 2 * (size_t)problem.edge_count);
        const EpnetDeviceQuench quench = {
            group, problem, point, batch.stop, flips, flips + nodes, batch.law + ((size_t)slot << nodes)};
        if (!epnet_quench_sample(group, problem, quench, memory))
            count = 0;
    }
    if (count == 0)
        return EPNET_POINT_NO_DECAY;
    epnet_group_sync(group); /* the samples are there for all */
    for (size_t k = (size_t)group.rank; batch.leak_curve != NULL && k < count; k += (size_t)group.size) {
        batch.leak_curve[k] = memory.t[k];
        batch.leak_curve[count + k] = memory.y[k];
    }
    return epnet_fit(group, problem.leak, batch.stop, count, memory, &batch.leak[slot])
               ? EPNET_POINT_OK
               : EPNET_POINT_NOT_CONVERGED;
}

__global__ void __launch_bounds__(512)
    leak_kernel(EpnetCudaLayout layout, int thread_bits, EpnetCudaProblem problem, EpnetCudaBatch batch,
                double *scratch) {
    EPNET_DYNAMIC_SHARED(double, shared);
    EpnetDevicePoint point;
    uint32_t *next;
    const EpnetGroup group =
        epnet_resident_group(layout, problem, 1 << thread_bits, thread_bits, shared, scratch, &point, &next);
    const size_t capacity = epnet_leak_capacity(problem.leak, problem.time_count);
    EpnetLeakMemory memory;
    memory.t = point.scratch + (layout.scratch_per_group - 2 * capacity - problem.leak.bootstrap);
    memory.y = memory.t + capacity;
    memory.replicates = memory.y + capacity;
    for (;;) {
        const uint32_t at = epnet_take_point(group, batch, next);
        if (at >= (uint32_t)batch.count)
            return;
        const uint32_t slot = batch.order[at];
        if (batch.status[slot] != EPNET_POINT_OK)
            continue;
        EpnetPointStatus status = EPNET_POINT_NOT_CONVERGED; /* an interrupted batch is discarded */
        if (!epnet_group_any(group, *batch.stop != 0))
            status = epnet_leak_solve(group, problem, batch, slot, point, memory);
        if (group.rank == 0)
            batch.status[slot] = (int)status;
    }
}

/* ---- launcher ------------------------------------------------------------------------------------------ */

/* Replicates may be many: fewer blocks work at once rather than take more memory than this. */
static const size_t scratch_most = (size_t)1 << 31;

extern "C" cudaError_t epnet_cuda_leak_layout(const EpnetProblem *problem, EpnetCudaLayout *layout) {
    const cudaError_t error = epnet_resident_layout(problem, (const void *)leak_kernel,
                                                    epnet_whole_group_bits(problem->nodes), 0, 0, layout);
    if (error != cudaSuccess)
        return error;
    layout->scratch_per_group +=
        2 * epnet_leak_capacity(problem->leak, (int)problem->time_count) + problem->leak.bootstrap;
    const size_t block = layout->scratch_per_group * (size_t)layout->groups * sizeof(double),
                 blocks = scratch_most / block > 0 ? scratch_most / block : 1;
    layout->blocks = (size_t)layout->blocks < blocks ? layout->blocks : (int)blocks;
    return cudaSuccess;
}

extern "C" cudaError_t epnet_cuda_leak(const EpnetCudaLayout *layout, const EpnetCudaProblem *problem,
                                       const EpnetCudaBatch *batch, double *scratch, cudaStream_t stream) {
    EPNET_LAUNCH(leak_kernel, layout->blocks, layout->threads, layout->shared_bytes, stream, *layout,
                 epnet_whole_group_bits(problem->nodes), *problem, *batch, scratch);
    return cudaGetLastError();
}
