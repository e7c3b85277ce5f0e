/* [observe]: the cuts. */
#include "spec_reader.h"
#include "spec_values.h"

#include <algorithm>

namespace epnet {
namespace {

int find_node(const Value &value, const EpnetNetwork &network) {
    const auto *name = std::get_if<std::string>(&value.content);
    if (name == nullptr)
        return static_cast<int>(read_integer(value, "a node of a cut", 0, network.nodes - 1));
    if (network.names == nullptr)
        fail_value(value, "a node of a cut",
                   "node numbers; only an edges_file of names gives names to nodes");
    std::vector<std::string> names(network.names, network.names + network.nodes);
    auto at = std::find(names.begin(), names.end(), *name);
    if (at == names.end())
        fail_at(value.place, "no node is called " + quote(*name) + "; did you mean " +
                                 quote(find_nearest(*name, names)) + "? allowed: " + join(names));
    return static_cast<int>(at - names.begin());
}

/* A node as the spec has it: its number or its name. */
std::string label(const Value &value) {
    const auto *name = std::get_if<std::string>(&value.content);
    return name != nullptr ? *name : std::to_string(std::get<std::int64_t>(value.content));
}

EpnetCut read_cut(const Value &value, const std::string &name, const EpnetNetwork &network) {
    const char *allowed = "an array of some, but not all, nodes";
    const Array &items = read_array(value, name, allowed);
    EpnetCut cut{};
    std::string text;
    for (const Value &item : items) {
        std::uint64_t bit = std::uint64_t{1} << find_node(item, network);
        if (cut.mask & bit)
            fail_at(item.place, name + " has node " + label(item) + " twice");
        cut.mask |= bit;
        text += (text.empty() ? "" : ",") + label(item);
    }
    if (items.empty())
        fail_at(value.place, name + " is empty; allowed: " + allowed);
    if (items.size() == static_cast<std::size_t>(network.nodes))
        fail_at(value.place, name + " has all nodes; allowed: " + allowed);
    cut.label = copy_string(text);
    return cut;
}

} // namespace

void read_observe(Reading &reading) {
    EpnetSpec &spec = reading.spec;
    const Member *member = find_one(find_section(reading.document, "observe"), "observe", {"cut", "cuts"});
    if (member == nullptr)
        return;
    if (member->key == "cut") {
        spec.cuts = allocate<EpnetCut>(1);
        spec.cuts[spec.cut_count++] = read_cut(member->value, "observe.cut", spec.network);
        return;
    }
    const char *allowed = "an array of one or more arrays of nodes";
    const Array &items = read_array(member->value, "observe.cuts", allowed);
    if (items.empty())
        fail_at(member->value.place, std::string("observe.cuts is empty; allowed: ") + allowed);
    spec.cuts = allocate<EpnetCut>(items.size());
    for (const Value &item : items) {
        std::string name = "observe.cuts[" + std::to_string(spec.cut_count) + "]";
        EpnetCut cut = read_cut(item, name, spec.network);
        spec.cuts[spec.cut_count++] = cut;
    }
}

} // namespace epnet
