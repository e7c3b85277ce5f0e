/* The audit beyond the public report: every margin at every grid point, for the table of margins. */
#ifndef EPNET_HOST_AUDIT_H
#define EPNET_HOST_AUDIT_H

#include "epnet.h"

typedef struct EpnetMargins {
    double
        *margin;  /* [row_count][points]: smallest margin over the times of a point; NaN: nothing to check */
    double *time; /* [row_count][points]: [s], where it stands; NaN also for a stationary law */
} EpnetMargins;

/* epnet_audit(), and the margins of every grid point (to free with epnet_margins_free in any case). */
EpnetStatus epnet_audit_margins(const EpnetResult *result, EpnetAudit **audit, EpnetMargins *margins,
                                EpnetError *error);
void epnet_margins_free(EpnetMargins *margins);

#endif
