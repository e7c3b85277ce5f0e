/* The leak: how fast correlation decays when all copies are switched off (a quench), or after the last
 * extremum of a trajectory. The rules are those of include/leak.h; a backend brings the information. */
#ifndef EPNET_HOST_LEAK_FIT_H
#define EPNET_HOST_LEAK_FIT_H

#include "backend.h"
#include "leak.h"

/* Work space of one thread. */
typedef struct EpnetLeakWork {
    const EpnetLeakSettings *settings;
    size_t capacity;              /* of the next four: the larger of settings->samples and the trajectory's */
    double *t, *y;                /* times [s] and logarithms to fit */
    double *centred_t, *residual; /* of the line: t less its mean, y less the line */
    double *replicates;           /* bootstrap: slopes */
    const volatile int *stop; /* borrowed; nonzero: give up soon, what is fitted is not used. NULL: never */
} EpnetLeakWork;

bool epnet_leak_alloc(EpnetLeakWork *work, const EpnetLeakSettings *settings, size_t time_count);
void epnet_leak_free(EpnetLeakWork *work);
uint64_t epnet_leak_bytes(const EpnetLeakSettings *settings, size_t time_count);

/* Least squares of y over t (n >= 3 points) and the residual bootstrap of its slope: leak = -slope. The draws
 * come from Philox4x32-10 under the seed, the same for every point, machine and thread. */
void epnet_leak_fit(const EpnetLeakWork *work, size_t n, const double *t, const double *y, EpnetLeakFit *fit);

/* Multiinformation [nat] at time t [s] after the copies of a point have been switched off. */
typedef double EpnetInformationAfterQuench(void *context, double t);

/* kind = "quench": samples ln I at equal steps between the times where I first falls to window[0] and to
 * window[1] of I(0), and fits; what was sampled stays in work->t and y. `noise` is the information [nat] that
 * errors of the state before the quench may make. EPNET_POINT_NO_DECAY: there is nothing to fit (I(0) is 0 or
 * not above the noise, or the flips do not destroy the correlation). */
EpnetPointStatus epnet_leak_quench(EpnetLeakWork *work, const EpnetProblem *problem, const EpnetPoint *point,
                                   double noise, EpnetInformationAfterQuench *information, void *context,
                                   EpnetLeakFit *fit);

/* The quench that was sampled last, as EpnetRows.leak_curve has it. */
void epnet_leak_copy_curve(const EpnetLeakWork *work, double *curve);

/* kind = "decay": fits ln |I(t_k) - stationary| over the n samples of a trajectory after the last extremum of
 * I, while it lies between window[0] and window[1] of its value there. `noise` is the error of a sample
 * [nat]. EPNET_POINT_NO_DECAY: the window reaches into the noise, has fewer than 3 samples, or is not passed
 * before the last sample. */
EpnetPointStatus epnet_leak_decay(EpnetLeakWork *work, size_t n, const double *times,
                                  const double *information, double stationary, double noise,
                                  EpnetLeakFit *fit);

/* A fit among the columns that a point has beside its rows (EPNET_POINT_COLUMNS). */
static inline void epnet_leak_set_columns(const EpnetLeakFit *fit, double *columns) {
    columns[EPNET_LEAK] = fit->leak;
    columns[EPNET_LEAK_LOW] = fit->low;
    columns[EPNET_LEAK_HIGH] = fit->high;
}

#endif
