/* Constant drive of a whole batch: every point's search (drive_search.h) asks for one stationary law at a
 * time, and those of all points are found together, by a backend that takes batches. */
#ifndef EPNET_HOST_DRIVE_BATCH_H
#define EPNET_HOST_DRIVE_BATCH_H

#include "backend.h"

/* As EpnetBackend.solve(). */
typedef EpnetStatus (*EpnetBatchSolver)(void *context, const EpnetBatch *batch, EpnetRows *rows,
                                        EpnetError *error);

/* What a problem of constant drive consists of: the laws that are asked for, stationary with the first cut
 * alone, and the problem itself with the drives given. Both borrow from `problem`. */
EpnetProblem epnet_drive_trial_problem(const EpnetProblem *problem);
EpnetProblem epnet_drive_given_problem(const EpnetProblem *problem);

/* Fill `rows` for a batch of a problem of constant drive: `laws` solves batches of the trial problem,
 * `points` those of the given one, with the drives that were found. Columns and statuses are those of
 * EpnetBackend.solve(), EPNET_DRIVE and EPNET_ATTAINABLE among the point's. What the solvers return ends it;
 * EPNET_DEVICE as well when this host's memory is exhausted. */
EpnetStatus epnet_drive_batch_solve(const EpnetBatch *batch, EpnetRows *rows, EpnetBatchSolver laws,
                                    void *laws_context, EpnetBatchSolver points, void *points_context,
                                    EpnetError *error);

#endif
