/* [network]: edges, then the rates and drives that a point of the grid starts from. */
#include "spec_reader.h"
#include "spec_values.h"

#include <cmath>

namespace epnet {
namespace {

/* The copy axis, if there is one: an axis takes the place of copy_total and of copy_rate alike. */
const EpnetAxis *find_copy_axis(const EpnetSpec &spec) {
    const EpnetAxis *axis = find_axis(spec, EPNET_AXIS_COPY_TOTAL);
    return axis != nullptr ? axis : find_axis(spec, EPNET_AXIS_COPY_RATE);
}

void set_copy(EpnetNetwork &network, const Member &member) {
    if (member.key == "copy_rates") { /* checked by read_edges(), which made its entries the weights */
        network.copy_kind = EPNET_COPY_RATE;
        network.copy = 1;
        return;
    }
    network.copy_kind = member.key == "copy_total" ? EPNET_COPY_TOTAL : EPNET_COPY_RATE;
    network.copy = read_number(member.value, "network." + member.key, rate_limits);
}

/* `member` is the one copy key of the section, or nullptr. */
void read_copy(Reading &reading, const Section &section, const Member *member) {
    EpnetNetwork &network = reading.spec.network;
    const EpnetAxis *axis = find_copy_axis(reading.spec);
    bool matrix = member != nullptr && member->key == "copy_rates";
    if (axis != nullptr && matrix)
        fail_at(find_axis_place(reading.document, axis->key),
                std::string("sweep.") + epnet_axis_name(axis->key) +
                    " cannot vary the matrix network.copy_rates; allowed: an axis over drive or flips");
    if (network.edge_count == 0 && axis != nullptr)
        fail_at(find_axis_place(reading.document, axis->key), std::string("sweep.") +
                                                                  epnet_axis_name(axis->key) +
                                                                  " has no effect: the network has no edges");
    if (network.edge_count == 0 && member != nullptr && !matrix)
        fail_at(member->place, "network." + member->key + " has no effect: the network has no edges");
    if (network.edge_count > 0 && axis == nullptr && member == nullptr)
        fail_at(section.place,
                "the rate of the " + std::to_string(network.edge_count) +
                    " edges is missing; allowed: one of copy_total, copy_rate, copy_rates, or an "
                    "axis over copy_total or copy_rate");
    if (member != nullptr)
        set_copy(network, *member);
    if (axis != nullptr)
        network.copy_kind = EPNET_COPY_NONE;
}

/* Weights whose sum overflows would make every share of copy_total zero. */
void check_weights(const EpnetNetwork &network, const Section &section) {
    double sum = 0;
    for (std::size_t e = 0; e < network.edge_count; e++)
        sum += network.weight[e];
    if (!std::isfinite(sum))
        fail_at(section.place, "the weights of the edges have no finite sum; allowed: smaller weights");
}

void read_drive_matrix(EpnetNetwork &network, const Value &value) {
    std::size_t nodes = static_cast<std::size_t>(network.nodes);
    std::string allowed =
        "a number, or " + std::to_string(nodes) + " rows of " + std::to_string(nodes) + " numbers";
    const Array &rows = std::get<Array>(value.content);
    if (rows.size() != nodes)
        fail_at(value.place,
                "network.drive has " + std::to_string(rows.size()) + " rows; allowed: " + allowed);
    std::vector<std::vector<double>> drive;
    for (const Value &row : rows)
        drive.push_back(read_numbers(row, "network.drive[" + std::to_string(drive.size()) + "]", nodes,
                                     drive_limits, allowed));
    for (std::size_t e = 0; e < network.edge_count; e++)
        network.drive[e] =
            drive[static_cast<std::size_t>(network.source[e])][static_cast<std::size_t>(network.target[e])];
}

void read_drive(Reading &reading, const Section &section) {
    EpnetNetwork &network = reading.spec.network;
    const Member *member = find(section.table, "drive");
    if (member != nullptr && is_array(member->value)) {
        read_drive_matrix(network, member->value);
    } else if (member != nullptr) {
        double drive = read_number(member->value, "network.drive", drive_limits);
        std::fill(network.drive, network.drive + network.edge_count, drive);
    }
    for (EpnetAxisKey key : {EPNET_AXIS_DRIVE, EPNET_AXIS_SIGMA}) {
        if (network.edge_count == 0 && find_axis(reading.spec, key) != nullptr)
            fail_at(find_axis_place(reading.document, key), std::string("sweep.") + epnet_axis_name(key) +
                                                                " has no effect: the network has no edges");
    }
}

/* Constant drive, by key or axis; an axis over drive or sigma takes the place of both keys. */
void read_sigma(Reading &reading, const Section &section) {
    EpnetNetwork &network = reading.spec.network;
    const Member *member = find_one(section, "network", {"drive", "sigma"});
    if (member != nullptr && member->key == "sigma") {
        network.sigma = read_number(member->value, "network.sigma", positive_limits);
        network.constant_drive = find_axis(reading.spec, EPNET_AXIS_DRIVE) == nullptr;
        if (network.edge_count == 0)
            fail_at(member->place, "network.sigma has no effect: the network has no edges");
    }
    if (find_axis(reading.spec, EPNET_AXIS_SIGMA) != nullptr)
        network.constant_drive = true;
}

/* One rate for all nodes or one per node; 1 by default. */
double *read_flips(const Section &section, const char *key, int nodes) {
    std::size_t count = static_cast<std::size_t>(nodes);
    std::string name = std::string("network.") + key;
    const Member *member = find(section.table, key);
    if (member != nullptr && is_array(member->value))
        return copy_values(read_numbers(member->value, name, count, rate_limits,
                                        "a number, or " + std::to_string(count) + " numbers, one per node"));
    double rate = member == nullptr ? 1 : read_number(member->value, name, rate_limits);
    return copy_values(std::vector<double>(count, rate));
}

} // namespace

void read_network(Reading &reading) {
    Section section = find_section(reading.document, "network");
    EpnetNetwork &network = reading.spec.network;
    const Member *copy = find_one(section, "network", {"copy_total", "copy_rate", "copy_rates"});
    read_edges(reading);
    check_weights(network, section);
    read_copy(reading, section, copy);
    read_drive(reading, section);
    read_sigma(reading, section);
    network.flip_up = read_flips(section, "flip_up", network.nodes);
    network.flip_down = read_flips(section, "flip_down", network.nodes);
}

} // namespace epnet
