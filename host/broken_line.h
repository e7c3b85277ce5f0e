/* Least squares of a curve y(x) by two rival models of four parameters each: a line with one break
 * (continuous, the break anywhere between the samples) and a cubic. */
#ifndef EPNET_HOST_BROKEN_LINE_H
#define EPNET_HOST_BROKEN_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Fewest samples that the four parameters of either model leave a residual of. */
#define EPNET_BROKEN_LINE_SAMPLES 5

/* Residuals below this (in y) are not told apart: the drive behind a sample is solved to 1e-9. */
#define EPNET_BROKEN_LINE_FLOOR 1e-8

/* The samples, and work space for the fits. */
typedef struct EpnetSamples {
    size_t n;
    const double *x, *y; /* n each, x increasing */
    double *work;        /* 5 n doubles */
} EpnetSamples;

/* Mean squares of the residuals, the floor's square added. */
typedef struct EpnetBrokenLine {
    double position; /* of the break */
    double broken, cubic, straight;
} EpnetBrokenLine;

/* Mean square of the line with its break at `position`. */
double epnet_broken_line_square(const EpnetSamples *samples, double position);

/* Both models and a straight line; n >= EPNET_BROKEN_LINE_SAMPLES. The break is the global optimum. */
void epnet_broken_line_fit(const EpnetSamples *samples, EpnetBrokenLine *line);

/* BIC of the cubic less that of the broken line, positive where the broken line is better. With as many
 * parameters on both sides only the residuals are left: n ln(cubic / broken). */
double epnet_broken_line_advantage(const EpnetBrokenLine *line, size_t n);

#endif
