/* Writing the grid file (NetCDF-4, CF attributes; docs/grid-file.md). Rows stream into a temporary file
 * beside the output; commit syncs, closes and renames it, so an output is complete or absent. */
#ifndef EPNET_HOST_DATASET_H
#define EPNET_HOST_DATASET_H

#include "columns.h"

typedef struct EpnetDataset EpnetDataset;

/* Create the temporary file for `output` with all axes, variables and attributes. `device` is what computes
 * ("cpu"); spec and device stay the caller's until the end. EPNET_IO with the system's reason. */
EpnetStatus epnet_dataset_create(const EpnetSpec *spec, const char *output, const char *device,
                                 EpnetDataset **dataset, EpnetError *error);

/* Write the rows of grid points [first, first + count). */
EpnetStatus epnet_dataset_write(EpnetDataset *dataset, size_t first, size_t count, const EpnetRows *rows,
                                EpnetError *error);

/* Close, sync and rename to the output's name (then sync its folder), and read it again: a file that does not
 * hold what was written is removed. Frees the dataset in every case; on failure the temporary file is
 * removed. Every point must have been written. */
EpnetStatus epnet_dataset_commit(EpnetDataset *dataset, EpnetError *error);

/* Close and remove the temporary file; frees the dataset. NULL is allowed. */
void epnet_dataset_discard(EpnetDataset *dataset);

/* Bytes of the finished grid file, within a few per cent; within a third where it is mostly attributes. */
uint64_t epnet_dataset_bytes(const EpnetSpec *spec);

#endif
