#include "columns.h"

#include "status.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Description {
    const char *name, *unit, *symbol, *long_name, *cell_methods;
} Description;

static const Description row_columns[EPNET_COLUMNS] = {
    [EPNET_ENTROPY] = {"entropy", "nat", "{/:Italic H}", "joint entropy", "time: point"},
    [EPNET_MULTIINFORMATION] = {"multiinformation", "nat", "{/:Italic I}", "multiinformation", "time: point"},
    [EPNET_MULTIINFORMATION_RATE] = {"multiinformation_rate", "nat/s", "d{/:Italic I}/d{/:Italic t}",
                                     "rate of change of the multiinformation", "time: point"},
    [EPNET_ENTROPY_PRODUCTION] = {"entropy_production", "nat/s", "EP",
                                  "entropy production in the total rates between states", "time: point"},
    [EPNET_ENTROPY_PRODUCTION_CHANNELS] = {"entropy_production_channels", "nat/s", "EP_{channels}",
                                           "entropy production summed over channels", "time: point"},
    [EPNET_ENVIRONMENT_ENTROPY_FLOW] = {"environment_entropy_flow", "nat/s", NULL,
                                        "entropy flow to the environment", "time: point"},
    [EPNET_ACTIVITY] = {"activity", "1/s", NULL, "mean number of jumps per second", "time: point"},
    [EPNET_MULTIINFORMATION_RATE_EULER] = {"multiinformation_rate_euler", "nat/s",
                                           "Δ{/:Italic I}/Δ{/:Italic t}",
                                           "finite difference of the multiinformation over one Euler step",
                                           "time: point"},
    [EPNET_ENTROPY_RATE] = {"entropy_rate", "nat/s", "d{/:Italic H}/d{/:Italic t}",
                            "rate of change of the joint entropy", "time: point"},
    [EPNET_NODE_ENTROPY_RATE] = {"node_entropy_rate", "nat/s", "Σ d{/:Italic H}_i/d{/:Italic t}",
                                 "rate of change of the sum of the nodes' entropies", "time: point"},
    [EPNET_NODE_DIVERGENCE_RATE] =
        {"node_divergence_rate", "nat/s", NULL,
         "rate of change of the sum of the nodes' divergences from their law in detailed balance",
         "time: point"},
    [EPNET_FLIP_DIVERGENCE] = {"flip_divergence", "nat", "{/:Italic D}({/:Italic p}‖π_0)",
                               "divergence from the product law of the flips alone", "time: point"},
};

static const Description cut_columns[EPNET_CUT_COLUMNS] = {
    [EPNET_CUT_MUTUAL_INFORMATION] = {"cut_mutual_information", "nat",
                                      "{/:Italic I}({/:Italic S};{/:Italic S}^c)",
                                      "mutual information across the cut", "time: point"},
    [EPNET_CUT_MUTUAL_INFORMATION_RATE] = {"cut_mutual_information_rate", "nat/s",
                                           "d{/:Italic I}({/:Italic S};{/:Italic S}^c)/d{/:Italic t}",
                                           "rate of change of the mutual information across the cut",
                                           "time: point"},
    [EPNET_CUT_ENTROPY_PRODUCTION] = {"cut_entropy_production", "nat/s", "EP_{across}",
                                      "entropy production of the copies that cross the cut", "time: point"},
    [EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW] =
        {"cut_environment_entropy_flow", "nat/s", NULL,
         "entropy flow to the environment from the copies that cross the cut", "time: point"},
    [EPNET_CUT_INFORMATION_FLOW] = {"cut_information_flow", "nat/s", NULL,
                                    "information flow of the copies that cross the cut", "time: point"},
    [EPNET_CUT_LOCAL_ENTROPY_RATE] = {"cut_local_entropy_rate", "nat/s", NULL,
                                      "change of the local entropies by the copies that cross the cut",
                                      "time: point"},
    [EPNET_CUT_FLOW_BOUND] = {"cut_flow_bound", "nat/s", "Σ β{/:Italic c}({/:Italic F})",
                              "capacity of the copies that cross the cut", "time: point"},
    [EPNET_CUT_CAPACITY] = {"cut_capacity", "bit/s", "{/:Italic C}_{cut}",
                            "total rate of the copies that cross the cut, one bit each", "time: point"},
};

static const Description extremes[EPNET_EXTREMES] = {
    [EPNET_MULTIINFORMATION_MAX] = {"multiinformation_max", "nat", "max {/:Italic I}",
                                    "largest multiinformation over the sampled times", "time: maximum"},
    [EPNET_MULTIINFORMATION_MAX_TIME] = {"multiinformation_max_time", "s", NULL,
                                         "time of the largest multiinformation", NULL},
    [EPNET_MULTIINFORMATION_RATE_MAX] =
        {"multiinformation_rate_max", "nat/s", "max d{/:Italic I}/d{/:Italic t}",
         "largest rate of change of the multiinformation over the sampled times", "time: maximum"},
    [EPNET_MULTIINFORMATION_RATE_MAX_TIME] = {"multiinformation_rate_max_time", "s", NULL,
                                              "time of the largest rate of change of the multiinformation",
                                              NULL},
    [EPNET_NETWORK_BOUND_MARGIN_MIN] = {"network_bound_margin_min", "nat/s",
                                        "min(EP − d{/:Italic I}/d{/:Italic t})",
                                        "smallest margin of the network bound over the sampled times",
                                        "time: minimum"},
    [EPNET_NETWORK_BOUND_MARGIN_MIN_TIME] = {"network_bound_margin_min_time", "s", NULL,
                                             "time of the smallest margin of the network bound", NULL},
};

static const Description point_columns[EPNET_POINT_COLUMNS] = {
    [EPNET_DRIVE] = {"drive", "nat", "{/:Italic F}", "drive per copy that dissipates sigma across the cut",
                     NULL},
    [EPNET_LEAK] = {"leak", "1/s", "leak", "decay rate of the multiinformation without copies", NULL},
    [EPNET_LEAK_LOW] = {"leak_low", "1/s", NULL, "lower end of the leak's 95 % interval", NULL},
    [EPNET_LEAK_HIGH] = {"leak_high", "1/s", NULL, "upper end of the leak's 95 % interval", NULL},
    [EPNET_SPLIT_ERROR] = {"split_error", "1", NULL,
                           "estimated L1 error of the distribution, the largest over the compared times",
                           NULL},
};

static const Description envelope_columns[EPNET_ENVELOPE_COLUMNS] = {
    [EPNET_LEAK_GAP] = {"leak_gap", "1/s", NULL, "slowest decay rate of a pair's correlation without copies",
                        NULL},
    [EPNET_LEAK_LSI] = {"leak_lsi", "1/s", NULL,
                        "leak from the nodes' entropy-decay constants, 2 min alpha / N", NULL},
    [EPNET_FLOW_BOUND] = {"flow_bound", "nat/s", NULL, "capacity of all copies", NULL},
    [EPNET_ENERGY_BOUND] = {"energy_bound", "nat", "EP_{channels} / 2 min α",
                            "steady-state energy theorem: most information that the dissipation can hold",
                            NULL},
};

static const Description cut_envelope_columns[EPNET_CUT_ENVELOPE_COLUMNS] = {
    [EPNET_KINK_CAPACITY] = {"kink_capacity", "bit/s", "EP_{across} / ln 2",
                             "cut capacity at which the paper's bound has its kink", NULL},
    [EPNET_REGIME] = {"regime", "1", NULL, "side of the paper's bound: 0 energy-limited, 1 bandwidth-limited",
                      NULL},
    [EPNET_ENVELOPE_BOUND] = {"envelope_bound", "nat", "min(EP_{across}, {/:Italic C}_{cut} ln 2) / leak",
                              "the paper's steady-state bound with the measured leak", NULL},
    [EPNET_ENVELOPE_TIGHTNESS] = {"envelope_tightness", "1", NULL,
                                  "mutual information across the cut over the paper's steady-state bound",
                                  NULL},
};

const char *const epnet_point_status_names[EPNET_POINT_STATUSES] = {
    [EPNET_POINT_OK] = "ok",
    [EPNET_POINT_NOT_UNIQUE] = "not_unique",
    [EPNET_POINT_NOT_CONVERGED] = "not_converged",
    [EPNET_POINT_NOT_POSITIVE] = "not_positive",
    [EPNET_POINT_INACCURATE] = "inaccurate",
    [EPNET_POINT_NOT_FINITE] = "not_finite",
    [EPNET_POINT_OUT_OF_MEMORY] = "out_of_memory",
    [EPNET_POINT_NO_BRACKET] = "no_bracket",
    [EPNET_POINT_NO_DECAY] = "no_decay",
    [EPNET_POINT_INVARIANT_BROKEN] = "invariant_broken",
};

/* Fill `column` from a description; cut < 0: no cut, `suffix`: the name carries the number of the cut. */
static void column_set(EpnetColumnInfo *column, const Description *description, EpnetColumnPlace place,
                       size_t index, int cut, bool suffix) {
    if (suffix)
        snprintf(column->name, sizeof column->name, "%s_%d", description->name, cut);
    else
        snprintf(column->name, sizeof column->name, "%s", description->name);
    column->unit = description->unit;
    column->long_name = description->long_name;
    column->cell_methods = description->cell_methods;
    column->place = place;
    column->index = index;
    column->cut = cut;
}

static bool has_row_column(const EpnetSpec *spec, size_t column) {
    return column != EPNET_MULTIINFORMATION_RATE_EULER ||
           (spec->kind == EPNET_TRAJECTORY && spec->method == EPNET_EULER);
}

static bool has_point_column(const EpnetSpec *spec, size_t column) {
    if (column == EPNET_DRIVE)
        return spec->network.constant_drive;
    if (column == EPNET_SPLIT_ERROR)
        return spec->method == EPNET_SPLIT;
    return column != EPNET_ATTAINABLE && spec->leak.kind != EPNET_LEAK_NONE;
}

static bool has_envelope_column(const EpnetSpec *spec, size_t column) {
    return column != EPNET_ENERGY_BOUND || spec->kind == EPNET_STATIONARY;
}

static bool has_cut_envelope_column(const EpnetSpec *spec, size_t column) {
    return column == EPNET_KINK_CAPACITY || column == EPNET_REGIME || spec->leak.kind != EPNET_LEAK_NONE;
}

size_t epnet_columns(const EpnetSpec *spec, EpnetColumnInfo **columns, size_t *row_count) {
    const size_t cuts = spec->cut_count;
    size_t most = epnet_row_width(cuts) + EPNET_EXTREMES + EPNET_POINT_COLUMNS + epnet_envelope_width(cuts);
    EpnetColumnInfo *list = epnet_calloc(most, sizeof *list);
    *columns = list;
    *row_count = 0;
    if (list == NULL)
        return 0;
    size_t count = 0;
    for (size_t c = 0; c < EPNET_COLUMNS; c++)
        if (has_row_column(spec, c))
            column_set(&list[count++], &row_columns[c], EPNET_PLACE_ROW, c, -1, false);
    for (size_t cut = 0; cut < cuts; cut++)
        for (size_t c = 0; c < EPNET_CUT_COLUMNS; c++)
            column_set(&list[count++], &cut_columns[c], EPNET_PLACE_ROW,
                       EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS + c, (int)cut, cuts > 1);
    *row_count = count;
    if (spec->kind == EPNET_STATIONARY) /* it has no time for CF's cell methods to speak of */
        for (size_t c = 0; c < count; c++)
            list[c].cell_methods = NULL;
    for (size_t c = 0; c < EPNET_EXTREMES && spec->kind == EPNET_TRAJECTORY; c++)
        column_set(&list[count++], &extremes[c], EPNET_PLACE_EXTREME, c, -1, false);
    for (size_t c = 0; c < EPNET_POINT_COLUMNS; c++)
        if (has_point_column(spec, c))
            column_set(&list[count++], &point_columns[c], EPNET_PLACE_POINT, c, -1, false);
    for (size_t c = 0; c < EPNET_ENVELOPE_COLUMNS; c++)
        if (has_envelope_column(spec, c))
            column_set(&list[count++], &envelope_columns[c], EPNET_PLACE_ENVELOPE, c, -1, false);
    for (size_t cut = 0; cut < cuts; cut++)
        for (size_t c = 0; c < EPNET_CUT_ENVELOPE_COLUMNS; c++)
            if (has_cut_envelope_column(spec, c))
                column_set(&list[count++], &cut_envelope_columns[c], EPNET_PLACE_ENVELOPE,
                           EPNET_ENVELOPE_COLUMNS + cut * EPNET_CUT_ENVELOPE_COLUMNS + c, (int)cut, cuts > 1);
    return count;
}

/* Whether `name` is `base`, or `base` with the number of a cut: "_0", "_1", ... */
static bool name_has_base(const char *name, const char *base) {
    size_t length = strlen(base);
    if (strncmp(name, base, length) != 0)
        return false;
    const char *rest = name + length;
    if (*rest == '\0')
        return true;
    if (*rest != '_' || !isdigit((unsigned char)rest[1]))
        return false;
    return rest[1 + strspn(rest + 1, "0123456789")] == '\0';
}

static const char *symbol_find(const Description *list, size_t count, const char *name) {
    for (size_t c = 0; c < count; c++)
        if (list[c].name != NULL && name_has_base(name, list[c].name))
            return list[c].symbol;
    return NULL;
}

const char *epnet_column_symbol(const char *name) {
    static const struct {
        const Description *list;
        size_t count;
    } lists[] = {{row_columns, EPNET_COLUMNS},
                 {cut_columns, EPNET_CUT_COLUMNS},
                 {extremes, EPNET_EXTREMES},
                 {point_columns, EPNET_POINT_COLUMNS},
                 {envelope_columns, EPNET_ENVELOPE_COLUMNS},
                 {cut_envelope_columns, EPNET_CUT_ENVELOPE_COLUMNS}};
    const char *symbol = NULL;
    for (size_t l = 0; l < sizeof lists / sizeof lists[0] && symbol == NULL; l++)
        symbol = symbol_find(lists[l].list, lists[l].count, name);
    return symbol;
}
