/* What the hardware allows, for reading the measurements. Figures of an H200 by its data sheet (132
 * multiprocessors, 34 TFLOP/s in double precision, 4.8 TB/s), computed from compiled machine code of a
 * resident time loop: the exchange of values between lanes, not the arithmetic, sets them up to N = 13.
 * Computed, not measured. */
#ifndef EPNET_BENCH_GPU_BOUNDS_H
#define EPNET_BENCH_GPU_BOUNDS_H

/* Applications of L x points per second at most: N = 5 .. 13 by exchange, N = 14 .. 16 by the bytes below;
 * NaN: no bound has been worked out. */
double gpu_bound_steps(int nodes);

/* Bytes that an application of L must move at N >= 14, where the states lie in the device's memory: every
 * probability read and written once. */
double gpu_bound_bytes(int nodes);

#endif
