#include "chunk.h"

#include "status.h"

#include <stdlib.h>
#include <string.h>

EpnetRowLayout epnet_row_layout(const EpnetSpec *spec) {
    const size_t width = epnet_row_width(spec->cut_count);
    const bool curve =
        spec->leak.kind == EPNET_LEAK_QUENCH && epnet_grid_points(spec->axes, spec->axis_count) == 1;
    return (EpnetRowLayout){
        .last = width,
        .extremes = spec->kind == EPNET_TRAJECTORY ? EPNET_EXTREMES : 0,
        .point = EPNET_POINT_COLUMNS,
        .envelope = epnet_envelope_width(spec->cut_count),
        .trajectory = epnet_spec_keeps_trajectories(spec) ? spec->time_count * width : 0,
        .curve = curve ? 2 * spec->leak.samples : 0,
    };
}

uint64_t epnet_chunk_bytes(const EpnetSpec *spec, size_t count) {
    const EpnetRowLayout layout = epnet_row_layout(spec);
    const size_t values = layout.last + layout.extremes + layout.point + layout.envelope + layout.trajectory +
                          layout.curve + epnet_grid_parameter_count(&spec->network);
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

/* NULL where the rows do not have the part; false when memory is exhausted. */
static bool part_alloc(double **part, size_t count, size_t values) {
    *part = values > 0 ? epnet_calloc(count * values, sizeof(double)) : NULL;
    return values == 0 || *part != NULL;
}

EpnetStatus epnet_chunk_alloc(const EpnetSpec *spec, size_t count, EpnetChunk *chunk, EpnetError *error) {
    const EpnetRowLayout layout = epnet_row_layout(spec);
    EpnetRows *rows = &chunk->rows;
    *chunk = (EpnetChunk){.room = count, .layout = layout};
    chunk->parameters = epnet_calloc(count * epnet_grid_parameter_count(&spec->network), sizeof(double));
    chunk->points = epnet_calloc(count, sizeof(EpnetPoint));
    rows->status = epnet_calloc(count, sizeof(int));
    const bool good = chunk->parameters != NULL && chunk->points != NULL && rows->status != NULL &&
                      part_alloc(&rows->last, count, layout.last) &&
                      part_alloc(&rows->extremes, count, layout.extremes) &&
                      part_alloc(&rows->point, count, layout.point) &&
                      part_alloc(&rows->envelope, count, layout.envelope) &&
                      part_alloc(&rows->trajectory, count, layout.trajectory) &&
                      part_alloc(&rows->leak_curve, 1, layout.curve);
    if (!good) {
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
