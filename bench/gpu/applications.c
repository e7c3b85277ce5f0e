#include "applications.h"

#include "cpu/evolve.h"
#include "generator.h"
#include "oracle.h"
#include "team.h"
#include "threading.h"

#include <math.h>
#include <stdlib.h>

typedef struct Count {
    const GpuCase *item;
    size_t point;
    double exit_max, applications; /* of the point; NaN: not to be had */
    bool chosen;
} Count;

static int by_exit(const void *a, const void *b) {
    const Count *x = a, *y = b;
    return (x->exit_max > y->exit_max) - (x->exit_max < y->exit_max);
}

/* All points that differ, with their largest exit rates, in rising order. */
static bool find_exits(const GpuCase *item, size_t points, Count *counts) {
    EpnetGenerator generator;
    const bool there = epnet_generator_alloc(&generator, item->shape.nodes);
    for (size_t k = 0; k < points && there; k++) {
        epnet_generator_set(&generator, &item->problem, &item->points[k], NULL, true);
        counts[k] = (Count){item, k, generator.exit_max, NAN, false};
    }
    epnet_generator_free(&generator);
    qsort(counts, points, sizeof *counts, by_exit);
    return there;
}

static void count_one(Count *count) {
    const EpnetProblem *problem = &count->item->problem;
    EpnetGenerator generator;
    EpnetEvolution evolution;
    const bool there = epnet_generator_alloc(&generator, problem->nodes);
    if (epnet_evolution_alloc(&evolution, problem) && there) {
        epnet_generator_set(&generator, problem, &count->item->points[count->point], NULL, true);
        EpnetPointStatus status = epnet_evolution_start(&evolution, &generator, problem->initial);
        for (size_t t = 0; t < problem->time_count && status == EPNET_POINT_OK; t++)
            status = epnet_evolution_advance(&evolution, t);
        if (status == EPNET_POINT_OK)
            count->applications = (double)evolution.applications;
    }
    epnet_evolution_free(&evolution);
    epnet_generator_free(&generator);
}

static void count_some(void *context, int thread, size_t first, size_t end) {
    Count *const *chosen = context;
    (void)thread;
    for (size_t i = first; i < end; i++)
        count_one(chosen[i]);
}

/* The k-th of a sequence that fills [0, 1) evenly at every power of two: the bits of k after the point, the
 * lowest first. */
static double spread(size_t k) {
    double value = 0;
    for (double bit = 0.5; k > 0; k /= 2, bit /= 2)
        value += k % 2 == 1 ? bit : 0;
    return value;
}

/* Choose until `count` points are, all of them if that is as many; each once. */
static void choose(Count *all, size_t points, Count **chosen, size_t *chosen_count, size_t count) {
    for (size_t k = 0; count < points && *chosen_count < count; k++) {
        Count *next = &all[(size_t)((spread(k) + 0.5 / (double)count) * (double)points)];
        if (!next->chosen)
            chosen[(*chosen_count)++] = next;
        next->chosen = true;
    }
    for (size_t k = 0; count == points && k < points; k++)
        if (!all[k].chosen)
            chosen[(*chosen_count)++] = &all[k];
}

/* The mean of all points from the straight line through those that were counted. */
static GpuApplications extend(const Count *all, size_t points, Count *const *chosen, size_t count) {
    double x_all = 0, x = 0, y = 0, xx = 0, xy = 0, residual = 0;
    for (size_t k = 0; k < points; k++)
        x_all += all[k].exit_max / (double)points;
    for (size_t i = 0; i < count; i++) {
        x += chosen[i]->exit_max / (double)count;
        y += chosen[i]->applications / (double)count;
    }
    if (count == points)
        return (GpuApplications){y, 0, count};
    for (size_t i = 0; i < count; i++) {
        xx += (chosen[i]->exit_max - x) * (chosen[i]->exit_max - x);
        xy += (chosen[i]->exit_max - x) * (chosen[i]->applications - y);
    }
    const double slope = xx > 0 ? xy / xx : 0, mean = y + slope * (x_all - x);
    for (size_t i = 0; i < count; i++) {
        const double off = chosen[i]->applications - y - slope * (chosen[i]->exit_max - x);
        residual += off * off;
    }
    return (GpuApplications){mean, sqrt(residual / (double)(count - 2) / (double)count) / mean, count};
}

GpuApplications gpu_applications(const GpuCase *item, double wanted, double seconds, int threads) {
    enum { FIRST = 8, TRUSTED = 32 }; /* fewer points say little of how they scatter */
    const size_t points = gpu_case_distinct(&item->shape);
    GpuApplications found = {NAN, NAN, 0};
    EpnetError error;
    EpnetTeam *team;
    if (epnet_team_open(threads, &team, &error) != EPNET_OK)
        return found;
    Count *all = oracle_allocate(points, sizeof *all), **chosen = oracle_allocate(points, sizeof(Count *));
    const bool known = find_exits(item, points, all);
    const double start = epnet_seconds_now();
    size_t before = 0, counted = 0;
    for (size_t count = FIRST; known && before < points; count *= 2) {
        choose(all, points, chosen, &counted, count < points ? count : points);
        epnet_team_share(team, counted - before, 1, count_some, chosen + before);
        found = extend(all, points, chosen, counted);
        before = counted;
        const bool exact = found.error <= wanted && counted >= TRUSTED;
        if (exact || isnan(found.mean) || epnet_seconds_now() - start > seconds)
            break;
    }
    epnet_team_close(team);
    free(all);
    free(chosen);
    return found;
}
