/* The keys of a spec: which there are, and what to say about others. */
#ifndef EPNET_HOST_SPEC_KEYS_H
#define EPNET_HOST_SPEC_KEYS_H

#include "toml_document.h"

namespace epnet {

/* Throws at the first key or table that no spec has, naming the nearest that it could be. */
void check_keys(const Table &root);

} // namespace epnet

#endif
