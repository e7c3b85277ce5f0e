/* Functions value_j(s) of a node and a state that are, given x_j, sums with one term per bit of s: rates, and
 * entropy flows. Three small tables, over the low, middle and top bits, give any value with two additions,
 * and if the terms are not negative without cancellation. */
#ifndef EPNET_HOST_NODE_TABLES_H
#define EPNET_HOST_NODE_TABLES_H

#include "bits.h"
#include "team.h"

/* Low tables over 2^6 states of all nodes stay in the first-level cache. */
enum { EPNET_LOW_BITS = 6 };

/* Nodes of any network, at most. */
enum { EPNET_NODE_TERMS = 64 };

typedef struct EpnetNodeTables {
    int nodes, low_bits, middle_bits, top_bits;
    size_t row;           /* doubles of a row: 2 nodes, rounded up to 8 */
    double *low;          /* [nodes][2][2^low_bits], the second index x_j */
    double *middle, *top; /* [2^bits][row], 2 j + x_j within a row; rest 0 */
    double *storage;      /* owns them; 64-byte aligned */
} EpnetNodeTables;

/* Doubles that the tables over `nodes` nodes take. */
size_t epnet_node_tables_size(int nodes);

/* False when memory is exhausted; free in any case. */
bool epnet_node_tables_alloc(EpnetNodeTables *tables, int nodes);
void epnet_node_tables_free(EpnetNodeTables *tables);

/* Fill for node j with x_j = x: start, and term[i][bit i of s] from every source i < nodes. */
void epnet_node_tables_fill(EpnetNodeTables *tables, int j, int x, double start, const double (*term)[2]);

/* value_j(s). */
static inline double epnet_node_value(const EpnetNodeTables *t, int j, uint64_t s) {
    const size_t k = s & (((uint64_t)1 << t->low_bits) - 1),
                 m = s >> t->low_bits & (((uint64_t)1 << t->middle_bits) - 1),
                 h = s >> t->low_bits >> t->middle_bits, at = 2 * (size_t)j + (size_t)epnet_bit(s, j);
    return t->low[(at << t->low_bits) + k] + (t->middle[m * t->row + at] + t->top[h * t->row + at]);
}

/* out[s] = sum over j of value_j(s), in the order of j. */
void epnet_node_sums(const EpnetNodeTables *tables, EpnetTeam *team, double *out);

#endif
