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

const char *const epnet_point_status_names[EPNET_POINT_STATUSES] = {
    [EPNET_POINT_OK] = "ok",
    [EPNET_POINT_NOT_UNIQUE] = "not_unique",
    [EPNET_POINT_NOT_CONVERGED] = "not_converged",
    [EPNET_POINT_NOT_POSITIVE] = "not_positive",
    [EPNET_POINT_INACCURATE] = "inaccurate",
    [EPNET_POINT_NOT_FINITE] = "not_finite",
    [EPNET_POINT_OUT_OF_MEMORY] = "out_of_memory",
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

size_t epnet_columns(const EpnetSpec *spec, EpnetColumnInfo **columns, size_t *row_count) {
    bool euler = spec->kind == EPNET_TRAJECTORY && spec->method == EPNET_EULER;
    size_t most = epnet_row_width(spec->cut_count) + EPNET_EXTREMES;
    EpnetColumnInfo *list = epnet_calloc(most, sizeof *list);
    *columns = list;
    *row_count = 0;
    if (list == NULL)
        return 0;
    size_t count = 0;
    for (size_t c = 0; c < EPNET_COLUMNS; c++)
        if (c != EPNET_MULTIINFORMATION_RATE_EULER || euler)
            column_set(&list[count++], &row_columns[c], EPNET_PLACE_ROW, c, -1, false);
    for (size_t cut = 0; cut < spec->cut_count; cut++)
        for (size_t c = 0; c < EPNET_CUT_COLUMNS; c++)
            column_set(&list[count++], &cut_columns[c], EPNET_PLACE_ROW,
                       EPNET_COLUMNS + cut * EPNET_CUT_COLUMNS + c, (int)cut, spec->cut_count > 1);
    *row_count = count;
    if (spec->kind == EPNET_TRAJECTORY)
        for (size_t c = 0; c < EPNET_EXTREMES; c++)
            column_set(&list[count++], &extremes[c], EPNET_PLACE_EXTREME, c, -1, false);
    else /* a stationary law has no time for CF's cell methods to speak of */
        for (size_t c = 0; c < count; c++)
            list[c].cell_methods = NULL;
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
        if (name_has_base(name, list[c].name))
            return list[c].symbol;
    return NULL;
}

const char *epnet_column_symbol(const char *name) {
    const char *symbol = symbol_find(row_columns, EPNET_COLUMNS, name);
    if (symbol == NULL)
        symbol = symbol_find(cut_columns, EPNET_CUT_COLUMNS, name);
    if (symbol == NULL)
        symbol = symbol_find(extremes, EPNET_EXTREMES, name);
    return symbol;
}
