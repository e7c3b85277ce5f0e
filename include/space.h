/* The vectors that a solver works on, where an engine keeps them: 2^nodes entries each, in host or in device
 * memory, under one generator L. The time steps (host/evolution.h) and the stationary law (host/relaxation.h)
 * are written once, in terms of these operations; host/cpu/cpu_space.h and kernels/cuda_stream_space.h
 * implement them. Pointers to vectors are the engine's: only its operations look inside. */
#ifndef EPNET_SPACE_H
#define EPNET_SPACE_H

#include "backend.h"

/* One application of L with the update around it:
 *   out = in_factor in + rate_factor inL + addend_factor addend
 *   sum = sum_factor sum + out_weight out + in_weight in
 * `in` differs from out and sum; `addend` may be `out`. addend NULL: none; sum NULL: no sum; a sum_factor of
 * 0 means that sum is not read. */
typedef struct EpnetSpaceStep {
    const double *in, *addend;
    double *out, *sum;
    double in_factor, rate_factor, addend_factor;
    double sum_factor, out_weight, in_weight;
} EpnetSpaceStep;

/* Sums are taken in an order of the engine's that never changes. */
typedef struct EpnetSpaceOperations {
    void (*step)(void *engine, const EpnetSpaceStep *step);
    void (*copy)(void *engine, double *to, const double *from);
    /* out = a x + b y; y NULL: out = a x. `out` may be x or y. */
    void (*combine)(void *engine, double *out, double a, const double *x, double b, const double *y);
    /* out = value on the states in `mask` (NULL: all), 0 elsewhere. */
    void (*fill)(void *engine, double *out, double value, const unsigned char *mask);
    /* out = v exit, or v / exit with 0 where exit is 0. `out` may be v. */
    void (*multiply_exit)(void *engine, double *out, const double *v);
    void (*divide_exit)(void *engine, double *out, const double *v);
    double (*sum)(void *engine, const double *v);
    double (*norm1)(void *engine, const double *v); /* sum of |v| */
    double (*dot)(void *engine, const double *a, const double *b);
    /* Smallest entry over the states in `mask` (NULL: all); NaN if one of them is. */
    double (*least)(void *engine, const double *v, const unsigned char *mask);
    /* One sweep that replaces entries <= 0 of the states in `mask` (NULL: all) by the balance of their
     * neighbours, inflow / exit. Overwrites `scratch`. */
    void (*mend)(void *engine, double *p, double *scratch, const unsigned char *mask);
    /* For generators with zero rates (host/cpu/reach.h): the states that can be reached from p and the flips
     * that the farthest needs, or the unique closed class and its size. The mask is the engine's, and holds
     * until the next of these calls. A status other than EPNET_POINT_OK: out of memory, or not unique. */
    EpnetPointStatus (*reach)(void *engine, const double *p, const unsigned char **mask, size_t *depth);
    EpnetPointStatus (*closed_class)(void *engine, const unsigned char **mask, size_t *count);
    /* The engine has failed: nothing more is computed, and sums are NaN. NULL: it cannot. */
    bool (*failed)(void *engine);
} EpnetSpaceOperations;

typedef struct EpnetSpace {
    const EpnetSpaceOperations *operations;
    void *engine; /* first argument of every operation */
    int nodes;
    size_t states;
    const double *exit;  /* exit rates, a vector of the engine's [1/s] */
    double exit_max;     /* Lambda, the largest [1/s] */
    bool has_zero_rates; /* some transition is impossible, or its rate underflows */
} EpnetSpace;

static inline bool epnet_space_failed(const EpnetSpace *space) {
    return space->operations->failed != NULL && space->operations->failed(space->engine);
}

#endif
