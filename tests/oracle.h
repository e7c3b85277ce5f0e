/* The oracle: a slow, dense, independent account of the theory, in long double, for tests alone.
 *
 * It shares no code with the engine: channels are listed one by one, the generator is a full matrix, the
 * exponential is a product of full matrices, every observable is a loop over pairs of states and channels,
 * and the limits at empty states are carried as (finite part, coefficient of ln t). Memory that runs out here
 * ends the test program: a test has no use for less.
 *
 * Long double must be wider than double: valgrind computes it in 64 bits, so of the tests that use this only
 * test_reference holds there.
 *
 * Node i is bit i of a state. Units: s, 1/s, nat, nat/s; capacities bit/s. */
#ifndef EPNET_TESTS_ORACLE_H
#define EPNET_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long double Real;

/* calloc that ends the program when memory runs out. */
void *oracle_allocate(size_t count, size_t size);

/* ---- network and channels (oracle_chain.c) ------------------------------------------------------------- */

typedef struct OracleNetwork {
    int nodes;
    size_t edge_count;
    const int *source, *target;
    const double *rate;  /* beta of each edge [1/s] */
    const double *drive; /* F of each edge [nat], 0..inf */
    const double *flip_up, *flip_down;
} OracleNetwork;

/* One way for one node to flip. Logarithms are kept beside the rates: exp(-F) may underflow where -F does
 * not. */
typedef struct OracleChannel {
    int node;       /* which flips */
    size_t set;     /* mask of the nodes that the channel involves */
    size_t edge;    /* index of the edge, or SIZE_MAX for an intrinsic flip */
    Real *rate;     /* per state: rate of flipping `node` through this channel */
    Real *log_rate; /* per state: its logarithm, -inf where the flip is impossible */
} OracleChannel;

/* Channels 0 .. nodes - 1 are the flips, then one per edge in the order of the network. */
typedef struct OracleChain {
    int nodes;
    size_t states, channel_count;
    OracleChannel *channels;
} OracleChain;

OracleChain oracle_chain(const OracleNetwork *network);
void oracle_chain_free(OracleChain *chain);

/* Total rate of flipping node j in state s, and its logarithm (-inf: impossible). */
Real oracle_rate(const OracleChain *chain, int j, size_t s);
Real oracle_log_rate(const OracleChain *chain, int j, size_t s);

/* Dense generator: matrix[s * states + t] = rate s -> t, rows sum to 0. The caller frees it. */
Real *oracle_generator(const OracleChain *chain);

/* dp = pL, and gross = inflow + outflow of every state (the scale that dp is a difference of; may be NULL).
 */
void oracle_derivative(const OracleChain *chain, const Real *p, Real *dp, Real *gross);

/* Lambda: the largest exit rate [1/s]. */
Real oracle_exit_max(const OracleChain *chain);

/* ---- dense linear algebra (oracle_linear.c) ------------------------------------------------------------ */

/* exp(tL) of an n x n generator: positive Taylor series of the uniformised chain over a small step, then
 * repeated squaring with rows renormalised to 1. `out` has n * n entries. */
void oracle_exponential(size_t n, const Real *generator, Real t, Real *out);

/* exp(tA) of any small matrix: Taylor series over a small step, then squaring. */
void oracle_exponential_general(size_t n, const Real *matrix, Real t, Real *out);

/* c = a b, all n x n; c is neither a nor b. */
void oracle_multiply(size_t n, const Real *a, const Real *b, Real *c);

/* q = p M (row vector times matrix); q is not p. */
void oracle_advance(size_t n, const Real *p, const Real *matrix, Real *q);

/* Solve A x = b by elimination with partial pivoting; a and b are overwritten, x lands in b. False: singular.
 */
bool oracle_solve(size_t n, Real *a, Real *b);

/* Stationary law of an n x n generator: recurrent classes by reachability, then GTH elimination on the one
 * class. False: several classes, so no unique law. `possible(s, t)` may be given by a matrix of flags for
 * rates that underflow; NULL: a transition is possible where its rate is positive. */
bool oracle_stationary(size_t n, const Real *generator, const unsigned char *possible, Real *pi);

/* Stationary law of a chain, and the flags of possible transitions (the caller frees them). */
bool oracle_chain_stationary(const OracleChain *chain, Real *pi);

/* ---- observables (oracle_entropy.c, oracle_flow.c) ----------------------------------------------------- */

/* A number with the sum of the absolute values of what it is a sum of: errors are judged relative to `scale`.
 */
typedef struct OracleValue {
    Real value, scale;
} OracleValue;

/* One channel, or one node's total rates: its share of the ledger EP = flow + dH/dt. */
typedef struct OracleLedger {
    OracleValue entropy_production, environment_flow, entropy_rate;
} OracleLedger;

typedef struct OracleRow {
    OracleValue entropy, multiinformation, multiinformation_rate, entropy_production;
    OracleValue entropy_production_channels, environment_entropy_flow, activity;
    OracleValue entropy_rate;          /* dH/dt */
    OracleValue marginal_entropy_rate; /* sum over nodes of dH_i/dt */
} OracleRow;

typedef struct OracleCutRow {
    OracleValue mutual_information, mutual_information_rate, entropy_production, environment_entropy_flow;
    OracleValue information_flow, local_entropy_rate, flow_bound, capacity;
} OracleCutRow;

/* All network observables of p, empty states by the right-hand limit. */
OracleRow oracle_row(const OracleChain *chain, const Real *p);

/* All observables of the cut (S, rest), S a mask. */
OracleCutRow oracle_cut_row(const OracleChain *chain, const OracleNetwork *network, const Real *p,
                            size_t s_mask);

/* One channel's ledger; and node j's entropy production in its total rates. */
OracleLedger oracle_channel_ledger(const OracleChain *chain, const OracleChannel *channel, const Real *p);
OracleValue oracle_node_entropy_production(const OracleChain *chain, int j, const Real *p);

/* Law of the nodes in `mask` (2^popcount entries, bits packed): sums of p. */
void oracle_marginal(const OracleChain *chain, const Real *p, size_t mask, Real *out);

/* The bits of s that mask selects, packed towards bit 0. */
size_t oracle_pack(size_t s, size_t mask);

Real oracle_multiinformation(const OracleChain *chain, const Real *p);
Real oracle_divergence(size_t n, const Real *p, const Real *q); /* D(p || q) [nat] */

/* c(F) of theory.md 7, from its formula, and as the maximum over input laws that it is the value of. */
Real oracle_copy_information(Real drive);
Real oracle_copy_information_by_search(Real drive);

/* Entropy-decay constant of one node alone: the infimum of EP/(2 D) over its laws [1/s]. */
Real oracle_node_decay(Real flip_up, Real flip_down);

/* ---- constant drive and leak (oracle_drive.c, oracle_leak.c) ------------------------------------------- */

/* The stationary entropy production across a cut when every edge has the drive F [nat/s]; the network's own
 * drives are not used. */
Real oracle_production_at(const OracleNetwork *network, size_t s_mask, Real drive);

/* The largest F <= `top` with that production equal to sigma, by a scan down in steps of `step` and
 * bisection; NaN if no two neighbours have it between them. */
Real oracle_largest_drive(const OracleNetwork *network, size_t s_mask, Real sigma, Real top, Real step);

/* The production nearest to sigma, at F = 0, on the same scan, or between its points by a search around the
 * nearest one. */
Real oracle_nearest_production(const OracleNetwork *network, size_t s_mask, Real sigma, Real top, Real step);

/* A straight line through ln I(t) after all copies are switched off at p0: dense exponentials of the flips
 * alone, bisection for the ends of the window, least squares. `t` and `y` receive the samples. */
Real oracle_quench(const OracleNetwork *network, const Real *p0, const double window[2], size_t samples,
                   Real *t, Real *y);

/* Minus the slope of the least-squares line, and the 95 % interval of the residual bootstrap as it is
 * documented: the draws are words of Philox4x32-10 under `seed`. */
Real oracle_leak_slope(size_t n, const Real *t, const Real *y);
void oracle_leak_interval(size_t n, const Real *t, const Real *y, size_t replicates, uint64_t seed, Real *low,
                          Real *high);

/* Philox4x32-10 of Salmon et al. (2011): the four words of a counter under a key. */
void oracle_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* ---- checks at any N (oracle_moments.c, oracle_complete.c) --------------------------------------------- */

/* Moments of z_i = 1 - 2 x_i: N means, then the pairs (a < b) in lexicographic order, from their own closed
 * linear equations, without any 2^N. `start` and `out` have oracle_moment_count() entries. */
size_t oracle_moment_count(int nodes);
void oracle_moments_of(int nodes, const double *p, Real *out);
void oracle_moments_at(const OracleNetwork *network, const Real *start, Real t, Real *out);
void oracle_moments_stationary(const OracleNetwork *network, Real *out);

/* Complete graph with one beta, F, flip_up and flip_down, and a law that depends on the number of ones alone.
 */
typedef struct OracleComplete {
    int nodes, cut_nodes; /* N, and the size of S */
    Real rate, drive, flip_up, flip_down;
} OracleComplete;

/* Law of the number of ones (N + 1 entries): evolved from `start` over t, or stationary. */
void oracle_complete_at(const OracleComplete *complete, const Real *start, Real t, Real *out);
void oracle_complete_stationary(const OracleComplete *complete, Real *out);

/* All observables of that law. Every state that can be reached must be positive. `scale` is left 0 where it
 * is not needed for a relative comparison of the value itself. */
OracleRow oracle_complete_row(const OracleComplete *complete, const Real *law);
OracleCutRow oracle_complete_cut_row(const OracleComplete *complete, const Real *law);

#endif
