/* What the device says of the kernels as they are linked. The compiler speaks of each file alone, and gives a
 * kernel that calls another file's function too few registers: the linker gives it the most that any of its
 * callees takes. */
#ifndef EPNET_BENCH_GPU_KERNELS_CUDA_H
#define EPNET_BENCH_GPU_KERNELS_CUDA_H

#include "report.h"

/* Whether the program has machine code for the device, as far as its kernels are known by name; else why not.
 */
bool gpu_cuda_has_code(int device, char *reason, size_t size);

/* A line of the report for every kernel of the program: registers of a thread, bytes of its local memory
 * (stack and spills), and blocks that a multiprocessor holds at once, for the block and the dynamic shared
 * memory with which the backend laid it out last, else for the largest block that it can have. Lays out the
 * resident kernels. */
void gpu_cuda_kernels(GpuReport *report, int device);

#endif
