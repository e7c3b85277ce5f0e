/* The stages of a search for the worst case of a bound: options -> space -> search -> case -> spec. */
#ifndef EPNET_HOST_FALSIFY_H
#define EPNET_HOST_FALSIFY_H

#include "falsify_case.h"

extern const char *const epnet_falsify_bound_names[EPNET_FALSIFY_BOUNDS];

/* falsify_space.c: check the options and fill the space. EPNET_USAGE with what is wrong and what is allowed.
 */
EpnetStatus epnet_falsify_space(const EpnetFalsifyOptions *options, EpnetFalsifySpace *space,
                                EpnetError *error);

/* falsify_search.c: the worst case; the counts of the result are filled. */
EpnetStatus epnet_falsify_search(const EpnetFalsifySpace *space, const EpnetFalsifyOptions *options,
                                 EpnetFalsifyCase *worst, EpnetFalsifyResult *result, EpnetError *error);

/* falsify_spec.c: what the sides are in names of columns; the nodes of S, as "0,1"; the case as a spec, into
 * the result. */
const char *epnet_falsify_left_text(const EpnetFalsifySpace *space);
const char *epnet_falsify_right_text(const EpnetFalsifySpace *space);
void epnet_falsify_cut_text(const EpnetFalsifySpace *space, size_t cut, char *text, size_t size);
EpnetStatus epnet_falsify_spec(const EpnetFalsifySpace *space, const EpnetFalsifyOptions *options,
                               const EpnetFalsifyCase *worst, EpnetFalsifyResult *result, EpnetError *error);

#endif
