#include "cpu_space.h"

#include "../status.h"
#include "apply.h"
#include "instruction_levels.h"
#include "reach.h"
#include "tiles.h"
#include "vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

EpnetCpuSpace *epnet_cpu_space_new(int nodes, size_t count) {
    EpnetCpuSpace *cpu = epnet_calloc(1, sizeof *cpu);
    if (cpu == NULL)
        return NULL;
    cpu->states = (size_t)1 << nodes;
    cpu->vectors = epnet_vector_new(count * cpu->states);
    if (cpu->vectors == NULL) {
        free(cpu);
        return NULL;
    }
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

/* ---- loops over tiles ---------------------------------------------------------------------------------- */

/* What a loop works on; out may be one of the others. */
typedef struct Vectors {
    double *out;
    const double *x, *y;
    double a, b;
    const unsigned char *mask;
} Vectors;

EPNET_INSTRUCTION_LEVELS(static, void, scale, (double *out, double a, const double *x, size_t i, size_t end),
                         (out, a, x, i, end)) {
#pragma GCC ivdep
    for (; i < end; i++)
        out[i] = a * x[i];
}

EPNET_INSTRUCTION_LEVELS(static, void, add_two,
                         (double *out, double a, const double *x, double b, const double *y, size_t i,
                          size_t end),
                         (out, a, x, b, y, i, end)) {
#pragma GCC ivdep
    for (; i < end; i++)
        out[i] = a * x[i] + b * y[i];
}

EPNET_INSTRUCTION_LEVELS(static, void, multiply,
                         (double *out, const double *x, const double *y, size_t i, size_t end),
                         (out, x, y, i, end)) {
#pragma GCC ivdep
    for (; i < end; i++)
        out[i] = x[i] * y[i];
}

EPNET_INSTRUCTION_LEVELS(static, void, divide,
                         (double *out, const double *x, const double *y, size_t i, size_t end),
                         (out, x, y, i, end)) {
#pragma GCC ivdep
    for (; i < end; i++)
        out[i] = y[i] > 0 ? x[i] / y[i] : 0;
}

/* out = a x + b y, or a x alone. */
static void combine_tiles(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    if (v->y != NULL)
        add_two(v->out, v->a, v->x, v->b, v->y, first, end);
    else
        scale(v->out, v->a, v->x, first, end);
}

static void multiply_tiles(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    multiply(v->out, v->x, v->y, first, end);
}

static void divide_tiles(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    divide(v->out, v->x, v->y, first, end);
}

static void copy_tiles(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    memcpy(v->out + first, v->x + first, (end - first) * sizeof *v->out);
}

static void fill_tiles(void *context, size_t first, size_t end) {
    const Vectors *v = context;
    for (size_t s = first; s < end; s++)
        v->out[s] = v->mask == NULL || v->mask[s] ? v->a : 0;
}

static EpnetTeam *team_of(const EpnetCpuSpace *cpu) {
    return cpu->generator->team;
}

/* ---- steps --------------------------------------------------------------------------------------------- */

static void cpu_step(void *engine, const EpnetSpaceStep *step) {
    epnet_cpu_step(((EpnetCpuSpace *)engine)->generator, step);
}

/* ---- vectors ------------------------------------------------------------------------------------------- */

static void cpu_copy(void *engine, double *to, const double *from) {
    EpnetCpuSpace *cpu = engine;
    Vectors vectors = {.out = to, .x = from};
    epnet_tiles(team_of(cpu), cpu->states, copy_tiles, &vectors);
}

static void cpu_combine(void *engine, double *out, double a, const double *x, double b, const double *y) {
    EpnetCpuSpace *cpu = engine;
    Vectors vectors = {.out = out, .a = a, .x = x, .b = b, .y = y};
    epnet_tiles(team_of(cpu), cpu->states, combine_tiles, &vectors);
}

static void cpu_fill(void *engine, double *out, double value, const unsigned char *mask) {
    EpnetCpuSpace *cpu = engine;
    Vectors vectors = {.out = out, .a = value, .mask = mask};
    epnet_tiles(team_of(cpu), cpu->states, fill_tiles, &vectors);
}

static void cpu_multiply_exit(void *engine, double *out, const double *v) {
    EpnetCpuSpace *cpu = engine;
    Vectors vectors = {.out = out, .x = v, .y = cpu->generator->exit};
    epnet_tiles(team_of(cpu), cpu->states, multiply_tiles, &vectors);
}

static void cpu_divide_exit(void *engine, double *out, const double *v) {
    EpnetCpuSpace *cpu = engine;
    Vectors vectors = {.out = out, .x = v, .y = cpu->generator->exit};
    epnet_tiles(team_of(cpu), cpu->states, divide_tiles, &vectors);
}

static double cpu_sum(void *engine, const double *v) {
    EpnetCpuSpace *cpu = engine;
    return epnet_sum(team_of(cpu), cpu->states, v);
}

static double cpu_norm1(void *engine, const double *v) {
    EpnetCpuSpace *cpu = engine;
    return epnet_norm1(team_of(cpu), cpu->states, v);
}

static double cpu_dot(void *engine, const double *a, const double *b) {
    EpnetCpuSpace *cpu = engine;
    return epnet_dot(team_of(cpu), cpu->states, a, b);
}

static double cpu_least(void *engine, const double *v, const unsigned char *mask) {
    EpnetCpuSpace *cpu = engine;
    return epnet_least(team_of(cpu), cpu->states, v, mask);
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

/* ---- generators with zero rates ------------------------------------------------------------------------ */

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
