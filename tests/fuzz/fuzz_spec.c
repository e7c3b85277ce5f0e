/* Any bytes as a spec with overrides and the files that it names. The input is the text of the spec; a line
 * "%% set" begins the overrides, one a line, and "%% file NAME" a file beside the spec. What is read must be
 * fit for use, every refusal has its place. */
#include "columns.h"
#include "dataset.h"
#include "fuzz.h"
#include "problem.h"
#include "spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long __real_sysconf(int name);
long __wrap_sysconf(int name);

/* A host of 16 MiB: the largest spec that fits is then quick to read, and the limits are near. */
long __wrap_sysconf(int name) {
    return name == _SC_PHYS_PAGES ? ((long)16 << 20) / __real_sysconf(_SC_PAGESIZE) : __real_sysconf(name);
}

/* ---- the input ---------------------------------------------------------------------------------------- */

enum { MOST_OVERRIDES = 8, MOST_FILES = 4, LONGEST_NAME = 32 };

typedef struct Parts {
    char *text; /* of the input, cut into strings */
    size_t spec_size;
    size_t override_count, file_count;
    const char *overrides[MOST_OVERRIDES];
    char files[MOST_FILES][LONGEST_NAME];
} Parts;

static bool is_name(const char *name, size_t length) {
    return length > 0 && length < LONGEST_NAME && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") >= length;
}

/* The end of the part that begins at `from`: the next line that starts with "%% ", or the end. */
static char *part_end(char *from, char *end) {
    for (char *line = from; line < end;) {
        if (end - line >= 3 && memcmp(line, "%% ", 3) == 0)
            return line;
        char *next = memchr(line, '\n', (size_t)(end - line));
        line = next == NULL ? end : next + 1;
    }
    return end;
}

static void overrides_add(Parts *parts, char *from, char *end) {
    while (from < end && parts->override_count < MOST_OVERRIDES) {
        char *next = memchr(from, '\n', (size_t)(end - from));
        if (next == NULL)
            return; /* no room for the end of the string */
        *next = '\0';
        parts->overrides[parts->override_count++] = from;
        from = next + 1;
    }
}

static void parts_take(Parts *parts, const uint8_t *bytes, size_t size) {
    memset(parts, 0, sizeof *parts);
    parts->text = malloc(size + 1);
    fuzz_require(parts->text != NULL, "there is memory");
    memcpy(parts->text, bytes, size);
    char *end = parts->text + size, *at = part_end(parts->text, end);
    parts->spec_size = (size_t)(at - parts->text);
    fuzz_file_write(fuzz_path("spec.toml"), parts->text, parts->spec_size);
    while (at < end) {
        char *title = at + 3, *newline = memchr(title, '\n', (size_t)(end - title));
        char *from = newline == NULL ? end : newline + 1;
        size_t length = newline == NULL ? (size_t)(end - title) : (size_t)(newline - title);
        at = part_end(from, end);
        if (length == 3 && memcmp(title, "set", 3) == 0) {
            overrides_add(parts, from, at);
        } else if (length > 5 && memcmp(title, "file ", 5) == 0 && is_name(title + 5, length - 5) &&
                   parts->file_count < MOST_FILES) {
            char *name = parts->files[parts->file_count++];
            memcpy(name, title + 5, length - 5);
            fuzz_file_write(fuzz_path(name), from, (size_t)(at - from));
        }
    }
}

static void parts_free(Parts *parts) {
    for (size_t k = 0; k < parts->file_count; k++)
        unlink(fuzz_path(parts->files[k]));
    free(parts->text);
}

/* ---- what must hold ----------------------------------------------------------------------------------- */

static bool is_rate(double value) {
    return value >= 0 && isfinite(value);
}

static void network_check(const EpnetNetwork *network) {
    fuzz_require(network->nodes >= 1 && network->nodes <= EPNET_MAX_NODES, "the nodes are in range");
    for (size_t e = 0; e < network->edge_count; e++) {
        fuzz_require(network->source[e] >= 0 && network->source[e] < network->nodes &&
                         network->target[e] >= 0 && network->target[e] < network->nodes &&
                         network->source[e] != network->target[e],
                     "an edge joins two nodes");
        fuzz_require(network->weight[e] > 0 && isfinite(network->weight[e]), "a weight is positive");
        fuzz_require(network->drive[e] >= 0, "a drive is not negative");
    }
    for (int i = 0; i < network->nodes; i++)
        fuzz_require(is_rate(network->flip_up[i]) && is_rate(network->flip_down[i]), "a flip is a rate");
    fuzz_require(is_rate(network->copy), "a copy is a rate");
}

static void solve_check(const EpnetSpec *spec) {
    fuzz_require((spec->kind == EPNET_STATIONARY) == (spec->time_count == 0), "a trajectory has times");
    for (size_t k = 0; k < spec->time_count; k++) {
        fuzz_require(is_rate(spec->times[k]) && (k == 0 || spec->times[k] > spec->times[k - 1]),
                     "times rise");
        fuzz_require(spec->steps == NULL || k == 0 || spec->steps[k] > spec->steps[k - 1], "steps rise");
    }
    for (size_t c = 0; c < spec->cut_count; c++)
        fuzz_require(spec->cuts[c].mask != 0 && spec->cuts[c].label != NULL &&
                         spec->cuts[c].mask < ((uint64_t)1 << spec->network.nodes) - 1,
                     "a cut parts the nodes");
}

static void initial_check(const EpnetSpec *spec) {
    EpnetProblemStorage storage;
    EpnetError error;
    if (spec->network.nodes > 12 || epnet_problem_make(spec, &storage, &error) != EPNET_OK)
        return;
    double sum = 0;
    for (size_t s = 0; storage.problem.initial != NULL && s < (size_t)1 << spec->network.nodes; s++) {
        fuzz_require(storage.problem.initial[s] >= 0, "a probability is not negative");
        sum += storage.problem.initial[s];
    }
    fuzz_require(storage.problem.initial == NULL || fabs(sum - 1) < 1e-12, "probabilities sum to 1");
    epnet_problem_free(&storage);
}

static void grid_check(const EpnetSpec *spec) {
    const size_t points = epnet_grid_points(spec->axes, spec->axis_count);
    double *storage = calloc(epnet_grid_parameter_count(&spec->network), sizeof *storage);
    fuzz_require(points > 0 && storage != NULL, "a grid has points");
    for (size_t k = 0; k < 2; k++) {
        EpnetPoint point =
            epnet_grid_point(&spec->network, spec->axes, spec->axis_count, k * (points - 1), storage);
        for (size_t e = 0; e < spec->network.edge_count; e++)
            fuzz_require(is_rate(point.rate[e]) && point.drive[e] >= 0, "an edge of a point has its rate");
    }
    free(storage);
    fuzz_require(epnet_dataset_bytes(spec) / sizeof(double) >= points &&
                     epnet_dataset_bytes(spec) <= INT64_MAX,
                 "the grid file has a size");
}

/* A refusal names the spec, a file beside it or an override; one of the spec's content has line and column.
 */
static void refusal_check(EpnetStatus status, const EpnetError *error) {
    unsigned line, column;
    fuzz_message_check(status, error);
    if (status == EPNET_USAGE || strncmp(error->message, "--set ", 6) == 0) {
        fuzz_require(strncmp(error->message, "--set ", 6) == 0, "a usage error is an override's");
        return;
    }
    const char *folder = fuzz_path("");
    fuzz_require(status == EPNET_BAD_SPEC, "a readable file that is refused is a bad spec");
    fuzz_require(strncmp(error->message, folder, strlen(folder)) == 0, "a refusal names the file");
    const char *place = strchr(error->message, ':');
    fuzz_require(place != NULL && sscanf(place, ":%u:%u: error: ", &line, &column) == 2 && line >= 1 &&
                     column >= 1,
                 "a refusal has its line and column");
}

/* The effective text of a spec, as grid files and journals hold it, is read as the same spec. */
static void again_check(const EpnetSpec *spec) {
    EpnetSpec *again = NULL;
    EpnetError error = {0};
    fuzz_require(epnet_spec_read_text(spec->path, spec->text, spec->override_count, &again, &error) ==
                     EPNET_OK,
                 "a spec is read again from its own text");
    fuzz_require(strcmp(epnet_spec_sha256(again), epnet_spec_sha256(spec)) == 0, "as the same spec");
    epnet_spec_free(again);
}

/* Any text with any number of overrides at its end, as a journal may hold it. */
static void text_check(const char *text, size_t size) {
    EpnetSpec *spec = NULL;
    EpnetError error = {0};
    char *copy = strndup(text, size);
    fuzz_require(copy != NULL, "there is memory");
    EpnetStatus status = epnet_spec_read_text(fuzz_path("spec.toml"), copy, size % 4, &spec, &error);
    if (status != EPNET_OK)
        fuzz_message_check(status, &error);
    epnet_spec_free(spec);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    Parts parts;
    EpnetSpec *spec = NULL;
    EpnetError error = {0};
    parts_take(&parts, bytes, size);
    EpnetStatus status =
        epnet_spec_read(fuzz_path("spec.toml"), parts.overrides, parts.override_count, &spec, &error);
    fuzz_require((status == EPNET_OK) == (spec != NULL), "a spec or an error");
    if (status == EPNET_OK) {
        fuzz_require(strlen(epnet_spec_sha256(spec)) == 64 && epnet_spec_title(spec) != NULL, "an identity");
        network_check(&spec->network);
        solve_check(spec);
        initial_check(spec);
        grid_check(spec);
        again_check(spec);
    } else {
        refusal_check(status, &error);
    }
    epnet_spec_free(spec);
    text_check(parts.text, parts.spec_size);
    parts_free(&parts);
    return 0;
}
