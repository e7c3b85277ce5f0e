/* The rules of a spec's text, keys and [network]: a spec that breaks one is refused at the exact place with a
 * message that says what is wrong, and its valid neighbour is accepted. */
#include "support/check.h"
#include "support/spec_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EDGELESS "[network]\nnodes = 3\ntopology = \"none\"\n"
#define RATED "[network]\nnodes = 3\ncopy_rate = 1\n" /* a whole spec, open for more keys of [network] */

static void test_syntax(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "@\n", "drive = ^", "drive = 1", "expected value"},
        {RATED "@\n", "drive ^1", "drive = 1", "expected '='"},
        {RATED "@\n", "drive = 1\ndrive = ^2", "drive = 1", "cannot redefine existing integer 'drive'"},
        {RATED "@\n", "^[network]", "[observe]", "cannot redefine existing table 'network'"},
        {RATED "@\n", "[^=]", "[solve]", "not the name of a table"},
        {RATED "@\n", "[solve]\n  [ ^[.x]]", "[solve]", "contiguous"},
        {RATED "@", "[[^[", "[solve]", "not the name of a table"},
        {RATED "drive = @", "1e999^", "1e99", "is not representable in 64 bits"},
        {RATED "drive = @ # infinite\n", "in^g", "inf", "expected 'inf'"},
        {"title = @\n" RATED, "\"\xC3\xA9\" ^x", "\"\xC3\xA9\"", "expected a comment or whitespace"},
        {"title = @\n" RATED, "\"a^\x01\"", "\"a\"", "control characters"},
        {"title = @\n" RATED, "^5", "\"5\"", "title is 5; allowed: a string"},
        {"title = \"\xE2\x82\xAC\" # \xC3\xA9\n@\n" RATED, "^\xC3\xA9 = 1", "", "saw '\xC3\xA9'"},
        {"title =@\"x\"\n" RATED, "^\xC2\xA0", " ", "could not determine value type"}, /* no blank in TOML */
        {"title = \"\xC3\xA9\xE2\x82\xAC@\"\n" RATED, "^\xF3\xB0\x80\x80", "\xF4\x80\x80\x80", "private use"},
        {"title = \"@\"\n" RATED, "^\\U000F00E9", "\\U000E0041", "private use"},
        {"title = ^\"@\"\n" RATED, "\xFF", "\xC3\xBF", "invalid utf-8"},
        {"title = ^\"@\"\n" RATED, "\xE0\x80\x80", "\xE0\xA0\x80", "invalid utf-8"}, /* overlong */
        {"title = ^\"@\"\n" RATED, "\xED\xA0\x80", "\xED\x9F\xBF", "invalid utf-8"}, /* a surrogate */
    };
    CHECK_CASES(cases);
}

static void test_keys(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {"@\n" RATED, "^titel = \"x\"", "title = \"x\"",
         "unknown key \"titel\" at the top; did you mean \"title\"?"},
        {"@\n" RATED, "^nodes = 3", "", "it is a key of [network]"},
        {RATED "@", "[^slove]\n", "[solve]\n", "did you mean \"solve\"?"},
        {RATED "@", "^drvie = 1\n", "drive = 1\n",
         "unknown key \"drvie\" in [network]; did you mean \"drive\"?"},
        {RATED "@", "^kind = \"stationary\"\n", "drive = 1\n", "it is a key of [solve]"},
        {RATED "[initial]\n@", "^stat = \"000\"", "state = \"000\"", "did you mean \"state\"?"},
        {RATED "[observe]\n@", "^cutt = [0]", "cut = [0]", "did you mean \"cut\"?"},
        {RATED "[solve]\n@", "^sample = 3", "samples = 3", "did you mean \"samples\"?"},
        {RATED "[output]\n@", "^trajectory = true", "trajectories = true", "did you mean \"trajectories\"?"},
        {RATED "[sweep]\n@", "^drives.values = [1]", "drive.values = [1]", "did you mean \"drive\"?"},
        {RATED "[sweep]\ndrive = { @ }", "from = 1, to = 2, ^point = 2", "from = 1, to = 2, points = 2",
         "unknown key \"point\" in sweep.drive; did you mean \"points\"?"},
        {RATED "[sweep]\n@", "^nodes.values = [1]", "flip_up.values = [1]",
         "network.nodes cannot be swept; allowed: copy_total, copy_rate, drive, sigma, flip_up, flip_down"},
        {RATED "[sweep]\n@", "drive = ^[1]", "drive = { values = [1] }",
         "sweep.drive is an array; allowed: a table"},
        {"@", "network = ^3", RATED, "[network] is 3; allowed: a table"},
        {"@", "^[[network]]", RATED, "[network] is an array; allowed: a table"},
        {RATED "[leak]\n@", "^boostrap = 100", "bootstrap = 100",
         "unknown key \"boostrap\" in [leak]; did you mean \"bootstrap\"?"},
        {RATED "[leak]\n@", "^tolerance = 1", "seed = 1", "it is a key of [solve]"},
    };
    CHECK_CASES(cases);
}

static void test_nodes(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {"@", "^title = \"x\"\n", "[network]\nnodes = 1", "network.nodes is missing"},
        {"@", "[^network]\ncopy_rate = 1\n", RATED, "network.nodes is missing"},
        {"[network]\ntopology = \"none\"\nnodes = @", "^0", "1",
         "network.nodes is 0; allowed: a whole number from 1 to 31"},
        {"[network]\ntopology = \"none\"\nnodes = @", "^32", "20", "network.nodes is 32"},
        {"[network]\ntopology = \"none\"\nnodes = @", "^3.0", "3", "network.nodes is 3"},
        {"[network]\ntopology = \"none\"\nnodes = @", "^\"3\"", "3", "the string \"3\""},
        {"[network]\ntopology = \"none\"\nnodes = @", "^true", "3", "network.nodes is true"},
        {"[network]\ntopology = \"none\"\nnodes = @", "^9999999999999", "3",
         "network.nodes is 9999999999999"},
        {RATED "topology = @", "^\"tree\"", "\"star\"", "allowed: complete, ring, path, star, none"},
        {RATED "topology = @", "^1", "\"star\"", "network.topology is 1"},
    };
    CHECK_CASES(cases);
}

/* 10 vectors of 2^nodes doubles must fit: the host decides which of these are refused. */
static void test_memory(void **state) {
    (void)state;
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    for (int nodes = 20; nodes <= 30; nodes++) {
        char texts[2][256], edges[64], what[128];
        snprintf(edges, sizeof edges, "source,target\n0,%d\n", nodes - 1);
        spec_text_file("edges.csv", edges);
        snprintf(texts[0], sizeof texts[0], "[network]\nnodes = %d\ncopy_rate = 1\n", nodes);
        snprintf(texts[1], sizeof texts[1], "[network]\nedges_file = \"edges.csv\"\ncopy_rate = 1\n");
        snprintf(what, sizeof what, "%d nodes have 2^%d states and need %g GiB", nodes, nodes,
                 round(10 * ldexp(80, nodes - 30)) / 10);
        for (unsigned t = 0; t < 2; t++) {
            EpnetSpec *spec;
            EpnetError error;
            bool fits = ldexp(80, nodes) <= memory;
            assert_int_equal(spec_text_read(texts[t], NULL, &spec, &error), fits ? EPNET_OK : EPNET_BAD_SPEC);
            if (!fits)
                spec_text_check_error(&error, "spec.toml", 2, t == 0 ? 9 : 1, what);
            epnet_spec_free(spec);
        }
    }
}

/* One vector must fit with split, which the message of the others says. */
static void test_split(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "[solve]\nmethod = @", "^\"split\"", "\"split\"\ndt = 0.1", "needs one of solve.tolerance"},
        {RATED "[solve]\nmethod = \"split\"\n@tolerance = 1e-3\n", "^dt = 0.1\n", "",
         "needs one of solve.tolerance"},
        {RATED "[solve]\nt_end = 1\nsamples = 3\nmethod = \"split\"\ndt = @", "^0.3", "0.25",
         "is 1.6666666666666667 steps"},
        {RATED "[solve]\ntolerance = 1e-3\nmethod = @", "^\"split\"\nkind = \"stationary\"", "\"split\"",
         "allowed with solve.kind = \"trajectory\""},
        {RATED "[solve]\ntolerance = 1e-3\nmethod = \"split\"\n[initial]\ndistribution = @",
         "^\"stationary\"", "\"uniform\"", "initial.distribution = \"stationary\" takes others"},
        {RATED "[solve]\ntolerance = 1e-3\nmethod = \"split\"\n@", "[^leak]\n", "", "[leak] takes others"},
        {RATED "sigma = 1\n[observe]\ncut = [0]\n[solve]\ntolerance = 1e-3\nmethod = @", "^\"split\"",
         "\"chebyshev\"", "sigma takes stationary laws"},
    };
    CHECK_CASES(cases);
    double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    for (int nodes = 28; nodes <= 31; nodes++) {
        EpnetSpec *spec;
        EpnetError error;
        char text[256];
        const bool fits = ldexp(8, nodes) <= memory, narrow = ldexp(8 + 4, nodes) + 16 <= memory;
        snprintf(text, sizeof text,
                 "[network]\nnodes = %d\ntopology = \"ring\"\ncopy_rate = 1\n[solve]\nmethod = \"split\"\n"
                 "tolerance = 1e-2\n",
                 nodes);
        assert_int_equal(spec_text_read(text, NULL, &spec, &error), fits ? EPNET_OK : EPNET_BAD_SPEC);
        epnet_spec_free(spec);
        assert_int_equal(spec_text_read(text, "observe.cut=[3]", &spec, &error),
                         narrow ? EPNET_OK : EPNET_BAD_SPEC);
        if (fits && !narrow)
            assert_non_null(strstr(error.message, "of states; allowed: what fits this host's memory"));
        epnet_spec_free(spec);
        assert_int_equal(spec_text_read(text, "solve.method=rk4", &spec, &error), EPNET_BAD_SPEC);
        if (fits && ldexp(80, nodes) > memory)
            assert_non_null(strstr(error.message, "a trajectory with solve.method = \"split\" needs"));
    }
}

static void test_edges(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "edges = @", "^3", "[[0, 1]]", "network.edges is 3"},
        {RATED "edges = [@]", "^3", "[0, 1]", "an entry of network.edges is 3"},
        {RATED "edges = [@]", "^[0]", "[0, 1]", "has 1 values"},
        {RATED "edges = [@]", "^[0, 1, 2, 3]", "[0, 1, 2]", "has 4 values"},
        {RATED "edges = [[0, 1], @]", "^[1, 1]", "[1, 0]", "the edge 1 -> 1 leads from a node to itself"},
        {RATED "edges = [[0, 1], @]", "^[0, 1, 2.5]", "[1, 0, 2.5]", "the edge 0 -> 1 is there already"},
        {RATED "edges = [[0, 1],\n@]\nundirected = true", "^[1, 0]", "[1, 2]", "spec.toml:4:10"},
        {RATED "edges = [[0, 1], [1, @]]", "^3", "2",
         "the target of an edge is 3; allowed: a whole number from 0 to 2"},
        {RATED "edges = [[0, 1], [@, 1]]", "^-1", "2", "the source of an edge is -1"},
        {RATED "edges = [[0, @]]", "^1.5", "1", "the target of an edge is 1.5"},
        {RATED "edges = [[0, 1, @]]", "^0", "1", "the weight of an edge is 0; allowed: a finite number > 0"},
        {RATED "edges = [[0, 1, @]]", "^inf", "1e308", "the weight of an edge is inf"},
        {"@nodes = 3\ncopy_total = 1\nedges = [[0, 1, 1e308], [1, 2, 1e307]]",
         "[^network]\nundirected = true\n", "[network]\n", "no finite sum"},
        {RATED "edges = [[0, 1]]\n@", "undirected = ^1", "undirected = true", "network.undirected is 1"},
        {RATED "edges = [[0, 1]]\n@", "^topology = \"ring\"", "",
         "network.edges and network.topology exclude"},
        {RATED "edges = [[0, 1]]\n@", "^edges_file = \"a.csv\"", "",
         "network.edges and network.edges_file exclude"},
        {RATED "topology = \"ring\"\n@", "^edges_file = \"a.csv\"", "",
         "network.topology and network.edges_file exclude"},
        {RATED "@", "^undirected = true", "", "goes with edges or edges_file"},
        {RATED "topology = \"ring\"\n@", "^undirected = false", "", "goes with edges or edges_file"},
        {RATED "@", "^edges_file = \"missing.csv\"", "", "missing.csv: No such file or directory"},
        {RATED "edges_file = @", "^\"\"\n", "\"edges.csv\"", "network.edges_file is the string \"\""},
        {RATED "edges_file = @", "^1\n", "\"edges.csv\"", "network.edges_file is 1"},
        {"[network]\ncopy_rate = 1\n@\n", "^edges_file = \"no_edges.csv\"", "edges_file = \"edges.csv\"",
         "has no edge, so network.nodes is needed"},
    };
    spec_text_file("edges.csv", "source,target\n0,1\n");
    spec_text_file("no_edges.csv", "source,target\n");
    CHECK_CASES(cases);
}

static void test_copies(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {"@\nnodes = 3", "[^network]", "[network]\ncopy_total = 0", "the rate of the 6 edges is missing"},
        {"[network]\nnodes = 3\ncopy_total = @", "^-1", "0",
         "network.copy_total is -1; allowed: a finite number >= 0"},
        {"[network]\nnodes = 3\ncopy_total = @", "^inf", "1e9", "network.copy_total is inf"},
        {"[network]\nnodes = 3\ncopy_total = @", "^nan", "7", "network.copy_total is nan"},
        {"[network]\nnodes = 3\ncopy_rate = @", "^-0.5", "0.5", "network.copy_rate is -0.5"},
        {"[network]\nnodes = 3\ncopy_rate = @", "^true", "1", "network.copy_rate is true"},
        {"[network]\nnodes = 3\ncopy_rate = @", "^1979-05-27", "1", "network.copy_rate is a date or time"},
        {RATED "@", "^copy_total = 1", "", "network.copy_rate and network.copy_total exclude each other"},
        {RATED "@", "^copy_rates = [[0]]", "", "network.copy_rate and network.copy_rates exclude each other"},
        {EDGELESS "@", "^copy_total = 1", "", "network.copy_total has no effect: the network has no edges"},
        {EDGELESS "@", "^copy_rate = 0", "", "network.copy_rate has no effect"},
        {EDGELESS "@", "[sweep]\n^copy_total.values = [1]", "[sweep]\nflip_up.values = [1]",
         "sweep.copy_total has no effect"},
        {EDGELESS "@", "[sweep]\n^drive.values = [1]", "[sweep]\nflip_down.values = [1]",
         "sweep.drive has no effect"},
        {"[network]\ncopy_rates = @", "^1", "[[0]]", "network.copy_rates is 1"},
        {"[network]\ncopy_rates = @", "^[]", "[[0]]", "network.copy_rates has 0 rows; allowed: 1 to 31"},
        {"[network]\ncopy_rates = [[0, 1], @]", "^[1]", "[1, 0]", "has 1 values; allowed: 2 rows of 2 rates"},
        {"[network]\ncopy_rates = [[0, 1], @]", "^1", "[1, 0]", "network.copy_rates[1] is 1"},
        {"[network]\ncopy_rates = [[0, 1], [1, @]]", "^2", "0",
         "the edge 1 -> 1 leads from a node to itself"},
        {"[network]\ncopy_rates = [[0, 1], [@, 0]]", "^-2", "0", "network.copy_rates[1][0] is -2"},
        {"[network]\nnodes = @\ncopy_rates = ^[[0, 1], [1, 0]]", "3", "2",
         "has 2 rows; allowed: 3 rows of 3 rates"},
        {"[network]\ncopy_rates = [[0]]\n@", "^topology = \"ring\"", "nodes = 1",
         "network.topology and network.copy_rates"},
        {"[network]\ncopy_rates = [[0]]\n@", "^edges = []", "nodes = 1",
         "network.edges and network.copy_rates"},
        {"[network]\ncopy_rates = [[0]]\n@", "^edges_file = \"x\"", "nodes = 1",
         "network.edges_file and network.copy_rates"},
        {"[network]\ncopy_rates = [[0]]\n@", "^undirected = true", "nodes = 1",
         "network.undirected and network.copy_rates"},
        {"[network]\ncopy_rates = [[0, 1], [1, 0]]\n[sweep]\n@", "^copy_total.values = [1]",
         "drive.values = [1]", "sweep.copy_total cannot vary the matrix network.copy_rates"},
        {"[network]\ncopy_rates = [[0, 1], [1, 0]]\n[sweep]\n@", "^copy_rate.values = [1]",
         "flip_up.values = [1]", "sweep.copy_rate cannot vary the matrix"},
    };
    CHECK_CASES(cases);
}

static void test_drive_and_flips(void **state) {
    (void)state;
    const SpecCase cases[] = {
        {RATED "drive = @", "^-1", "0", "network.drive is -1; allowed: a number >= 0, or inf"},
        {RATED "drive = @", "^nan", "inf", "network.drive is nan"},
        {RATED "drive = @", "^\"inf\"", "inf", "the string \"inf\""},
        {RATED "drive = @", "^[[1, 1, 1]]", "1",
         "network.drive has 1 rows; allowed: a number, or 3 rows of 3 numbers"},
        {RATED "drive = [[1, 1, 1], [1, 1, 1], @]", "^[1, 1]", "[inf, 0, 1]",
         "network.drive[2] has 2 values"},
        {RATED "drive = [[@, 1, 1], [1, 1, 1], [1, 1, 1]]", "^-2", "2", "network.drive[0][0] is -2"},
        {RATED "flip_up = @", "^-1", "0", "network.flip_up is -1; allowed: a finite number >= 0"},
        {RATED "flip_up = @", "^inf", "2", "network.flip_up is inf"},
        {RATED "flip_up = @", "^[1, 2]", "[1, 2, 0]", "network.flip_up has 2 values"},
        {RATED "flip_down = @", "[1, ^-2, 3]", "[1, 2, 3]", "network.flip_down[1] is -2"},
        {RATED "flip_down = @", "^{}", "1", "network.flip_down is a table"},
    };
    CHECK_CASES(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_nodes),  cmocka_unit_test(test_memory),
        cmocka_unit_test(test_split),  cmocka_unit_test(test_edges),
        cmocka_unit_test(test_copies), cmocka_unit_test(test_drive_and_flips),
    };
    return cmocka_run_group_tests(tests, spec_text_setup, spec_text_teardown);
}
