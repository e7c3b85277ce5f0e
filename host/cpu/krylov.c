#include "krylov.h"

#include "apply.h"
#include "instruction_levels.h"
#include "vector.h"

#include <math.h>
#include <string.h>

enum { STEPS_MAX = 500 };
static const double REDUCTION = 1e-9; /* of the 2-norm of the residual, per call */

/* scaled = v D^-1; states that are never left (exit 0) carry nothing. */
EPNET_INSTRUCTION_LEVELS
static void precondition(const EpnetGenerator *g, const double *restrict v, double *restrict scaled) {
    for (size_t s = 0; s < g->states; s++)
        scaled[s] = g->exit[s] > 0 ? v[s] / g->exit[s] : 0;
}

/* a += f b */
EPNET_INSTRUCTION_LEVELS
static void add_scaled(size_t n, double *restrict a, double f, const double *restrict b) {
    for (size_t s = 0; s < n; s++)
        a[s] += f * b[s];
}

uint64_t epnet_krylov_correct(const EpnetGenerator *g, double floor, const volatile int *stop, double *q,
                              double *p, double *const *work) {
    const size_t n = g->states;
    double *residual = q, *shadow = work[0], *direction = work[1], *image = work[2], *scaled = work[3];
    double *half_image = work[4], *scaled_half = work[5];
    for (size_t s = 0; s < n; s++)
        residual[s] = -q[s];
    memcpy(shadow, residual, n * sizeof *shadow);
    memcpy(direction, residual, n * sizeof *direction);
    double rho = epnet_dot(n, shadow, residual);
    const double target = fmax(REDUCTION * REDUCTION * rho, floor * floor); /* of the squared norm */
    uint64_t applications = 0;
    for (int step = 0; step < STEPS_MAX && rho != 0 && !(stop != NULL && *stop); step++) {
        precondition(g, direction, scaled);
        epnet_cpu_apply(g, scaled, image);
        applications++;
        const double alpha = rho / epnet_dot(n, shadow, image);
        if (!isfinite(alpha))
            break;
        add_scaled(n, residual, -alpha, image);
        add_scaled(n, p, alpha, scaled);
        precondition(g, residual, scaled_half);
        epnet_cpu_apply(g, scaled_half, half_image);
        applications++;
        const double omega = epnet_dot(n, half_image, residual) / epnet_dot(n, half_image, half_image);
        if (!isfinite(omega))
            break;
        add_scaled(n, residual, -omega, half_image);
        add_scaled(n, p, omega, scaled_half);
        if (epnet_dot(n, residual, residual) <= target || omega == 0)
            break;
        const double rho_next = epnet_dot(n, shadow, residual), beta = rho_next / rho * (alpha / omega);
        for (size_t s = 0; s < n; s++)
            direction[s] = residual[s] + beta * (direction[s] - omega * image[s]);
        rho = rho_next;
    }
    return applications;
}
