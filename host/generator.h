/* The generator L of dp/dt = pL at one parameter point: rates as additive tables, and assembled forms.
 *
 * Channels that flip node j in state s: the intrinsic flip (flip_up if x_j = 0, else flip_down), and for
 * every edge i -> j a copy (beta if x_i != x_j) or its reverse (beta exp(-F) if x_i = x_j). Given x_j, the
 * total rate r_j(s) is a sum with one non-negative term per bit (node_tables.h). */
#ifndef EPNET_HOST_GENERATOR_H
#define EPNET_HOST_GENERATOR_H

#include "backend.h"
#include "bits.h"
#include "node_tables.h"

#include <stdbool.h>

typedef struct EpnetGenerator {
    int nodes;
    size_t states; /* 2^nodes */
    size_t edge_count;
    const int *source, *target; /* borrowed, as are the next */
    const double *flip_up, *flip_down, *rate, *drive;
    EpnetNodeTables rates;    /* r_j(s) [1/s] */
    double *arrival;          /* [low bits][2^low bits]: low part of r_j(k^j), what enters k by a flip of j */
    double *exit;             /* [states]: sum over j of r_j(s) [1/s] */
    double exit_max;          /* Lambda = max over s of exit [1/s] */
    bool has_zero_rates;      /* some transition is impossible, or its rate underflows: reachability must be
                                 searched */
    const unsigned char *use; /* borrowed: edges that take part, NULL for all */
    bool with_flips;          /* the intrinsic flips take part */
    EpnetTeam *team;          /* borrowed, may be NULL: who works on vectors over its states */
    double *packs;            /* one for each of the team's threads (cpu/apply.h) */
    const volatile int *stop; /* borrowed; nonzero: loops over pairs of states end early, and what they give
                                 is not to be used; NULL: never */
} EpnetGenerator;

/* Doubles of storage that a generator over `nodes` nodes takes. */
size_t epnet_generator_size(int nodes);

/* Allocate for `nodes` nodes; false when memory is exhausted. Reused for many points. */
bool epnet_generator_alloc(EpnetGenerator *generator, int nodes);
void epnet_generator_free(EpnetGenerator *generator);

/* Have a team (borrowed) work on its vectors from now on; false when memory is exhausted. */
bool epnet_generator_share(EpnetGenerator *generator, EpnetTeam *team);

/* Doubles that a generator shared by a team takes beyond epnet_generator_size(). */
size_t epnet_generator_packs_size(int nodes, int threads);

/* Fill the tables for one point. Only edges whose `use` byte is nonzero take part (NULL: all); `with_flips`
 * false leaves the intrinsic flips out (the crossing channels of a cut). */
void epnet_generator_set(EpnetGenerator *generator, const EpnetProblem *problem, const EpnetPoint *point,
                         const unsigned char *use, bool with_flips);

/* Whether some transition of a point is impossible, or its rate underflows; needs no tables. */
bool epnet_point_has_zero_rates(const EpnetProblem *problem, const EpnetPoint *point);

static inline bool epnet_generator_stopped(const EpnetGenerator *g) {
    return g->stop != NULL && *g->stop;
}

/* r_j(s) [1/s]. */
static inline double epnet_generator_rate(const EpnetGenerator *g, int j, uint64_t s) {
    return epnet_node_value(&g->rates, j, s);
}

/* Whether node j can flip in state s at all: decided on the structure, so that a drive beyond 745 nat, whose
 * exp(-F) underflows, still counts as a possible reverse. */
bool epnet_generator_possible(const EpnetGenerator *generator, int j, uint64_t s);

/* ln r_j(s), correct where r_j(s) underflows; -inf where the flip is impossible. */
double epnet_generator_log_rate(const EpnetGenerator *generator, int j, uint64_t s);
/* The same of a generator without tables, given r_j(s) as it is in double. */
double epnet_generator_log_of_rate(const EpnetGenerator *generator, int j, uint64_t s, double rate);

/* Dense form for tests and small direct solves: matrix[s * states + t] = L_st, the rate s -> t; rows sum to
 * 0. */
void epnet_generator_dense(const EpnetGenerator *generator, double *matrix);

/* Sparse form (CSR by source state, diagonal included, columns increasing): offsets has states + 1 entries,
 * columns and values states * (nodes + 1). Returns the number of entries (zero rates are left out). */
size_t epnet_generator_sparse(const EpnetGenerator *generator, size_t *offsets, size_t *columns,
                              double *values);

#endif
