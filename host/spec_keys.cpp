#include "spec_keys.h"

extern "C" {
#include "grid.h"
}
#include "spec_values.h"

#include <algorithm>

namespace epnet {
namespace {

struct Section {
    const char *name;
    std::vector<std::string> keys;
};

const std::vector<Section> &sections() {
    static const std::vector<Section> all{
        {"network",
         {"nodes", "topology", "edges", "edges_file", "undirected", "copy_total", "copy_rate", "copy_rates",
          "drive", "sigma", "flip_up", "flip_down"}},
        {"initial", {"state", "distribution", "p_one", "probabilities", "probabilities_file"}},
        {"observe", {"cut", "cuts"}},
        {"solve", {"kind", "t_end", "samples", "times", "method", "dt", "tolerance"}},
        {"leak", {"kind", "window", "samples", "bootstrap", "seed"}},
        {"output", {"trajectories"}},
    };
    return all;
}

bool contains(const std::vector<std::string> &words, const std::string &word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/* The key that was meant: one of another table, or else the nearest in its own. */
std::string guess(const std::string &key, const std::vector<std::string> &known) {
    for (const Section &section : sections()) {
        if (contains(section.keys, key))
            return std::string("; it is a key of [") + section.name + "]; ";
    }
    return "; did you mean " + quote(find_nearest(key, known)) + "? ";
}

[[noreturn]] void fail_unknown(const Member &member, const std::string &where,
                               const std::vector<std::string> &known) {
    fail_at(member.place, "unknown key " + quote(member.key) + " " + where + guess(member.key, known) +
                              "allowed: " + join(known));
}

void check_section(const Member &member, const Section &section) {
    for (const Member &key : read_table(member.value, std::string("[") + section.name + "]")) {
        if (!contains(section.keys, key.key))
            fail_unknown(key, std::string("in [") + section.name + "]", section.keys);
    }
}

void check_sweep(const Member &member) {
    static const std::vector<std::string> axis_keys{"from", "to", "points", "scale", "values"};
    std::vector<std::string> axes;
    for (int key = 0; key < EPNET_AXIS_KEYS; key++)
        axes.emplace_back(epnet_axis_name(static_cast<EpnetAxisKey>(key)));
    for (const Member &axis : read_table(member.value, "[sweep]")) {
        if (contains(sections().front().keys, axis.key) && !contains(axes, axis.key))
            fail_at(axis.place, "network." + axis.key + " cannot be swept; allowed: " + join(axes));
        if (!contains(axes, axis.key))
            fail_unknown(axis, "in [sweep]", axes);
        for (const Member &key : read_table(axis.value, "sweep." + axis.key)) {
            if (!contains(axis_keys, key.key))
                fail_unknown(key, "in sweep." + axis.key, axis_keys);
        }
    }
}

} // namespace

void check_keys(const Table &root) {
    std::vector<std::string> known{"title"};
    for (const Section &section : sections())
        known.emplace_back(section.name);
    known.emplace_back("sweep");
    for (const Member &member : root) {
        auto section = std::find_if(sections().begin(), sections().end(),
                                    [&](const Section &candidate) { return member.key == candidate.name; });
        if (section != sections().end())
            check_section(member, *section);
        else if (member.key == "sweep")
            check_sweep(member);
        else if (member.key != "title")
            fail_unknown(member, "at the top", known);
    }
}

} // namespace epnet
