#include "cpu_space.h"

#include "../status.h"
#include "apply.h"
#include "instruction_levels.h"
#include "reach.h"
#include "vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

EpnetCpuSpace *epnet_cpu_space_new(int nodes, size_t count) {
    EpnetCpuSpace *cpu = epnet_calloc(1, sizeof *cpu);
    if (cpu == NULL)
        return NULL;
    cpu->states = (size_t)1 << nodes;
    cpu->vectors = epnet_calloc((count + 1) * cpu->states, sizeof(double));
    if (cpu->vectors == NULL) {
        free(cpu);
        return NULL;
    }
    cpu->image = cpu->vectors + count * cpu->states;
    return cpu;
}

void epnet_cpu_space_free(EpnetCpuSpace *cpu) {
    if (cpu == NULL)
        return;
    free(cpu->vectors);
    free(cpu->mask);
    free(cpu->queue);
    free(cpu);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

EPNET_INSTRUCTION_LEVELS(static, void, update,
                         (size_t n, double a, const double *restrict in, double b,
                          const double *restrict image, double *restrict out),
                         (n, a, in, b, image, out)) {
    for (size_t s = 0; s < n; s++)
        out[s] = a * in[s] + b * image[s];
}

EPNET_INSTRUCTION_LEVELS(static, void, update_own,
                         (size_t n, double a, const double *restrict in, double b,
                          const double *restrict image, double c, double *restrict out),
                         (n, a, in, b, image, c, out)) {
    for (size_t s = 0; s < n; s++)
        out[s] = a * in[s] + b * image[s] + c * out[s];
}

EPNET_INSTRUCTION_LEVELS(static, void, add_scaled,
                         (size_t n, double *restrict a, double f, const double *restrict b), (n, a, f, b)) {
    for (size_t s = 0; s < n; s++)
        a[s] += f * b[s];
}

/* The step of the Chebyshev recurrence, in one sweep: out = a in + b image + c out, sum += w out. */
EPNET_INSTRUCTION_LEVELS(static, void, recur,
                         (size_t n, double a, const double *restrict in, double b,
                          const double *restrict image, double c, double *restrict out, double w,
                          double *restrict sum),
                         (n, a, in, b, image, c, out, w, sum)) {
    for (size_t s = 0; s < n; s++) {
        out[s] = a * in[s] + b * image[s] + c * out[s];
        sum[s] += w * out[s];
    }
}

static void cpu_step(void *engine, const EpnetSpaceStep *step) {
    EpnetCpuSpace *cpu = engine;
    const size_t n = cpu->states;
    if (step->in_factor == 0 && step->rate_factor == 1 && step->addend == NULL) {
        epnet_cpu_apply(cpu->generator, step->in, step->out);
    } else {
        epnet_cpu_apply(cpu->generator, step->in, cpu->image);
        if (step->addend == step->out && step->sum != NULL && step->sum_factor == 1 && step->in_weight == 0) {
            recur(n, step->in_factor, step->in, step->rate_factor, cpu->image, step->addend_factor, step->out,
                  step->out_weight, step->sum);
            return;
        }
        if (step->addend == step->out) {
            update_own(n, step->in_factor, step->in, step->rate_factor, cpu->image, step->addend_factor,
                       step->out);
        } else {
            update(n, step->in_factor, step->in, step->rate_factor, cpu->image, step->out);
            if (step->addend != NULL)
                add_scaled(n, step->out, step->addend_factor, step->addend);
        }
    }
    if (step->sum == NULL)
        return;
    if (step->sum_factor == 0)
        update(n, step->in_weight, step->in, step->out_weight, step->out, step->sum);
    else if (step->sum_factor == 1 && step->in_weight == 0)
        add_scaled(n, step->sum, step->out_weight, step->out);
    else
        update_own(n, step->in_weight, step->in, step->out_weight, step->out, step->sum_factor, step->sum);
}

/* ---- vectors ----------------------------------------------------------------------------------------- */

static void cpu_copy(void *engine, double *to, const double *from) {
    memcpy(to, from, ((EpnetCpuSpace *)engine)->states * sizeof *to);
}

EPNET_INSTRUCTION_LEVELS(static, void, combine_own,
                         (size_t n, double *out, double a, double b, const double *restrict y),
                         (n, out, a, b, y)) {
    for (size_t s = 0; s < n; s++)
        out[s] = a * out[s] + b * y[s];
}

static void cpu_combine(void *engine, double *out, double a, const double *x, double b, const double *y) {
    const size_t n = ((EpnetCpuSpace *)engine)->states;
    if (y == NULL) {
        for (size_t s = 0; s < n; s++)
            out[s] = a * x[s];
    } else if (out == x) {
        combine_own(n, out, a, b, y);
    } else if (out == y) {
        combine_own(n, out, b, a, x);
    } else {
        update(n, a, x, b, y, out);
    }
}

static void cpu_fill(void *engine, double *out, double value, const unsigned char *mask) {
    for (size_t s = 0; s < ((EpnetCpuSpace *)engine)->states; s++)
        out[s] = mask == NULL || mask[s] ? value : 0;
}

EPNET_INSTRUCTION_LEVELS(static, void, cpu_multiply_exit, (void *engine, double *out, const double *v),
                         (engine, out, v)) {
    const EpnetGenerator *g = ((EpnetCpuSpace *)engine)->generator;
    for (size_t s = 0; s < g->states; s++)
        out[s] = v[s] * g->exit[s];
}

EPNET_INSTRUCTION_LEVELS(static, void, cpu_divide_exit, (void *engine, double *out, const double *v),
                         (engine, out, v)) {
    const EpnetGenerator *g = ((EpnetCpuSpace *)engine)->generator;
    for (size_t s = 0; s < g->states; s++)
        out[s] = g->exit[s] > 0 ? v[s] / g->exit[s] : 0;
}

static double cpu_sum(void *engine, const double *v) {
    return epnet_sum(((EpnetCpuSpace *)engine)->states, v);
}

static double cpu_norm1(void *engine, const double *v) {
    return epnet_norm1(((EpnetCpuSpace *)engine)->states, v);
}

static double cpu_dot(void *engine, const double *a, const double *b) {
    return epnet_dot(((EpnetCpuSpace *)engine)->states, a, b);
}

static double cpu_least(void *engine, const double *v, const unsigned char *mask) {
    double least = INFINITY;
    for (size_t s = 0; s < ((EpnetCpuSpace *)engine)->states; s++) {
        if (mask != NULL && !mask[s])
            continue;
        if (isnan(v[s]))
            return v[s];
        least = v[s] < least ? v[s] : least;
    }
    return least;
}

/* In place and in the order of states: a mended entry serves the next. */
static void cpu_mend(void *engine, double *p, double *scratch, const unsigned char *mask) {
    (void)scratch;
    const EpnetGenerator *g = ((EpnetCpuSpace *)engine)->generator;
    for (size_t s = 0; s < g->states; s++) {
        if (p[s] > 0 || (mask != NULL && !mask[s]))
            continue;
        double inflow = 0;
        for (int j = 0; j < g->nodes; j++)
            inflow += epnet_generator_rate(g, j, epnet_flip(s, j)) * fmax(p[epnet_flip(s, j)], 0);
        p[s] = inflow / g->exit[s];
    }
}

/* ---- generators with zero rates ---------------------------------------------------------------------- */

static bool search_alloc(EpnetCpuSpace *cpu) {
    if (cpu->mask == NULL)
        cpu->mask = epnet_calloc(cpu->states, 1);
    if (cpu->queue == NULL)
        cpu->queue = epnet_calloc(cpu->states, sizeof *cpu->queue);
    return cpu->mask != NULL && cpu->queue != NULL;
}

static EpnetPointStatus cpu_reach(void *engine, const double *p, const unsigned char **mask, size_t *depth) {
    EpnetCpuSpace *cpu = engine;
    if (!search_alloc(cpu))
        return EPNET_POINT_OUT_OF_MEMORY;
    *depth = epnet_reach_forward(cpu->generator, p, cpu->mask, cpu->queue);
    *mask = cpu->mask;
    return EPNET_POINT_OK;
}

static EpnetPointStatus cpu_closed_class(void *engine, const unsigned char **mask, size_t *count) {
    EpnetCpuSpace *cpu = engine;
    if (!search_alloc(cpu))
        return EPNET_POINT_OUT_OF_MEMORY;
    *mask = cpu->mask;
    return epnet_reach_closed_class(cpu->generator, cpu->mask, count, cpu->queue) ? EPNET_POINT_OK
                                                                                  : EPNET_POINT_NOT_UNIQUE;
}

static const EpnetSpaceOperations operations = {
    .step = cpu_step,
    .copy = cpu_copy,
    .combine = cpu_combine,
    .fill = cpu_fill,
    .multiply_exit = cpu_multiply_exit,
    .divide_exit = cpu_divide_exit,
    .sum = cpu_sum,
    .norm1 = cpu_norm1,
    .dot = cpu_dot,
    .least = cpu_least,
    .mend = cpu_mend,
    .reach = cpu_reach,
    .closed_class = cpu_closed_class,
};

EpnetSpace epnet_cpu_space(EpnetCpuSpace *cpu, const EpnetGenerator *generator) {
    cpu->generator = generator;
    return (EpnetSpace){
        .operations = &operations,
        .engine = cpu,
        .nodes = generator->nodes,
        .states = generator->states,
        .exit = generator->exit,
        .exit_max = generator->exit_max,
        .has_zero_rates = generator->has_zero_rates,
    };
}
