/* [leak], and what a constant drive needs of the rest of the spec. */
#include "spec_reader.h"
#include "spec_values.h"

#include <algorithm>

namespace epnet {
namespace {

constexpr Limits window_limits{0, 1, true, "a fraction > 0 and < 1"};

void read_window(const Section &section, EpnetLeakSettings &leak) {
    const Member *member = find(section.table, "window");
    std::vector<double> window{0.5, 0.01};
    if (member != nullptr)
        window = read_numbers(member->value, "leak.window", 2, window_limits,
                              "two fractions of I(0), as [0.5, 0.01]");
    if (!(window[0] < 1 && window[0] > window[1]))
        fail_at(member->value.place, "leak.window is [" + to_text(window[0]) + ", " + to_text(window[1]) +
                                         "]; allowed: two falling fractions of I(0) below 1, as [0.5, 0.01]");
    std::copy(window.begin(), window.end(), leak.window);
}

std::uint64_t read_count(const Section &section, const char *key, std::int64_t otherwise, std::int64_t least,
                         std::int64_t most) {
    const Member *member = find(section.table, key);
    return static_cast<std::uint64_t>(
        member == nullptr ? otherwise : read_integer(member->value, std::string("leak.") + key, least, most));
}

} // namespace

void read_leak(Reading &reading) {
    const Member *table = find(reading.document.root(), "leak");
    if (table == nullptr)
        return;
    Section section = find_section(reading.document, "leak");
    EpnetLeakSettings &leak = reading.spec.leak;
    const Member *kind = find(section.table, "kind");
    bool decay = kind != nullptr && read_choice(kind->value, "leak.kind", {"quench", "decay"}) == 1;
    leak.kind = decay ? EPNET_LEAK_DECAY : EPNET_LEAK_QUENCH;
    read_window(section, leak);
    leak.samples = read_count(section, "samples", 101, 3, 10000);
    leak.bootstrap = read_count(section, "bootstrap", 1000, 10, 1000000);
    leak.seed = read_count(section, "seed", 1, 0, INT64_MAX);
    if (decay && reading.spec.kind == EPNET_STATIONARY)
        fail_at(kind->value.place,
                "leak.kind = \"decay\" fits a trajectory, and solve.kind is \"stationary\"; "
                "allowed: \"quench\", or solve.kind = \"trajectory\"");
    if (reading.spec.network.nodes < 2)
        fail_at(table->place, "[leak] needs two nodes that can be correlated; the network has one");
}

void check_constant_drive(const Reading &reading) {
    const EpnetSpec &spec = reading.spec;
    const EpnetNetwork &network = spec.network;
    if (!network.constant_drive)
        return;
    const bool swept = find_axis(spec, EPNET_AXIS_SIGMA) != nullptr;
    const Place place = swept ? find_axis_place(reading.document, EPNET_AXIS_SIGMA)
                              : find(find_section(reading.document, "network").table, "sigma")->place;
    const std::string name = swept ? "sweep.sigma" : "network.sigma";
    if (spec.cut_count == 0)
        fail_at(place, name + " is the entropy production across a cut; add observe.cut");
    for (std::size_t e = 0; e < network.edge_count; e++) {
        const std::uint64_t mask = spec.cuts[0].mask;
        if ((mask >> network.source[e] & 1) != (mask >> network.target[e] & 1))
            return;
    }
    fail_at(place, name + ": no edge crosses the cut " + quote(spec.cuts[0].label) +
                       ", so that nothing is produced there");
}

} // namespace epnet
