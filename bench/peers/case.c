#include "case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double number(FILE *file) {
    double value;
    if (fscanf(file, "%lf", &value) != 1) {
        fprintf(stderr, "the case ends early\n");
        exit(1);
    }
    return value;
}

static double *numbers(FILE *file, size_t count) {
    double *values = calloc(count, sizeof *values);
    if (values == NULL)
        exit(1);
    for (size_t i = 0; i < count; i++)
        values[i] = number(file);
    return values;
}

static int *integers(FILE *file, size_t count) {
    int *values = calloc(count, sizeof *values);
    if (values == NULL)
        exit(1);
    for (size_t i = 0; i < count; i++)
        values[i] = (int)number(file);
    return values;
}

PeerCase peer_case_read(const char *path) {
    FILE *file = fopen(path, "r");
    PeerCase item;
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    item.nodes = (int)number(file);
    item.edges = (int)number(file);
    item.points = (int)number(file);
    item.times = (int)number(file);
    item.source = integers(file, (size_t)item.edges);
    item.target = integers(file, (size_t)item.edges);
    item.up = numbers(file, (size_t)item.nodes);
    item.down = numbers(file, (size_t)item.nodes);
    item.drive = numbers(file, (size_t)item.edges);
    item.rate = numbers(file, (size_t)item.points * (size_t)item.edges);
    item.time = numbers(file, (size_t)item.times);
    fclose(file);
    return item;
}

void peer_rates(const PeerCase *item, int point, double *rate) {
    const size_t states = (size_t)1 << item->nodes;
    const double *beta = item->rate + (size_t)point * (size_t)item->edges;
    for (int j = 0; j < item->nodes; j++)
        for (size_t s = 0; s < states; s++)
            rate[(size_t)j * states + s] = (s >> j & 1) == 0 ? item->up[j] : item->down[j];
    for (int e = 0; e < item->edges; e++) {
        const int i = item->source[e], j = item->target[e];
        const double back = beta[e] * exp(-item->drive[e]);
        for (size_t s = 0; s < states; s++)
            rate[(size_t)j * states + s] += (s >> i & 1) != (s >> j & 1) ? beta[e] : back;
    }
}

void peer_change(int nodes, const double *rate, const double *p, double *dp) {
    const size_t states = (size_t)1 << nodes;
    for (size_t s = 0; s < states; s++)
        dp[s] = 0;
    for (int j = 0; j < nodes; j++) {
        const double *r = rate + (size_t)j * states;
        for (size_t s = 0; s < states; s++) {
            const size_t t = s ^ (size_t)1 << j;
            dp[s] += r[t] * p[t] - r[s] * p[s];
        }
    }
}

static double surprise(double p) {
    return p > 0 ? -p * log(p) : 0;
}

void peer_observe(int nodes, const double *rate, const double *p, double *dp, double *row) {
    const size_t states = (size_t)1 << nodes;
    double entropy = 0, entropy_rate = 0, single = 0, single_rate = 0, production = 0;
    peer_change(nodes, rate, p, dp);
    for (size_t s = 0; s < states; s++) {
        entropy += surprise(p[s]);
        if (p[s] > 0)
            entropy_rate -= dp[s] * log(p[s]);
    }
    for (int j = 0; j < nodes; j++) {
        double one = 0, change = 0;
        for (size_t s = 0; s < states; s++) {
            if ((s >> j & 1) == 1) {
                one += p[s];
                change += dp[s];
            }
        }
        single += surprise(one) + surprise(1 - one);
        if (one > 0 && one < 1)
            single_rate -= change * (log(one) - log(1 - one));
        for (size_t s = 0; s < states; s++) {
            const size_t t = s ^ (size_t)1 << j;
            if (s < t) {
                const double a = p[s] * rate[(size_t)j * states + s], b = p[t] * rate[(size_t)j * states + t];
                if (a > 0 && b > 0)
                    production += (a - b) * log(a / b);
            }
        }
    }
    row[0] = entropy;
    row[1] = single - entropy;
    row[2] = single_rate - entropy_rate;
    row[3] = production;
}

double peer_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void peer_rows_write(const char *path, const double *rows, size_t count) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(rows, sizeof *rows, count, file) != count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}
