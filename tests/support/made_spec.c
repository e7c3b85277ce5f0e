#include "made_spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void axis_make(EpnetAxis *axis, EpnetAxisKey key, bool log, size_t size) {
    *axis = (EpnetAxis){key, log, size, calloc(size, sizeof(double))};
    for (size_t k = 0; k < size; k++) {
        double part = size > 1 ? (double)k / (double)(size - 1) : 0;
        axis->values[k] = log ? 0.1 * pow(100, part) : 0.1 + 9.9 * part;
    }
}

static void network_make(EpnetNetwork *network, int nodes) {
    size_t edges = (size_t)nodes * (size_t)(nodes - 1), edge = 0;
    *network =
        (EpnetNetwork){.nodes = nodes, .edge_count = edges, .copy_kind = EPNET_COPY_TOTAL, .copy = 1.3};
    network->source = calloc(edges, sizeof(int));
    network->target = calloc(edges, sizeof(int));
    network->weight = calloc(edges, sizeof(double));
    network->drive = calloc(edges, sizeof(double));
    network->flip_up = calloc((size_t)nodes, sizeof(double));
    network->flip_down = calloc((size_t)nodes, sizeof(double));
    for (int i = 0; i < nodes; i++) {
        network->flip_up[i] = 1 + 0.1 * i;
        network->flip_down[i] = 1.7 - 0.2 * i;
        for (int j = 0; j < nodes; j++) {
            if (i == j)
                continue;
            network->source[edge] = i;
            network->target[edge] = j;
            network->weight[edge] = 1 + 0.3 * i + 0.07 * j;
            network->drive[edge++] = INFINITY;
        }
    }
}

static void cuts_make(EpnetSpec *spec, size_t count) {
    spec->cut_count = count;
    spec->cuts = calloc(count > 0 ? count : 1, sizeof *spec->cuts);
    for (size_t cut = 0; cut < count; cut++) {
        char label[64] = "0";
        for (size_t node = 1; node <= cut; node++)
            snprintf(label + strlen(label), sizeof label - strlen(label), ",%zu", node);
        spec->cuts[cut] = (EpnetCut){((uint64_t)2 << cut) - 1, strdup(label)};
    }
}

EpnetSpec *made_spec(const MadeSpec *made) {
    EpnetSpec *spec = calloc(1, sizeof *spec);
    spec->path = strdup("made.toml");
    spec->title = strdup(made->title);
    spec->text = strdup("# made by hand\n[network]\nnodes = 3\n");
    memset(spec->sha256, 'a', 64);
    network_make(&spec->network, made->nodes);
    cuts_make(spec, made->cut_count);
    spec->kind = made->kind;
    spec->method = made->method;
    spec->dt = made->method == EPNET_EULER || made->method == EPNET_RK4 ? 0.005 : 0;
    spec->tolerance = 1e-9;
    spec->keep_trajectories = made->keep;
    spec->leak.kind = made->leak;
    spec->network.constant_drive = made->constant_drive;
    spec->time_count = made->time_count;
    spec->times = calloc(made->time_count > 0 ? made->time_count : 1, sizeof(double));
    for (size_t t = 0; t < made->time_count; t++)
        spec->times[t] = made->time_count > 1 ? 10.0 * (double)t / (double)(made->time_count - 1) : 10;
    spec->axis_count = made->axis_count;
    spec->axes = calloc(EPNET_AXIS_KEYS, sizeof *spec->axes);
    for (size_t a = 0; a < made->axis_count; a++)
        axis_make(&spec->axes[a], made->keys[a], made->log[a], made->sizes[a]);
    return spec;
}

void made_spec_free(EpnetSpec *spec) {
    for (size_t cut = 0; cut < spec->cut_count; cut++)
        free(spec->cuts[cut].label);
    for (size_t a = 0; a < spec->axis_count; a++)
        free(spec->axes[a].values);
    EpnetNetwork *network = &spec->network;
    void *parts[] = {spec->path,
                     spec->title,
                     spec->text,
                     spec->cuts,
                     spec->axes,
                     spec->times,
                     network->source,
                     network->target,
                     network->weight,
                     network->drive,
                     network->flip_up,
                     network->flip_down,
                     spec};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        free(parts[k]);
}

double made_value(size_t point, size_t time, size_t index) {
    size_t mixed = point * 7919 + time * 104729 + index * 1299709;
    if (mixed % 61 == 3)
        return INFINITY;
    if (mixed % 67 == 5)
        return -INFINITY;
    return sin((double)mixed) * exp((double)(mixed % 40) - 30);
}

size_t made_time(const EpnetSpec *spec, EpnetColumnPlace place) {
    switch (place) {
    case EPNET_PLACE_EXTREME:
        return spec->time_count;
    case EPNET_PLACE_POINT:
        return spec->time_count + 1;
    case EPNET_PLACE_ENVELOPE:
        return spec->time_count + 2;
    case EPNET_PLACE_ROW:
        break;
    }
    return spec->time_count > 0 ? spec->time_count - 1 : 0;
}

int made_status(size_t point) {
    return point % 7 == 5 ? 1 + (int)(point % (EPNET_POINT_STATUSES - 1)) : 0;
}

EpnetRows made_rows(const EpnetSpec *spec, size_t first, size_t count, bool trajectory) {
    size_t width = epnet_row_width(spec->cut_count), times = spec->time_count;
    size_t envelope_width = epnet_envelope_width(spec->cut_count);
    EpnetRows rows = {.status = calloc(count, sizeof(int)),
                      .last = calloc(count * width, sizeof(double)),
                      .extremes = calloc(count * EPNET_EXTREMES, sizeof(double)),
                      .point = calloc(count * EPNET_POINT_COLUMNS, sizeof(double)),
                      .envelope = calloc(count * envelope_width, sizeof(double)),
                      .trajectory = trajectory ? calloc(count * times * width, sizeof(double)) : NULL};
    for (size_t k = 0; k < count; k++) {
        size_t point = first + k;
        rows.status[k] = made_status(point);
        bool failed = rows.status[k] != EPNET_POINT_OK;
        for (size_t c = 0; c < EPNET_EXTREMES; c++)
            rows.extremes[k * EPNET_EXTREMES + c] = failed ? NAN : made_value(point, times, c);
        for (size_t c = 0; c < EPNET_POINT_COLUMNS; c++)
            rows.point[k * EPNET_POINT_COLUMNS + c] = failed ? NAN : made_value(point, times + 1, c);
        for (size_t c = 0; c < envelope_width; c++)
            rows.envelope[k * envelope_width + c] = failed ? NAN : made_value(point, times + 2, c);
        for (size_t c = 0; c < width; c++)
            rows.last[k * width + c] = failed ? NAN : made_value(point, times > 0 ? times - 1 : 0, c);
        for (size_t t = 0; trajectory && t < times; t++)
            for (size_t c = 0; c < width; c++)
                rows.trajectory[(k * times + t) * width + c] = failed ? NAN : made_value(point, t, c);
    }
    return rows;
}

void made_rows_free(EpnetRows *rows) {
    free(rows->status);
    free(rows->last);
    free(rows->extremes);
    free(rows->point);
    free(rows->envelope);
    free(rows->trajectory);
}
