/* The space of a search, from checked options. */
#include "falsify.h"

#include "network.h"
#include "status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double RATE_MIN = 1e-9, RATE_MAX = 1e9, DRIVE_MIN = 1e-6, DRIVE_MAX = 700;
static const double FLOOR_DEFAULT = 1e-3, FLOOR_MIN = 1e-12, FLOOR_MAX = 100;
#define STARTS_MAX 100000000u
#define REFINE_MAX 1000000u
#define THREADS_MAX 4096

const char *const epnet_falsify_bound_names[EPNET_FALSIFY_BOUNDS] = {"network", "leak", "cut_energy",
                                                                     "cut_bandwidth", "envelope"};

EpnetFalsifyOptions epnet_falsify_defaults(void) {
    return (EpnetFalsifyOptions){
        .nodes = 2,
        .starts = 10000,
        .refine = 256,
        .seed = 1,
        .min_ep = (double)NAN,
        .flip_min = 0.1,
        .flip_max = 10,
        .copy_min = 0.01,
        .copy_max = 100,
        .drive_min = 0.01,
        .drive_max = 20,
    };
}

/* ---- numbers ------------------------------------------------------------------------------------------ */

static EpnetStatus check_count(const char *name, size_t value, size_t most, EpnetError *error) {
    if (value >= 1 && value <= most)
        return EPNET_OK;
    return epnet_fail(error, EPNET_USAGE, "%s is %zu; allowed: 1 to %zu", name, value, most);
}

/* Limits of a quantity that is searched on a logarithmic scale between `least` and `most`; both may stand at
 * 0 or at infinity, where allowed, to fix it there. */
static EpnetStatus check_limits(const char *name, double low, double high, double least, double most,
                                bool zero_allowed, bool infinity_allowed, EpnetError *error) {
    if (low == high && ((zero_allowed && low == 0) || (infinity_allowed && isinf(low) && low > 0)))
        return EPNET_OK;
    if (low >= least && high <= most && low <= high)
        return EPNET_OK;
    if (low > high)
        return epnet_fail(error, EPNET_USAGE, "%s: the minimum %g is above the maximum %g", name, low, high);
    return epnet_fail(error, EPNET_USAGE, "%s: the limits are %g and %g; allowed: %g to %g%s%s", name, low,
                      high, least, most, zero_allowed ? ", or both 0" : "",
                      infinity_allowed ? ", or both inf" : "");
}

static EpnetStatus check_numbers(const EpnetFalsifyOptions *options, EpnetError *error) {
    if (options->nodes < 2 || options->nodes > EPNET_FALSIFY_NODES)
        return epnet_fail(error, EPNET_USAGE, "nodes is %d; allowed: 2 to %d", options->nodes,
                          EPNET_FALSIFY_NODES);
    if (options->threads < 0 || options->threads > THREADS_MAX)
        return epnet_fail(error, EPNET_USAGE, "threads is %d; allowed: 0 (one per core) to %d",
                          options->threads, THREADS_MAX);
    EpnetStatus status = check_count("starts", options->starts, STARTS_MAX, error);
    if (status == EPNET_OK)
        status = check_count("refine", options->refine, REFINE_MAX, error);
    if (status == EPNET_OK)
        status = check_limits("flip rates", options->flip_min, options->flip_max, RATE_MIN, RATE_MAX, true,
                              false, error);
    if (status == EPNET_OK)
        status = check_limits("copy rates", options->copy_min, options->copy_max, RATE_MIN, RATE_MAX, false,
                              false, error);
    if (status == EPNET_OK)
        status = check_limits("drives", options->drive_min, options->drive_max, DRIVE_MIN, DRIVE_MAX, true,
                              true, error);
    return status;
}

/* ---- choices ------------------------------------------------------------------------------------------ */

static EpnetStatus choose_bound(const EpnetFalsifyOptions *options, EpnetFalsifySpace *space,
                                EpnetError *error) {
    const char *name = options->bound != NULL ? options->bound : "";
    for (int b = 0; b < EPNET_FALSIFY_BOUNDS; b++) {
        if (strcmp(name, epnet_falsify_bound_names[b]) == 0) {
            space->bound = (EpnetFalsifyBound)b;
            return EPNET_OK;
        }
    }
    return epnet_fail(error, EPNET_USAGE,
                      "no bound '%.100s'; allowed: network, leak, cut_energy, cut_bandwidth, envelope", name);
}

/* Whether `text` is the second of two words (true) or the first or NULL (false), or an error. */
static EpnetStatus choose_word(const char *what, const char *text, const char *first, const char *second,
                               bool *is_second, EpnetError *error) {
    *is_second = text != NULL && strcmp(text, second) == 0;
    if (text == NULL || *is_second || strcmp(text, first) == 0)
        return EPNET_OK;
    return epnet_fail(error, EPNET_USAGE, "%s is '%.100s'; allowed: %s, %s", what, text, first, second);
}

static EpnetStatus refuse(const char *what, const char *bound, EpnetError *error) {
    return epnet_fail(error, EPNET_USAGE, "%s has no meaning for the bound '%s'", what, bound);
}

/* The choices that only some bounds have: a floor, states, a left side. */
static EpnetStatus choose_question(const EpnetFalsifyOptions *options, EpnetFalsifySpace *space,
                                   EpnetError *error) {
    const EpnetFalsifyBound bound = space->bound;
    const bool floor = bound <= EPNET_FALSIFY_CUT_ENERGY; /* the others stay bounded without */
    const bool cut = bound == EPNET_FALSIFY_CUT_ENERGY || bound == EPNET_FALSIFY_CUT_BANDWIDTH;
    const bool given = !isnan(options->min_ep);
    if (given && !floor)
        return refuse("min_ep", options->bound, error);
    if (given && !(options->min_ep >= FLOOR_MIN && options->min_ep <= FLOOR_MAX))
        return epnet_fail(error, EPNET_USAGE, "min_ep is %g; allowed: %g to %g nat per jump", options->min_ep,
                          FLOOR_MIN, FLOOR_MAX);
    if (options->states != NULL && bound == EPNET_FALSIFY_ENVELOPE)
        return refuse("states", options->bound, error);
    if (options->left != NULL && !cut)
        return refuse("left", options->bound, error);
    if (bound == EPNET_FALSIFY_ENVELOPE && options->flip_max == 0)
        return epnet_fail(error, EPNET_USAGE,
                          "flip rates: both limits are 0, and without flips the envelope "
                          "has no leak; allowed: flips above 0");
    space->min_ep = !floor ? 0 : given ? options->min_ep : FLOOR_DEFAULT;
    EpnetStatus status = choose_word("states", options->states, "reachable", "any", &space->any_state, error);
    return status != EPNET_OK ? status
                              : choose_word("left", options->left, "rate", "flow", &space->flow, error);
}

/* ---- edges and cuts ------------------------------------------------------------------------------------ */

typedef bool EdgeTable[EPNET_FALSIFY_NODES][EPNET_FALSIFY_NODES];

static bool read_node(const char **text, int nodes, int *node) {
    if (**text < '0' || **text >= '0' + nodes)
        return false;
    *node = *(*text)++ - '0';
    return true;
}

/* "0>1 1>0", separated by blanks or commas. */
static EpnetStatus read_edges(const char *text, int nodes, EdgeTable present, EpnetError *error) {
    const char *at = text;
    for (;;) {
        int source, target;
        at += strspn(at, " ,");
        if (*at == '\0')
            return EPNET_OK;
        const bool pair = read_node(&at, nodes, &source) && *at++ == '>' && read_node(&at, nodes, &target);
        if (!pair || source == target || (*at != '\0' && strchr(" ,", *at) == NULL))
            return epnet_fail(error, EPNET_USAGE,
                              "edges is '%.200s'; allowed: complete, ring, path, star, or a list as "
                              "\"0>1 1>0\" of different nodes 0 to %d, source>target",
                              text, nodes - 1);
        if (present[source][target])
            return epnet_fail(error, EPNET_USAGE, "edges: %d>%d is there twice", source, target);
        present[source][target] = true;
    }
}

static EpnetStatus choose_edges(const EpnetFalsifyOptions *options, EpnetFalsifySpace *space,
                                EpnetError *error) {
    EdgeTable present = {{false}};
    EpnetNetwork network = {.nodes = space->nodes};
    const char *text = options->edges != NULL ? options->edges : "complete";
    EpnetStatus status = EPNET_OK;
    if (text[0] >= 'a' && text[0] <= 'z' && strcmp(text, "none") != 0)
        status = epnet_network_topology(&network, text, error);
    else
        status = read_edges(text, space->nodes, present, error);
    for (size_t e = 0; e < network.edge_count; e++)
        present[network.source[e]][network.target[e]] = true;
    epnet_network_free(&network);
    for (int i = 0; i < space->nodes; i++) {
        for (int j = 0; j < space->nodes; j++) {
            if (!present[i][j])
                continue;
            space->source[space->edge_count] = i;
            space->target[space->edge_count++] = j;
        }
    }
    if (status == EPNET_OK && space->edge_count == 0)
        return epnet_fail(error, EPNET_USAGE, "edges: there is none; allowed: at least one, as \"0>1\"");
    return status;
}

static bool any_edge_crosses(const EpnetFalsifySpace *space, uint64_t mask) {
    for (size_t e = 0; e < space->edge_count; e++) {
        if (epnet_bit(mask, space->source[e]) != epnet_bit(mask, space->target[e]))
            return true;
    }
    return false;
}

static EpnetStatus read_cut(const char *text, EpnetFalsifySpace *space, EpnetError *error) {
    const uint64_t all = ((uint64_t)1 << space->nodes) - 1;
    uint64_t mask = 0;
    bool valid = true;
    for (const char *at = text; valid; at++) { /* node, comma, node, ... */
        int node;
        valid = read_node(&at, space->nodes, &node) && !epnet_bit(mask, node);
        mask |= valid ? (uint64_t)1 << node : 0;
        if (valid && *at == '\0')
            break;
        valid = valid && *at == ',';
    }
    if (!valid || mask == all)
        return epnet_fail(error, EPNET_USAGE,
                          "cut is '%.100s'; allowed: some, not all, of the nodes 0 to %d, as \"0,1\"", text,
                          space->nodes - 1);
    if (!any_edge_crosses(space, mask))
        return epnet_fail(error, EPNET_USAGE,
                          "cut: no edge crosses S = {%s}; allowed: a cut with copies across it", text);
    space->cuts[0] = mask;
    space->cut_count = 1;
    return EPNET_OK;
}

static EpnetStatus choose_cuts(const EpnetFalsifyOptions *options, EpnetFalsifySpace *space,
                               EpnetError *error) {
    const uint64_t all = ((uint64_t)1 << space->nodes) - 1;
    if (space->bound < EPNET_FALSIFY_CUT_ENERGY)
        return options->cut != NULL ? refuse("cut", options->bound, error) : EPNET_OK;
    if (options->cut != NULL)
        return read_cut(options->cut, space, error);
    for (uint64_t mask = 1; mask < all; mask += 2) { /* S holds node 0: a cut and its complement are one */
        if (any_edge_crosses(space, mask))
            space->cuts[space->cut_count++] = mask;
    }
    return EPNET_OK; /* not none: some node of an edge is on the other side in one of them */
}

EpnetStatus epnet_falsify_space(const EpnetFalsifyOptions *options, EpnetFalsifySpace *space,
                                EpnetError *error) {
    memset(space, 0, sizeof *space);
    EpnetStatus status = choose_bound(options, space, error);
    if (status == EPNET_OK)
        status = check_numbers(options, error);
    if (status == EPNET_OK)
        status = choose_question(options, space, error);
    space->nodes = options->nodes;
    space->flip_min = options->flip_min;
    space->flip_max = options->flip_max;
    space->copy_min = options->copy_min;
    space->copy_max = options->copy_max;
    space->drive_min = options->drive_min;
    space->drive_max = options->drive_max;
    /* The [leak] defaults of a spec; the interval is not asked for, so one replicate does. */
    space->leak = (EpnetLeakSettings){
        .kind = EPNET_LEAK_QUENCH, .window = {0.5, 0.01}, .samples = 101, .bootstrap = 1, .seed = 1};
    if (status == EPNET_OK)
        status = choose_edges(options, space, error);
    return status != EPNET_OK ? status : choose_cuts(options, space, error);
}
