#include "chunk.h"

#include "status.h"

#include <stdlib.h>
#include <string.h>

/* Values of the kept trajectory of a point, 0: not kept. */
static size_t trajectory_values(const EpnetSpec *spec) {
    return epnet_spec_keeps_trajectories(spec) ? spec->time_count * epnet_row_width(spec->cut_count) : 0;
}

/* Values of the quench, which is kept of a single point alone. */
static size_t curve_values(const EpnetSpec *spec) {
    const bool kept =
        spec->leak.kind == EPNET_LEAK_QUENCH && epnet_grid_points(spec->axes, spec->axis_count) == 1;
    return kept ? 2 * spec->leak.samples : 0;
}

uint64_t epnet_chunk_bytes(const EpnetSpec *spec, size_t count) {
    const size_t values = epnet_row_width(spec->cut_count) + trajectory_values(spec) + EPNET_EXTREMES +
                          EPNET_POINT_COLUMNS + epnet_envelope_width(spec->cut_count) +
                          epnet_grid_parameter_count(&spec->network) + curve_values(spec);
    return (values * sizeof(double) + sizeof(EpnetPoint) + sizeof(int)) * (uint64_t)count;
}

void epnet_chunk_free(EpnetChunk *chunk) {
    free(chunk->parameters);
    free(chunk->points);
    free(chunk->rows.status);
    free(chunk->rows.last);
    free(chunk->rows.extremes);
    free(chunk->rows.point);
    free(chunk->rows.envelope);
    free(chunk->rows.leak_curve);
    free(chunk->rows.trajectory);
    memset(chunk, 0, sizeof *chunk);
}

EpnetStatus epnet_chunk_alloc(const EpnetSpec *spec, size_t count, EpnetChunk *chunk, EpnetError *error) {
    const bool curve = curve_values(spec) > 0, trajectory = spec->kind == EPNET_TRAJECTORY,
               keep = trajectory_values(spec) > 0;
    EpnetRows *rows = &chunk->rows;
    memset(chunk, 0, sizeof *chunk);
    chunk->parameters = epnet_calloc(count * epnet_grid_parameter_count(&spec->network), sizeof(double));
    chunk->points = epnet_calloc(count, sizeof(EpnetPoint));
    rows->status = epnet_calloc(count, sizeof(int));
    rows->last = epnet_calloc(count * epnet_row_width(spec->cut_count), sizeof(double));
    rows->point = epnet_calloc(count * EPNET_POINT_COLUMNS, sizeof(double));
    rows->envelope = epnet_calloc(count * epnet_envelope_width(spec->cut_count), sizeof(double));
    rows->leak_curve = curve ? epnet_calloc(curve_values(spec), sizeof(double)) : NULL;
    rows->extremes = trajectory ? epnet_calloc(count * EPNET_EXTREMES, sizeof(double)) : NULL;
    rows->trajectory = keep ? epnet_calloc(count * trajectory_values(spec), sizeof(double)) : NULL;
    if (chunk->parameters == NULL || chunk->points == NULL || rows->status == NULL || rows->last == NULL ||
        rows->point == NULL || rows->envelope == NULL || (curve && rows->leak_curve == NULL) ||
        (trajectory && rows->extremes == NULL) || (keep && rows->trajectory == NULL)) {
        epnet_chunk_free(chunk);
        return epnet_fail_memory(error, epnet_chunk_bytes(spec, count), "the buffers of a chunk of points");
    }
    return EPNET_OK;
}

void epnet_chunk_set(EpnetChunk *chunk, const EpnetSpec *spec, size_t first, size_t count) {
    const size_t parameters = epnet_grid_parameter_count(&spec->network);
    for (size_t k = 0; k < count; k++)
        chunk->points[k] = epnet_grid_point(&spec->network, spec->axes, spec->axis_count, first + k,
                                            chunk->parameters + k * parameters);
}
