#include "krylov.h"

#include <math.h>

enum { STEPS_MAX = 500 };
static const double REDUCTION = 1e-9; /* of the 2-norm of the residual, per call */

static double dot(const EpnetSpace *space, const double *a, const double *b) {
    return space->operations->dot(space->engine, a, b);
}

/* a += f b */
static void add_scaled(const EpnetSpace *space, double *a, double f, const double *b) {
    space->operations->combine(space->engine, a, 1, a, f, b);
}

/* scaled = v D^-1, image = scaled L; states that are never left (exit 0) carry nothing. */
static void apply_preconditioned(const EpnetSpace *space, const double *v, double *scaled, double *image) {
    space->operations->divide_exit(space->engine, scaled, v);
    const EpnetSpaceStep apply = {.in = scaled, .out = image, .rate_factor = 1};
    space->operations->step(space->engine, &apply);
}

uint64_t epnet_krylov_correct(const EpnetSpace *space, double floor, const volatile int *stop, double *q,
                              double *p, double *const *work) {
    double *residual = q, *shadow = work[0], *direction = work[1], *image = work[2], *scaled = work[3];
    double *half_image = work[4], *scaled_half = work[5];
    space->operations->combine(space->engine, residual, -1, q, 0, NULL);
    space->operations->copy(space->engine, shadow, residual);
    space->operations->copy(space->engine, direction, residual);
    double rho = dot(space, shadow, residual);
    const double target = fmax(REDUCTION * REDUCTION * rho, floor * floor); /* of the squared norm */
    uint64_t applications = 0;
    for (int step = 0; step < STEPS_MAX && rho != 0 && !(stop != NULL && *stop); step++) {
        apply_preconditioned(space, direction, scaled, image);
        applications++;
        const double alpha = rho / dot(space, shadow, image);
        if (!isfinite(alpha))
            break;
        add_scaled(space, residual, -alpha, image);
        add_scaled(space, p, alpha, scaled);
        apply_preconditioned(space, residual, scaled_half, half_image);
        applications++;
        const double omega = dot(space, half_image, residual) / dot(space, half_image, half_image);
        if (!isfinite(omega))
            break;
        add_scaled(space, residual, -omega, half_image);
        add_scaled(space, p, omega, scaled_half);
        if (dot(space, residual, residual) <= target || omega == 0)
            break;
        const double rho_next = dot(space, shadow, residual), beta = rho_next / rho * (alpha / omega);
        add_scaled(space, direction, -omega, image);
        space->operations->combine(space->engine, direction, 1, residual, beta, direction);
        rho = rho_next;
    }
    return applications;
}
