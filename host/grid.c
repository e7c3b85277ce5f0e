#include "grid.h"

static const struct {
    const char *name, *unit, *long_name;
} keys[EPNET_AXIS_KEYS] = {
    [EPNET_AXIS_COPY_TOTAL] = {"copy_total", "bit/s", "total copy capacity"},
    [EPNET_AXIS_COPY_RATE] = {"copy_rate", "1/s", "copy rate of an edge of weight 1"},
    [EPNET_AXIS_DRIVE] = {"drive", "nat", "drive per copy"},
    [EPNET_AXIS_SIGMA] = {"sigma", "nat/s", "entropy production across the cut"},
    [EPNET_AXIS_FLIP_UP] = {"flip_up", "1/s", "flip rate from 0 to 1"},
    [EPNET_AXIS_FLIP_DOWN] = {"flip_down", "1/s", "flip rate from 1 to 0"},
};

#define MAX_POINTS ((uint64_t)1 << 48)

const char *epnet_axis_name(EpnetAxisKey key) {
    return keys[key].name;
}
const char *epnet_axis_unit(EpnetAxisKey key) {
    return keys[key].unit;
}
const char *epnet_axis_long_name(EpnetAxisKey key) {
    return keys[key].long_name;
}

size_t epnet_grid_points(const EpnetAxis *axes, size_t axis_count) {
    uint64_t points = 1;
    for (size_t a = 0; a < axis_count; a++) {
        if (axes[a].size > MAX_POINTS / points)
            return 0;
        points *= axes[a].size;
    }
    return points;
}

void epnet_grid_values(const EpnetAxis *axes, size_t axis_count, size_t point, double *values) {
    for (size_t a = axis_count; a-- > 0;) {
        values[a] = axes[a].values[point % axes[a].size];
        point /= axes[a].size;
    }
}

size_t epnet_grid_parameter_count(const EpnetNetwork *network) {
    return 2 * ((size_t)network->nodes + network->edge_count);
}

static void fill(double *values, size_t count, double value) {
    for (size_t k = 0; k < count; k++)
        values[k] = value;
}

static void copy(double *values, const double *from, size_t count) {
    for (size_t k = 0; k < count; k++)
        values[k] = from[k];
}

/* beta of every edge. */
static void set_rates(const EpnetNetwork *network, EpnetCopyKind kind, double value, double *rate) {
    double unit = 1;
    if (kind == EPNET_COPY_TOTAL) {
        unit = 0;
        for (size_t e = 0; e < network->edge_count; e++)
            unit += network->weight[e];
    }
    for (size_t e = 0; e < network->edge_count; e++)
        rate[e] = kind == EPNET_COPY_NONE ? 0 : value * (network->weight[e] / unit);
}

EpnetPoint epnet_grid_point(const EpnetNetwork *network, const EpnetAxis *axes, size_t axis_count,
                            size_t point, double *storage) {
    size_t nodes = (size_t)network->nodes, edges = network->edge_count;
    double *up = storage, *down = up + nodes, *rate = down + nodes, *drive = rate + edges;
    EpnetCopyKind copy_kind = network->copy_kind;
    double copy_value = network->copy, sigma = network->sigma;
    copy(up, network->flip_up, nodes);
    copy(down, network->flip_down, nodes);
    copy(drive, network->drive, edges);
    for (size_t a = axis_count; a-- > 0; point /= axes[a].size) {
        double value = axes[a].values[point % axes[a].size];
        switch (axes[a].key) {
        case EPNET_AXIS_COPY_TOTAL:
            copy_kind = EPNET_COPY_TOTAL;
            copy_value = value;
            break;
        case EPNET_AXIS_COPY_RATE:
            copy_kind = EPNET_COPY_RATE;
            copy_value = value;
            break;
        case EPNET_AXIS_DRIVE:
            fill(drive, edges, value);
            break;
        case EPNET_AXIS_SIGMA:
            sigma = value;
            break;
        case EPNET_AXIS_FLIP_UP:
            fill(up, nodes, value);
            break;
        case EPNET_AXIS_FLIP_DOWN:
            fill(down, nodes, value);
            break;
        case EPNET_AXIS_KEYS:
            break;
        }
    }
    set_rates(network, copy_kind, copy_value, rate);
    return (EpnetPoint){.flip_up = up, .flip_down = down, .rate = rate, .drive = drive, .sigma = sigma};
}
