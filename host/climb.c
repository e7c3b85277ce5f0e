#include "climb.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double STEP_NEGLIGIBLE = 1e-10;
static const double TARGET_SUCCESS = 2.0 / 11, SUCCESS_MEMORY = 1.0 / 12;
/* At a higher share of success the steps are only too short: their shape has nothing to learn. */
static const double SUCCESS_TOO_SHORT = 0.44;

bool epnet_climber_alloc(EpnetClimber *climber, size_t n) {
    memset(climber, 0, sizeof *climber);
    climber->n = n;
    climber->x = epnet_calloc((5 + n) * n, sizeof(double));
    if (climber->x == NULL)
        return false;
    climber->child = climber->x + n;
    climber->z = climber->x + 2 * n;
    climber->step = climber->x + 3 * n;
    climber->best = climber->x + 4 * n;
    climber->factor = climber->x + 5 * n;
    return true;
}

void epnet_climber_free(EpnetClimber *climber) {
    free(climber->x);
    memset(climber, 0, sizeof *climber);
}

static void set_identity(EpnetClimber *c) {
    memset(c->factor, 0, c->n * c->n * sizeof *c->factor);
    for (size_t i = 0; i < c->n; i++)
        c->factor[i * c->n + i] = 1;
}

/* z normal, step = A z, child = x + size step. */
static void draw_child(EpnetClimber *c, EpnetRandomStream *random, double size) {
    for (size_t i = 0; i < c->n; i++)
        c->z[i] = epnet_random_normal(random);
    for (size_t i = 0; i < c->n; i++) {
        double sum = 0;
        for (size_t k = 0; k < c->n; k++)
            sum += c->factor[i * c->n + k] * c->z[k];
        c->step[i] = sum;
        c->child[i] = c->x[i] + size * sum;
    }
}

/* C = A A^T becomes (1 - w) C + w (A z)(A z)^T, by a rank-one change of A. */
static void learn_step(EpnetClimber *c) {
    const double n = (double)c->n, weight = 2 / (n * n + 6), keep = sqrt(1 - weight);
    double square = 0;
    for (size_t i = 0; i < c->n; i++)
        square += c->z[i] * c->z[i];
    if (!(square > 0))
        return;
    const double gain = keep / square * (sqrt(1 + weight / (1 - weight) * square) - 1);
    for (size_t i = 0; i < c->n; i++) {
        for (size_t k = 0; k < c->n; k++)
            c->factor[i * c->n + k] = keep * c->factor[i * c->n + k] + gain * c->step[i] * c->z[k];
    }
}

/* Value of x; the best admissible point is kept. */
static double evaluate(EpnetClimber *c, EpnetObjective objective, void *context, const double *x) {
    double value = -INFINITY;
    const bool admissible = objective(context, x, &value);
    c->evaluations++;
    if (admissible && value > c->best_value) {
        c->best_value = value;
        memcpy(c->best, x, c->n * sizeof *x);
    }
    return value;
}

void epnet_climber_run(EpnetClimber *c, EpnetObjective objective, void *context, EpnetRandomStream *random,
                       double size, size_t budget) {
    const size_t patience = 40 * (c->n + 1);
    const double damping = 1 + (double)c->n / 2, odds = TARGET_SUCCESS / (1 - TARGET_SUCCESS);
    double success = TARGET_SUCCESS;
    c->best_value = -INFINITY;
    set_identity(c);
    double value = evaluate(c, objective, context, c->x);
    double level = value; /* at the last rise that counted */
    size_t since = 0;     /* evaluations since then */
    for (size_t spent = 1; spent < budget && since < patience && size > STEP_NEGLIGIBLE; spent++) {
        draw_child(c, random, size);
        const double child = evaluate(c, objective, context, c->child);
        const bool better = child >= value;
        success += SUCCESS_MEMORY * ((better ? 1 : 0) - success);
        size *= exp((success - odds * (1 - success)) / damping);
        since++;
        if (!better)
            continue;
        memcpy(c->x, c->child, c->n * sizeof *c->x);
        value = child;
        if (success < SUCCESS_TOO_SHORT)
            learn_step(c);
        if (value > level + 1e-8 * fabs(level) || isinf(level)) {
            level = value;
            since = 0;
        }
    }
}
