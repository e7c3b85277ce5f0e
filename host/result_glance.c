#include "result_glance.h"

#include "backend.h"
#include "result.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Glancing {
    const char *path;
    EpnetGlance *glance;
} Glancing;

static EpnetStatus glance_take(void *context, EpnetError *error) {
    const Glancing *glancing = context;
    EpnetGlance *glance = glancing->glance;
    EpnetResult *result;
    EpnetStatus status = epnet_result_open(glancing->path, &result, error);
    if (status != EPNET_OK)
        return status;
    glance->points = epnet_result_points(result);
    glance->intact = result->intact;
    snprintf(glance->sha256, sizeof glance->sha256, "%.64s", epnet_result_text(result, "spec_sha256"));
    double *values = epnet_calloc(glance->points, sizeof *values);
    status = values == NULL
                 ? epnet_fail_memory(error, glance->points * sizeof *values, "the statuses of the points")
                 : epnet_result_column(result, "status", values, error);
    for (size_t k = 0; k < glance->points && status == EPNET_OK; k++)
        glance->failed += values[k] != EPNET_POINT_OK;
    free(values);
    epnet_result_close(result);
    return status;
}

EpnetStatus epnet_result_glance(const char *path, const EpnetStop *stop, EpnetGlance *glance,
                                EpnetError *error) {
    char action[1024];
    snprintf(action, sizeof action, "cannot read %.1000s", path);
    memset(glance, 0, sizeof *glance);
    Glancing glancing = {path, glance};
    return epnet_isolate(&(EpnetIsolated){.work = glance_take,
                                          .context = &glancing,
                                          .answer = glance,
                                          .answer_size = sizeof *glance,
                                          .action = action,
                                          .stop = stop != NULL ? stop->flag : NULL,
                                          .until = stop != NULL ? stop->until : 0},
                         error);
}
