/* How much a spec asks for, found from its counts before anything of that size is made: what could never be
 * stored is refused here, and whatever passes can be counted in 64 bits everywhere else. */
#include "spec_reader.h"
#include "spec_values.h"

#include <cmath>
#include <cstdio>

namespace epnet {
namespace {

constexpr double most_bytes =
    4611686018427387904; /* 2^62: a file holds 2^63, with room for all that is added */

/* The member `key` of a section, or the place of the section itself. */
Place place_of(const Reading &reading, const char *section_name, std::initializer_list<const char *> keys) {
    Section section = find_section(reading.document, section_name);
    for (const char *key : keys) {
        if (const Member *member = find(section.table, key))
            return member->value.place;
    }
    return section.place;
}

std::string as_bytes(double bytes) {
    char text[40];
    snprintf(text, sizeof text, "%.3g bytes", bytes);
    return text;
}

std::string as_count(double number, const char *what) {
    return to_text(number) + " " + what + (number == 1 ? "" : "s");
}

/* Laws of both sides of every cut, four vectors each, for one point; with split one each, beside its states.
 */
void check_cuts(const Reading &reading) {
    const EpnetSpec &spec = reading.spec;
    const bool split = is_split(reading.document);
    const double states = split ? std::exp2(spec.network.nodes) * sizeof(double) : 0;
    double bytes = 0;
    for (std::size_t c = 0; c < spec.cut_count; c++) {
        const int inside = __builtin_popcountll(spec.cuts[c].mask);
        bytes +=
            (split ? 1 : 4) * sizeof(double) * (std::exp2(inside) + std::exp2(spec.network.nodes - inside));
    }
    if (bytes + states > host_memory())
        fail_at(place_of(reading, "observe", {"cuts", "cut"}),
                "the laws of the cuts' sides take " + as_bytes(bytes) +
                    (split ? " beside " + as_bytes(states) + " of states" : "") +
                    "; allowed: what fits this host's memory of " + as_bytes(host_memory()));
}

/* The rows of every sampled time: of one point at a time in memory, of all in the file. */
void check_trajectories(const Reading &reading, double points, double samples, double row) {
    const double trajectory = samples * row * sizeof(double);
    const Place place = place_of(reading, "solve", {"times", "samples"});
    if (trajectory > host_memory())
        fail_at(place, "the trajectory of a point, " + as_count(samples, "sample") + " x " +
                           as_count(row, "column") + ", takes " + as_bytes(trajectory) +
                           "; allowed: what fits this host's memory of " + as_bytes(host_memory()));
    if (points * trajectory > most_bytes)
        fail_at(place, "the trajectory table of " + as_count(points, "point") + " x " +
                           as_count(samples, "sample") + " x " + as_count(row, "column") + " takes " +
                           as_bytes(points * trajectory) +
                           "; allowed: at most 2^62, or output.trajectories = false");
}

} // namespace

void check_sizes(const Reading &reading, std::size_t samples) {
    const EpnetSpec &spec = reading.spec;
    const double points = static_cast<double>(epnet_grid_points(spec.axes, spec.axis_count));
    const double row = static_cast<double>(epnet_row_width(spec.cut_count));
    const double columns = row + double{EPNET_EXTREMES} + double{EPNET_POINT_COLUMNS} +
                           static_cast<double>(epnet_envelope_width(spec.cut_count));
    check_cuts(reading);
    if (points * columns * sizeof(double) > most_bytes)
        fail_at(place_of(reading, "sweep", {}),
                "the table of " + as_count(points, "point") + " x " + as_count(columns, "column") +
                    " takes " + as_bytes(points * columns * sizeof(double)) + "; allowed: at most 2^62");
    if (spec.keep_trajectories == EPNET_KEEP_YES) /* auto keeps small tables alone */
        check_trajectories(reading, points, static_cast<double>(samples), row);
    if (points / 8 > host_memory()) /* a bit per point says which are still to be solved */
        fail_at(place_of(reading, "sweep", {}),
                "the list of " + as_count(points, "point") + " takes " + as_bytes(points / 8) +
                    "; allowed: what fits this host's memory of " + as_bytes(host_memory()));
}

} // namespace epnet
