/* Measured kinks and maxima of a row of samples y(x), x = ln C and y = ln I (docs/kink.md says why so). */
#ifndef EPNET_HOST_KINK_H
#define EPNET_HOST_KINK_H

#include "epnet.h"

/* Fewer finite samples are too few to look for a kink. */
#define EPNET_KINK_SAMPLES 8

typedef struct EpnetCorner {
    EpnetKinkVerdict verdict;
    double position, low, high; /* in x, of the best broken line whatever the verdict; NaN if too few */
    double delta_bic;           /* NaN if too few */
} EpnetCorner;

/* Look for a kink in n samples, x increasing and all finite. A kink is found where a continuous line with one
 * break
 *  - beats a cubic by Delta BIC > 10,
 *  - leaves at most 4 % (rms) of what a straight line leaves: two segments are what the curve consists of,
 *  - stays where it is when either end third of the window is dropped: the break moves by less than its
 * interval,
 *  - is nowhere beaten by the cubic by 10 in windows around the break of a half, a quarter, ... of the
 * samples, down to ten of them: from near by, a kink is still a kink and a smooth bend is not. The interval
 * is the 95 % one of the likelihood profile, n ln(square / least square) <= 3.84, and at least as wide as the
 * distance between the samples around the break. */
EpnetStatus epnet_corner_find(size_t n, const double *x, const double *y, EpnetCorner *corner,
                              EpnetError *error);

typedef struct EpnetMaximum {
    double x, y; /* the vertex of the parabola through a sample and its neighbours */
} EpnetMaximum;

/* Interior local maxima of n samples, x increasing and all finite, that stand out by more than 1e-7: the
 * first `most` of them into `maxima`. Returns their number, which may be above `most`. */
size_t epnet_maxima_find(size_t n, const double *x, const double *y, size_t most, EpnetMaximum *maxima);

#endif
