/* The paper's energy-bandwidth envelope at a point, and the theorem that takes its place (docs/theory.md). */
#ifndef EPNET_HOST_ENVELOPE_H
#define EPNET_HOST_ENVELOPE_H

#include "backend.h"

/* The nodes' least entropy-decay constant, kept while the flips stay the same. */
typedef struct EpnetEnvelope {
    double *flips; /* 2 nodes: those of `decay` */
    double decay;  /* min alpha_i [1/s] */
    bool known;
} EpnetEnvelope;

bool epnet_envelope_alloc(EpnetEnvelope *envelope, int nodes); /* false when memory is exhausted */
void epnet_envelope_free(EpnetEnvelope *envelope);

/* Fill `columns` (epnet_envelope_width() values) from a point's rates, its row at the end, and its drive and
 * leak (EPNET_POINT_COLUMNS values). Columns that do not apply are NaN. */
void epnet_envelope_fill(EpnetEnvelope *envelope, const EpnetProblem *problem, const EpnetPoint *point,
                         const double *row, const double *point_columns, double *columns);

#endif
