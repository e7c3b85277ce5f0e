#include "leak_fit.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t capacity_of(const EpnetLeakSettings *settings, size_t time_count) {
    return settings->samples > time_count ? settings->samples : time_count;
}

uint64_t epnet_leak_bytes(const EpnetLeakSettings *settings, size_t time_count) {
    return (4 * (uint64_t)capacity_of(settings, time_count) + settings->bootstrap) * sizeof(double);
}

bool epnet_leak_alloc(EpnetLeakWork *work, const EpnetLeakSettings *settings, size_t time_count) {
    memset(work, 0, sizeof *work);
    work->settings = settings;
    work->capacity = capacity_of(settings, time_count);
    work->t = epnet_calloc(epnet_leak_bytes(settings, time_count), 1);
    if (work->t == NULL)
        return false;
    work->y = work->t + work->capacity;
    work->centred_t = work->y + work->capacity;
    work->residual = work->centred_t + work->capacity;
    work->replicates = work->residual + work->capacity;
    return true;
}

void epnet_leak_free(EpnetLeakWork *work) {
    free(work->t);
    memset(work, 0, sizeof *work);
}

static bool stopped(const EpnetLeakWork *work) {
    return work->stop != NULL && *work->stop;
}

/* ---- fit --------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-quantile of sorted values, linear between order statistics. */
static double quantile(size_t n, const double *sorted, double q) {
    size_t below;
    const double part = epnet_leak_quantile_place(n, q, &below);
    const size_t above = below + 1 < n ? below + 1 : below;
    return sorted[below] + part * (sorted[above] - sorted[below]);
}

void epnet_leak_fit(const EpnetLeakWork *work, size_t n, const double *t, const double *y,
                    EpnetLeakFit *fit) {
    const EpnetLeakSettings *settings = work->settings;
    double mean_t = 0, mean_y = 0, spread = 0, covariance = 0;
    for (size_t k = 0; k < n; k++) {
        mean_t += t[k] / (double)n;
        mean_y += y[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        work->centred_t[k] = t[k] - mean_t;
        spread += work->centred_t[k] * work->centred_t[k];
        covariance += work->centred_t[k] * (y[k] - mean_y);
    }
    const double slope = covariance / spread;
    for (size_t k = 0; k < n; k++)
        work->residual[k] = y[k] - mean_y - slope * work->centred_t[k];
    /* A replicate adds resampled residuals to the line; only their own slope moves. */
    for (size_t b = 0; b < settings->bootstrap && !stopped(work); b++) {
        const double moved = epnet_leak_replicate(settings->seed, b, n, work->centred_t, work->residual);
        work->replicates[b] = slope + moved / spread;
    }
    qsort(work->replicates, settings->bootstrap, sizeof(double), compare);
    fit->leak = -slope;
    fit->low = -quantile(settings->bootstrap, work->replicates, 0.975);
    fit->high = -quantile(settings->bootstrap, work->replicates, 0.025);
}

/* ---- quench ------------------------------------------------------------------------------------------ */

/* A state after the quench, by the backend that has it. */
typedef struct Source {
    const EpnetLeakWork *work;
    EpnetInformationAfterQuench *information;
    void *context;
} Source;

/* NaN when the run is to stop. */
static double sample(const Source *source, double t) {
    return stopped(source->work) ? NAN : source->information(source->context, t);
}

static double find_level(const Source *source, double level, double start) {
    EpnetLevelSearch search = epnet_level_begin(start);
    while (!search.done)
        epnet_level_answer(&search, sample(source, search.at) > level);
    return epnet_level_time(&search);
}

EpnetPointStatus epnet_leak_quench(EpnetLeakWork *work, const EpnetProblem *problem, const EpnetPoint *point,
                                   double noise, EpnetInformationAfterQuench *information, void *context,
                                   EpnetLeakFit *fit) {
    const EpnetLeakSettings *settings = work->settings;
    const Source source = {work, information, context};
    double fastest = 0;
    for (int i = 0; i < problem->nodes; i++)
        fastest = fmax(fastest, point->flip_up[i] + point->flip_down[i]);
    const double initial = sample(&source, 0);
    if (!epnet_quench_has_signal(problem->nodes, initial, settings->window[1], noise) || !(fastest > 0))
        return EPNET_POINT_NO_DECAY;
    const double start = 0.1 / fastest;
    const double first = find_level(&source, settings->window[0] * initial, start);
    const double last = find_level(&source, settings->window[1] * initial, start);
    if (!(first >= 0) || !(last > first))
        return EPNET_POINT_NO_DECAY;
    for (size_t k = 0; k < settings->samples; k++) {
        work->t[k] = epnet_quench_time(first, last, k, settings->samples);
        work->y[k] = log(sample(&source, work->t[k]));
    }
    epnet_leak_fit(work, settings->samples, work->t, work->y, fit);
    return EPNET_POINT_OK;
}

void epnet_leak_copy_curve(const EpnetLeakWork *work, double *curve) {
    const size_t samples = work->settings->samples;
    memcpy(curve, work->t, samples * sizeof *curve);
    memcpy(curve + samples, work->y, samples * sizeof *curve);
}

/* ---- decay ------------------------------------------------------------------------------------------- */

EpnetPointStatus epnet_leak_decay(EpnetLeakWork *work, size_t n, const double *times,
                                  const double *information, double stationary, double noise,
                                  EpnetLeakFit *fit) {
    const size_t used = epnet_decay_select(n, times, information, stationary, work->settings->window, noise,
                                           work->t, work->y);
    if (used == 0)
        return EPNET_POINT_NO_DECAY;
    epnet_leak_fit(work, used, work->t, work->y, fit);
    return EPNET_POINT_OK;
}
