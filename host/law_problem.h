/* What the points of a problem take beside their own results: stationary laws. A search for a constant drive
 * asks for the production of many, the fit of a decay for the information of one. Backends that solve batches
 * find those of all points together, as a problem of its own. */
#ifndef EPNET_HOST_LAW_PROBLEM_H
#define EPNET_HOST_LAW_PROBLEM_H

#include "backend.h"

/* Whether the points of a problem take such laws. */
bool epnet_takes_laws(const EpnetProblem *problem);

/* The stationary laws of a problem's points, their drives given: with the first cut, whose
 * production a search asks for, or without any. */
EpnetProblem epnet_law_problem(const EpnetProblem *problem);

/* The problem itself with the drives given. Both borrow from `problem`. */
EpnetProblem epnet_given_problem(const EpnetProblem *problem);

#endif
