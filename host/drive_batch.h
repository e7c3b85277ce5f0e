/* Constant drive of a whole batch: every point's search (drive_search.h) asks for one stationary law at a
 * time, and those of all points are found together, by a backend that takes batches. */
#ifndef EPNET_HOST_DRIVE_BATCH_H
#define EPNET_HOST_DRIVE_BATCH_H

#include "backend.h"

/* As EpnetBackend.solve(). */
typedef EpnetStatus (*EpnetBatchSolver)(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                        EpnetError *error);

/* Fill `rows` for a batch of a problem of constant drive: `laws` solves batches of its
 * epnet_law_problem(), `points` those of its epnet_given_problem(), with the drives that were found. Columns
 * and statuses are those of EpnetBackend.solve(), EPNET_DRIVE and EPNET_ATTAINABLE among the point's. What
 * the solvers return ends it; EPNET_DEVICE as well when this host's memory is exhausted. */
EpnetStatus epnet_drive_batch_solve(const EpnetBatch *batch, EpnetRows *rows, EpnetBatchSolver laws,
                                    void *laws_context, EpnetBatchSolver points, void *points_context,
                                    EpnetError *error);

#endif
