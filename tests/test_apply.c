/* Applications of the generator and the steps around them: against the channels one by one, at every size
 * where the loops are blocked otherwise, and byte by byte among instruction sets and teams. */
#include "cpu/apply.h"
#include "cpu/instruction_levels.h"
#include "support/check.h"
#include "support/random_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All states of small networks, and as many of large ones. */
enum { SAMPLES = 512, THREADS_MOST = 5 };

/* r_j(s), from the definition. */
static Real rate_of(const TestNetwork *network, int j, size_t s) {
    const int x = (int)(s >> j & 1);
    Real rate = x ? network->flip_down[j] : network->flip_up[j];
    for (size_t e = 0; e < network->edge_count; e++) {
        if (network->target[e] != j)
            continue;
        const int source = (int)(s >> network->source[e] & 1);
        rate += source != x ? network->rate[e] : network->rate[e] * expl(-(Real)network->drive[e]);
    }
    return rate;
}

/* (pL)_s, and the sum of its terms' sizes. */
static Real image_of(const TestNetwork *network, const double *p, size_t s, Real *size) {
    Real image = 0;
    *size = 0;
    for (int j = 0; j < network->nodes; j++) {
        const size_t from = s ^ (size_t)1 << j;
        const Real in = rate_of(network, j, from) * p[from], out = rate_of(network, j, s) * p[s];
        image += in - out;
        *size += fabsl(in) + fabsl(out);
    }
    return image;
}

typedef struct Vectors {
    double *in, *addend, *sum; /* what a step starts from */
    double *out, *total;       /* what it leaves */
} Vectors;

/* Signs of both kinds, for the vectors of a series are no laws. */
static double *make_vector(TestRandom *random, size_t n) {
    double *v = oracle_allocate(n, sizeof *v);
    for (size_t s = 0; s < n; s++)
        v[s] = test_random_uniform(random) - 0.25;
    return v;
}

/* How the integrators step: pL alone; the first and the other steps of a series, in place of the vector
 * before last or not; a stage of Runge and Kutta's; and all factors at once. */
static const EpnetSpaceStep kinds[] = {
    {.rate_factor = 1},
    {.in_factor = 1, .rate_factor = 0.125, .out_weight = 0.75, .in_weight = 1.5},
    {.in_factor = 2, .rate_factor = 0.25, .addend_factor = -1, .sum_factor = 1, .out_weight = 0.5},
    {.rate_factor = 0.0625, .addend_factor = 1},
    {.in_factor = 1, .rate_factor = 0.125, .sum_factor = 1, .out_weight = 0.75},
    {.in_factor = 0.5,
     .rate_factor = 2,
     .addend_factor = 3,
     .sum_factor = -2,
     .out_weight = 5,
     .in_weight = 7},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool has_sum(const EpnetSpaceStep *kind) {
    return kind->out_weight != 0;
}

/* The step of a kind, which leaves its results in v->out and v->total; in_place: the addend is out. */
static void take_step(const EpnetGenerator *g, const EpnetSpaceStep *kind, bool in_place, Vectors *v) {
    EpnetSpaceStep step = *kind;
    const size_t bytes = g->states * sizeof(double);
    memcpy(v->total, v->sum, bytes);
    if (in_place)
        memcpy(v->out, v->addend, bytes);
    step.in = v->in;
    step.out = v->out;
    step.addend = kind->addend_factor == 0 ? NULL : in_place ? v->out : v->addend;
    step.sum = has_sum(kind) ? v->total : NULL;
    epnet_cpu_step(g, &step);
}

static void check_state(const TestNetwork *network, const EpnetSpaceStep *kind, const Vectors *v, size_t s) {
    Real size;
    const Real image = image_of(network, v->in, s, &size), in = v->in[s];
    const Real out = kind->in_factor * in + kind->rate_factor * image + kind->addend_factor * v->addend[s];
    size = fabsl(kind->in_factor * in) + fabsl(kind->rate_factor) * size +
           fabsl(kind->addend_factor * v->addend[s]);
    check_near(v->out[s], out, 2e-15L * size, "out");
    if (!has_sum(kind)) {
        assert_true(v->total[s] == v->sum[s]);
        return;
    }
    const Real sum = kind->sum_factor * v->sum[s] + kind->out_weight * out + kind->in_weight * in;
    check_near(v->total[s], sum,
               2e-15L * (fabsl(kind->sum_factor * v->sum[s]) + fabsl(kind->out_weight) * size +
                         fabsl(kind->in_weight * in)),
               "sum");
}

/* Every state, or a sample in which each bit of every block, run and pack comes up. */
static void check_states(TestRandom *random, const TestNetwork *network, const EpnetSpaceStep *kind,
                         const Vectors *v) {
    const size_t states = (size_t)1 << network->nodes;
    for (size_t k = 0; k < (states < SAMPLES ? states : SAMPLES); k++) {
        const size_t s = states <= SAMPLES ? k
                         : k == 0          ? 0
                         : k == 1          ? states - 1
                                           : (size_t)test_random_bits(random) & (states - 1);
        check_state(network, kind, v, s);
    }
}

/* A team of other size, or another instruction set, leaves the bytes that are in v. */
static void check_same(EpnetGenerator *g, const EpnetSpaceStep *kind, bool in_place, Vectors *v) {
    const size_t bytes = g->states * sizeof(double);
    Vectors other = *v;
    other.out = malloc(bytes);
    other.total = malloc(bytes);
    assert_true(other.out != NULL && other.total != NULL);
    take_step(g, kind, in_place, &other);
    assert_memory_equal(other.out, v->out, bytes);
    assert_memory_equal(other.total, v->total, bytes);
    free(other.out);
    free(other.total);
}

static void check_teams(EpnetGenerator *g, const EpnetSpaceStep *kind, bool in_place, Vectors *v) {
    for (int threads = 2; threads <= THREADS_MOST; threads += threads == 3 ? 2 : 1) {
        EpnetTeam *team;
        EpnetError error;
        assert_int_equal(epnet_team_open(threads, &team, &error), EPNET_OK);
        assert_true(epnet_generator_share(g, team));
        check_same(g, kind, in_place, v);
        assert_true(epnet_generator_share(g, NULL));
        epnet_team_close(team);
    }
}

static void check_levels(EpnetGenerator *g, const EpnetSpaceStep *kind, bool in_place, Vectors *v) {
    const EpnetInstructionLevel usual = epnet_instruction_level();
    for (int level = 0; level < EPNET_LEVELS; level++) {
        if (epnet_instruction_level_use((EpnetInstructionLevel)level))
            check_same(g, kind, in_place, v);
    }
    assert_true(epnet_instruction_level_use(usual));
}

static void check_network(TestRandom *random, TestNetwork network, int first_kind, int kind_step) {
    EpnetProblem problem = test_network_problem(&network, NULL);
    EpnetPoint point = test_network_point(&network);
    EpnetGenerator g;
    const size_t n = (size_t)1 << network.nodes;
    Vectors v = {make_vector(random, n), make_vector(random, n), make_vector(random, n),
                 oracle_allocate(n, sizeof(double)), oracle_allocate(n, sizeof(double))};
    assert_true(epnet_generator_alloc(&g, network.nodes));
    epnet_generator_set(&g, &problem, &point, NULL, true);
    for (int k = first_kind; k < KINDS; k += kind_step) {
        for (int in_place = 0; in_place <= (kinds[k].addend_factor != 0); in_place++) {
            take_step(&g, &kinds[k], in_place, &v);
            check_states(random, &network, &kinds[k], &v);
            check_levels(&g, &kinds[k], in_place, &v);
            check_teams(&g, &kinds[k], in_place, &v);
        }
    }
    epnet_generator_free(&g);
    free(v.in);
    free(v.addend);
    free(v.sum);
    free(v.out);
    free(v.total);
    test_network_free(&network);
}

static void steps_follow_the_channels(void **state) {
    (void)state;
    TestRandom random = test_random(901);
    for (int nodes = 1; nodes <= 9; nodes++)
        check_network(&random, test_network_random(&random, nodes, 0.6, 0.01, 100, TEST_DRIVES_MIXED), 0, 1);
    for (int nodes = 10; nodes <= 15; nodes++)
        check_network(&random, test_network_random(&random, nodes, 0.3, 0.01, 100, TEST_DRIVES_MIXED),
                      nodes % 2, 2);
}

/* From 22 nodes on in two passes, the second over packed runs. */
static void two_passes_follow_the_channels(void **state) {
    (void)state;
    TestRandom random = test_random(902);
    check_network(&random, test_network_random(&random, 22, 0.1, 0.01, 100, TEST_DRIVES_MIXED), 2, KINDS);
    if (!check_long())
        return;
    for (int nodes = 17; nodes <= 24; nodes++)
        check_network(&random, test_network_random(&random, nodes, 0.1, 0.01, 100, TEST_DRIVES_MIXED), 0, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_the_channels),
        cmocka_unit_test(two_passes_follow_the_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
