#include "network.h"

#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The array with room for one more item, NULL when memory is exhausted. Arrays of edges are made here alone
 * and grow by doubling: one is full when its count is a power of two. */
static void *grow(void *array, size_t count, size_t item_size) {
    if ((count & (count - 1)) != 0)
        return array;
    return reallocarray(array, count == 0 ? 1 : 2 * count, item_size);
}

EpnetStatus epnet_network_add_edge(EpnetNetwork *network, int source, int target, double weight,
                                   EpnetError *error) {
    size_t edge = network->edge_count;
    int *sources = grow(network->source, edge, sizeof *sources);
    network->source = sources != NULL ? sources : network->source;
    int *targets = grow(network->target, edge, sizeof *targets);
    network->target = targets != NULL ? targets : network->target;
    double *weights = grow(network->weight, edge, sizeof *weights);
    network->weight = weights != NULL ? weights : network->weight;
    double *drives = grow(network->drive, edge, sizeof *drives);
    network->drive = drives != NULL ? drives : network->drive;
    if (sources == NULL || targets == NULL || weights == NULL || drives == NULL)
        return epnet_fail_memory(error, 2 * (edge + 1) * (2 * sizeof(int) + 2 * sizeof(double)), "edges");
    sources[edge] = source;
    targets[edge] = target;
    weights[edge] = weight;
    drives[edge] = INFINITY;
    network->edge_count = edge + 1;
    return EPNET_OK;
}

/* A link: both directions, a -> b first. */
static EpnetStatus add_link(EpnetNetwork *network, int a, int b, EpnetError *error) {
    EpnetStatus status = epnet_network_add_edge(network, a, b, 1, error);
    return status != EPNET_OK ? status : epnet_network_add_edge(network, b, a, 1, error);
}

/* Links 0-1, 0-2, .., 1-2, ..: every pair. */
static EpnetStatus add_complete(EpnetNetwork *network, EpnetError *error) {
    for (int a = 0; a < network->nodes; a++) {
        for (int b = a + 1; b < network->nodes; b++) {
            EpnetStatus status = add_link(network, a, b, error);
            if (status != EPNET_OK)
                return status;
        }
    }
    return EPNET_OK;
}

/* Links 0-1, 1-2, ... */
static EpnetStatus add_path(EpnetNetwork *network, EpnetError *error) {
    for (int a = 0; a + 1 < network->nodes; a++) {
        EpnetStatus status = add_link(network, a, a + 1, error);
        if (status != EPNET_OK)
            return status;
    }
    return EPNET_OK;
}

/* A path and the link from its last node to node 0; that of two nodes is there already. */
static EpnetStatus add_ring(EpnetNetwork *network, EpnetError *error) {
    EpnetStatus status = add_path(network, error);
    if (status != EPNET_OK || network->nodes <= 2)
        return status;
    return add_link(network, network->nodes - 1, 0, error);
}

/* Links 0-1, 0-2, ...: node 0 is the centre. */
static EpnetStatus add_star(EpnetNetwork *network, EpnetError *error) {
    for (int leaf = 1; leaf < network->nodes; leaf++) {
        EpnetStatus status = add_link(network, 0, leaf, error);
        if (status != EPNET_OK)
            return status;
    }
    return EPNET_OK;
}

static EpnetStatus add_none(EpnetNetwork *network, EpnetError *error) {
    (void)network;
    (void)error;
    return EPNET_OK;
}

EpnetStatus epnet_network_topology(EpnetNetwork *network, const char *topology, EpnetError *error) {
    static const struct {
        const char *name;
        EpnetStatus (*add)(EpnetNetwork *network, EpnetError *error);
    } topologies[] = {{"complete", add_complete},
                      {"ring", add_ring},
                      {"path", add_path},
                      {"star", add_star},
                      {"none", add_none}};
    for (size_t t = 0; t < sizeof topologies / sizeof topologies[0]; t++) {
        if (strcmp(topology, topologies[t].name) == 0)
            return topologies[t].add(network, error);
    }
    return epnet_fail(error, EPNET_USAGE,
                      "unknown topology \"%s\"; allowed: complete, ring, path, star, none", topology);
}

void epnet_network_free(EpnetNetwork *network) {
    for (int i = 0; network->names != NULL && i < network->nodes; i++)
        free(network->names[i]);
    free(network->names);
    free(network->source);
    free(network->target);
    free(network->weight);
    free(network->drive);
    free(network->flip_up);
    free(network->flip_down);
    *network = (EpnetNetwork){0};
}
