/* The network of a spec: nodes, directed edges, and the rates that a point of the grid starts from. */
#ifndef EPNET_HOST_NETWORK_H
#define EPNET_HOST_NETWORK_H

#include "epnet.h"

/* How the rates beta of the edges are given. copy_rates (a matrix) is EPNET_COPY_RATE with copy = 1 and the
 * rates as weights. */
typedef enum EpnetCopyKind {
    EPNET_COPY_NONE,  /* no edges, or a sweep axis supplies it */
    EPNET_COPY_TOTAL, /* copy = sum of beta over the edges, split in proportion to weight */
    EPNET_COPY_RATE   /* copy = beta of an edge of weight 1 */
} EpnetCopyKind;

typedef struct EpnetNetwork {
    int nodes;
    char **names; /* nodes strings, or NULL: nodes go by number */
    size_t edge_count;
    int *source, *target; /* edge_count each; the source is copied to the target */
    double *weight;       /* edge_count, > 0 */
    EpnetCopyKind copy_kind;
    double copy;                 /* [bit/s] or [1/s], see copy_kind */
    double *drive;               /* edge_count, F [nat] in 0..inf */
    double *flip_up, *flip_down; /* nodes each [1/s] */
} EpnetNetwork;

/* The directed edges of "complete", "ring", "path", "star" or "none" over `nodes` nodes (every link both
 * ways, weight 1) appended to `network`. EPNET_USAGE: unknown name. */
EpnetStatus epnet_network_topology(EpnetNetwork *network, const char *topology, EpnetError *error);

/* Append an edge; drive is set to +inf, it is the caller's to change. EPNET_DEVICE when memory is exhausted.
 */
EpnetStatus epnet_network_add_edge(EpnetNetwork *network, int source, int target, double weight,
                                   EpnetError *error);

void epnet_network_free(EpnetNetwork *network); /* its arrays, not the struct */

#endif
