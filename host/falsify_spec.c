/* A worst case in words, and as a spec that reproduces it. */
#include "falsify.h"

#include "plain_locale.h"
#include "status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *epnet_falsify_left_text(const EpnetFalsifySpace *space) {
    switch (space->bound) {
    case EPNET_FALSIFY_NETWORK:
        return "multiinformation_rate";
    case EPNET_FALSIFY_LEAK:
        return "multiinformation_rate + leak_lsi multiinformation";
    case EPNET_FALSIFY_CUT_ENERGY:
    case EPNET_FALSIFY_CUT_BANDWIDTH:
        return space->flow ? "cut_information_flow" : "cut_mutual_information_rate";
    case EPNET_FALSIFY_ENVELOPE:
    case EPNET_FALSIFY_BOUNDS:
        break;
    }
    return "cut_mutual_information";
}

const char *epnet_falsify_right_text(const EpnetFalsifySpace *space) {
    switch (space->bound) {
    case EPNET_FALSIFY_NETWORK:
    case EPNET_FALSIFY_LEAK:
        return "entropy_production";
    case EPNET_FALSIFY_CUT_ENERGY:
        return "cut_entropy_production";
    case EPNET_FALSIFY_CUT_BANDWIDTH:
        return "cut_capacity ln 2";
    case EPNET_FALSIFY_ENVELOPE:
    case EPNET_FALSIFY_BOUNDS:
        break;
    }
    return "envelope_bound";
}

void epnet_falsify_cut_text(const EpnetFalsifySpace *space, size_t cut, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < space->nodes && space->cut_count > 0; i++) {
        if (epnet_bit(space->cuts[cut], i))
            used += (size_t)snprintf(text + used, size - used, "%s%d", used > 0 ? "," : "", i);
    }
}

/* ---- the spec ----------------------------------------------------------------------------------------- */

static void print_list(FILE *file, const char *key, size_t count, const double *values) {
    fprintf(file, "%s = [", key);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s%.17g", i > 0 ? ", " : "", values[i]);
    fprintf(file, "]\n");
}

/* An N x N matrix, row = source, of a value per edge. */
static void print_matrix(FILE *file, const EpnetFalsifySpace *space, const char *key, const double *values) {
    double matrix[EPNET_FALSIFY_NODES][EPNET_FALSIFY_NODES] = {{0}};
    for (size_t e = 0; e < space->edge_count; e++)
        matrix[space->source[e]][space->target[e]] = values[e];
    fprintf(file, "%s = [\n", key);
    for (int i = 0; i < space->nodes; i++) {
        fprintf(file, "  [");
        for (int j = 0; j < space->nodes; j++)
            fprintf(file, "%s%.17g", j > 0 ? ", " : "", matrix[i][j]);
        fprintf(file, "],\n");
    }
    fprintf(file, "]\n");
}

static void print_heading(FILE *file, const EpnetFalsifySpace *space, const EpnetFalsifyOptions *options,
                          const EpnetFalsifyCase *worst) {
    const char *name = epnet_falsify_bound_names[space->bound];
    fprintf(file, "# The worst case of the bound '%s' that epnet falsify %s found,\n", name, epnet_version());
    fprintf(file, "# left / right = %.17g, with\n", worst->ratio);
    fprintf(file, "#   left  = %s\n", epnet_falsify_left_text(space));
    fprintf(file, "#   right = %s\n", epnet_falsify_right_text(space));
    fprintf(file, "# Searched: %zu starts, seed %llu, flips %g..%g/s, copies %g..%g/s, drives %g..%g nat",
            options->starts, (unsigned long long)options->seed, space->flip_min, space->flip_max,
            space->copy_min, space->copy_max, space->drive_min, space->drive_max);
    if (space->bound != EPNET_FALSIFY_ENVELOPE)
        fprintf(file, ",\n# %s states", space->any_state ? "any" : "reachable");
    if (space->min_ep > 0)
        fprintf(file, ", at least %g nat per jump (here %.6g)", space->min_ep, worst->per_jump);
    fprintf(file, ".\ntitle = \"Worst case of the bound '%s': left / right = %.17g\"\n", name, worst->ratio);
}

static void print_question(FILE *file, const EpnetFalsifySpace *space, const EpnetFalsifyCase *worst,
                           const char *cut) {
    const size_t nodes = (size_t)space->nodes;
    if (space->bound == EPNET_FALSIFY_ENVELOPE) {
        fprintf(file, "\n[solve]\nkind = \"stationary\"\n\n[leak]\nkind = \"quench\"\n");
        fprintf(file, "window = [%g, %g]\nsamples = %zu\n", space->leak.window[0], space->leak.window[1],
                space->leak.samples);
    } else {
        fprintf(file, "\n[initial]\n");
        if (space->any_state)
            print_list(file, "probabilities", (size_t)1 << nodes, worst->law);
        else
            print_list(file, "p_one", nodes, worst->p_one);
        fprintf(file, "\n[solve]\ntimes = [%.17g]\ntolerance = %g\n", worst->time, EPNET_FALSIFY_TOLERANCE);
    }
    if (space->cut_count > 0)
        fprintf(file, "\n[observe]\ncut = [%s]\n", cut);
}

EpnetStatus epnet_falsify_spec(const EpnetFalsifySpace *space, const EpnetFalsifyOptions *options,
                               const EpnetFalsifyCase *worst, EpnetFalsifyResult *result, EpnetError *error) {
    const size_t nodes = (size_t)space->nodes;
    FILE *file = fmemopen(result->spec, sizeof result->spec, "w");
    if (file == NULL)
        return epnet_fail_memory(error, sizeof result->spec, "the text of the spec");
    EpnetLocale locale = epnet_locale_enter();
    print_heading(file, space, options, worst);
    fprintf(file, "\n[network]\nnodes = %d\n", space->nodes);
    print_list(file, "flip_up", nodes, worst->flip_up);
    print_list(file, "flip_down", nodes, worst->flip_down);
    print_matrix(file, space, "copy_rates", worst->rate);
    print_matrix(file, space, "drive", worst->drive);
    print_question(file, space, worst, result->cut);
    epnet_locale_leave(locale);
    const bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        return epnet_fail(error, EPNET_INTERNAL, "the spec of the worst case exceeds %zu bytes",
                          sizeof result->spec);
    return EPNET_OK;
}
