/* Grid files made by hand: specs and rows of made_spec.h through the writer. */
#ifndef EPNET_TESTS_MADE_GRID_H
#define EPNET_TESTS_MADE_GRID_H

#include "dataset.h"
#include "made_spec.h"

/* A trajectory over three axes of unequal sizes, the second logarithmic; `axis_count` of them are used. */
MadeSpec made_shape(size_t axis_count);

/* The functions of the writer and reader where they must succeed: they fail the test with the message. */
EpnetDataset *made_dataset_open(const EpnetSpec *spec, const char *output);
void made_range_write(EpnetDataset *dataset, const EpnetSpec *spec, size_t first, size_t count);
EpnetResult *made_result_open(const char *path);

/* Write the whole grid in batches of `batch` points, the last batch first if `backwards`. */
void made_grid_write(const EpnetSpec *spec, const char *output, size_t batch, bool backwards);

#endif
