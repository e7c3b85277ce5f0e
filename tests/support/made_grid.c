#include "made_grid.h"

#include "check.h"

MadeSpec made_shape(size_t axis_count) {
    return (MadeSpec){.title = "A made sweep, π",
                      .nodes = 3,
                      .kind = EPNET_TRAJECTORY,
                      .method = EPNET_EULER,
                      .keep = EPNET_KEEP_YES,
                      .cut_count = 2,
                      .time_count = 4,
                      .axis_count = axis_count,
                      .keys = {EPNET_AXIS_DRIVE, EPNET_AXIS_COPY_TOTAL, EPNET_AXIS_FLIP_UP},
                      .log = {false, true, false},
                      .sizes = {5, 3, 7}};
}

EpnetDataset *made_dataset_open(const EpnetSpec *spec, const char *output) {
    EpnetError error;
    EpnetDataset *dataset;
    if (epnet_dataset_create(spec, output, "cpu", &dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return dataset;
}

void made_range_write(EpnetDataset *dataset, const EpnetSpec *spec, size_t first, size_t count) {
    EpnetError error;
    EpnetRows rows = made_rows(spec, first, count, epnet_spec_keeps_trajectories(spec));
    if (epnet_dataset_write(dataset, first, count, &rows, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    made_rows_free(&rows);
}

void made_grid_write(const EpnetSpec *spec, const char *output, size_t batch, bool backwards) {
    size_t points = epnet_grid_points(spec->axes, spec->axis_count);
    size_t batches = (points + batch - 1) / batch;
    EpnetDataset *dataset = made_dataset_open(spec, output);
    for (size_t b = 0; b < batches; b++) {
        size_t first = (backwards ? batches - 1 - b : b) * batch;
        made_range_write(dataset, spec, first, points - first < batch ? points - first : batch);
    }
    EpnetError error;
    if (epnet_dataset_commit(dataset, &error) != EPNET_OK)
        fail_msg("%s", error.message);
}

EpnetResult *made_result_open(const char *path) {
    EpnetError error;
    EpnetResult *result;
    if (epnet_result_open(path, &result, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    return result;
}
