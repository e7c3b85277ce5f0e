/* The edges of [network]: a topology, a list, a CSV file, or the matrix copy_rates; and the number of nodes.
 */
#include "spec_files.h"
#include "spec_reader.h"
#include "spec_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

namespace epnet {
namespace {

constexpr double vectors_per_point = 10; /* of 2^nodes doubles: what a point in flight may need */

/* The states of a point must fit this host's memory: one vector with split, many without. */
void check_memory(const Reading &reading, const Place &place, int nodes) {
    const bool split = is_split(reading.document);
    const double vector = std::exp2(nodes) * sizeof(double), available = host_memory(),
                 needed = (split ? 1 : vectors_per_point) * vector;
    auto gibibytes = [](double bytes) {
        return to_text(std::round(bytes / std::exp2(30) * 10) / 10) + " GiB";
    };
    const std::string count = std::to_string(nodes) + " nodes";
    const std::string hint = !split && vector <= available
                                 ? "; a trajectory with solve.method = \"split\" needs " + gibibytes(vector)
                                 : "";
    if (needed > available)
        fail_at(place, count + " have 2^" + std::to_string(nodes) + " states and need " + gibibytes(needed) +
                           "; allowed: what fits this host's memory of " + gibibytes(available) + hint);
    if (!split && nodes > EPNET_MAX_NODES_MANY)
        fail_at(place, count + "; allowed: 1 to " + std::to_string(EPNET_MAX_NODES_MANY) + ", or " +
                           std::to_string(EPNET_MAX_NODES) + " with solve.method = \"split\"");
}

/* Appends edges to the network and refuses those that no network has. */
class EdgeList {
  public:
    explicit EdgeList(EpnetNetwork &network) : network_(network) {}

    /* `at` is where a message points to. */
    void add(const Place &at, int source, int target, double weight) {
        std::string edge = name(source) + " -> " + name(target);
        if (source == target)
            fail_at(at, "the edge " + edge + " leads from a node to itself; allowed: two different nodes");
        auto [first, added] = places_.insert({{source, target}, at});
        if (!added)
            fail_at(at, "the edge " + edge + " is there already, from " + first->second.text());
        EpnetError error;
        if (epnet_network_add_edge(&network_, source, target, weight, &error) != EPNET_OK)
            throw ReadError{error.status, error.message};
    }

    void add(const Place &at, int source, int target, double weight, bool undirected) {
        add(at, source, target, weight);
        if (undirected)
            add(at, target, source, weight);
    }

  private:
    std::string name(int node) const {
        return network_.names != nullptr ? network_.names[node] : std::to_string(node);
    }

    EpnetNetwork &network_;
    std::map<std::pair<int, int>, Place> places_;
};

bool read_undirected(const Section &section) {
    const Member *member = find(section.table, "undirected");
    return member != nullptr && read_boolean(member->value, "network.undirected");
}

/* ---- nodes and topology ---- */

int read_nodes(const Reading &reading, const Member &member) {
    int nodes = static_cast<int>(read_integer(member.value, "network.nodes", 1, EPNET_MAX_NODES));
    check_memory(reading, member.value.place, nodes);
    return nodes;
}

void add_topology(Reading &reading, const Member *member) {
    std::initializer_list<const char *> names{"complete", "ring", "path", "star", "none"};
    const char *name = *names.begin();
    if (member != nullptr)
        name = names.begin()[read_choice(member->value, "network.topology", names)];
    EpnetError error;
    if (epnet_network_topology(&reading.spec.network, name, &error) != EPNET_OK)
        throw ReadError{error.status, error.message};
}

/* ---- edges = [[source, target], [source, target, weight], ...] ---- */

void add_list(Reading &reading, const Section &section, const Member &member) {
    const char *allowed = "an array of [source, target] or [source, target, weight]";
    bool undirected = read_undirected(section);
    EdgeList edges(reading.spec.network);
    std::int64_t last = reading.spec.network.nodes - 1;
    for (const Value &item : read_array(member.value, "network.edges", allowed)) {
        const Array &edge =
            read_array(item, "an entry of network.edges", "[source, target] or [source, target, weight]");
        if (edge.size() != 2 && edge.size() != 3)
            fail_at(item.place, "an entry of network.edges has " + std::to_string(edge.size()) +
                                    " values; allowed: [source, target] or [source, target, weight]");
        int source = static_cast<int>(read_integer(edge[0], "the source of an edge", 0, last));
        int target = static_cast<int>(read_integer(edge[1], "the target of an edge", 0, last));
        double weight = edge.size() == 3 ? read_number(edge[2], "the weight of an edge", positive_limits) : 1;
        edges.add(item.place, source, target, weight, undirected);
    }
}

/* ---- edges_file ---- */

struct Endpoint {
    std::string text;
    Place place;
    int node;
};

struct Row {
    Endpoint source, target;
    double weight;
};

/* Digits, with a sign perhaps: such an endpoint is meant as a node's number. */
bool is_integer(const std::string &text) {
    std::size_t digits = text.find_first_of("+-") == 0 ? 1 : 0;
    return text.size() > digits && text.find_first_not_of("0123456789", digits) == text.npos;
}

std::vector<Row> read_rows(CsvTable &table) {
    std::vector<Row> rows;
    auto endpoint = [&](const char *column) { return Endpoint{table.text(column), table.place(column), 0}; };
    while (table.next())
        rows.push_back({endpoint("source"), endpoint("target"),
                        table.has("weight") ? table.number("weight", positive_limits) : 1});
    return rows;
}

void number_integer(Endpoint &endpoint, int limit) {
    const std::string &text = endpoint.text;
    const char *end = text.data() + text.size();
    auto [stop, problem] = std::from_chars(text.data() + (text[0] == '+'), end, endpoint.node);
    if (problem != std::errc() || endpoint.node < 0 || endpoint.node >= limit)
        fail_at(endpoint.place,
                "node " + text + " is out of range; allowed: 0 to " + std::to_string(limit - 1));
}

/* Names are numbered by first appearance. */
void number_name(Endpoint &endpoint, int limit, std::vector<std::string> &names) {
    auto at = std::find(names.begin(), names.end(), endpoint.text);
    if (at == names.end() && names.size() == static_cast<std::size_t>(limit))
        fail_at(endpoint.place,
                quote(endpoint.text) + " is one node too many; allowed: " + std::to_string(limit));
    endpoint.node = static_cast<int>(at - names.begin());
    if (at == names.end())
        names.push_back(endpoint.text);
}

/* Give every endpoint its node; returns how many nodes there are. `limit` is how many there may be. */
int number_nodes(std::vector<Row> &rows, int limit, std::vector<std::string> &names) {
    bool numbered = !rows.empty() && is_integer(rows.front().source.text);
    int count = 0;
    for (Row &row : rows) {
        for (Endpoint *endpoint : {&row.source, &row.target}) {
            if (is_integer(endpoint->text) != numbered)
                fail_at(endpoint->place, quote(endpoint->text) + " is " + (numbered ? "a name" : "a number") +
                                             "; a file uses either numbers or names of nodes, this one " +
                                             (numbered ? "numbers" : "names") + " so far");
            if (numbered)
                number_integer(*endpoint, limit);
            else
                number_name(*endpoint, limit, names);
            count = std::max(count, endpoint->node + 1);
        }
    }
    return count;
}

/* Nodes that the file does not name are called by their number. */
void set_names(EpnetNetwork &network, const std::vector<std::string> &names) {
    if (names.empty())
        return;
    network.names = allocate<char *>(static_cast<std::size_t>(network.nodes));
    for (std::size_t i = 0; i < static_cast<std::size_t>(network.nodes); i++)
        network.names[i] = copy_string(i < names.size() ? names[i] : std::to_string(i));
}

void add_file(Reading &reading, const Section &section, const Member &member) {
    EpnetNetwork &network = reading.spec.network;
    bool undirected = read_undirected(section);
    CsvTable table(reading.path, member, "network.edges_file", {"source", "target"}, {"weight"});
    std::vector<Row> rows = read_rows(table);
    std::vector<std::string> names;
    int count = number_nodes(rows, network.nodes > 0 ? network.nodes : EPNET_MAX_NODES, names);
    if (network.nodes == 0) {
        if (count == 0)
            fail_at(member.place, table.path() + " has no edge, so network.nodes is needed");
        check_memory(reading, member.place, count);
        network.nodes = count;
    }
    set_names(network, names);
    EdgeList edges(network);
    for (const Row &row : rows)
        edges.add(row.source.place, row.source.node, row.target.node, row.weight, undirected);
    reading.identity.add_file("edges_file", table.bytes());
}

/* ---- copy_rates: the weights are the rates ---- */

void add_matrix(Reading &reading, const Section &section, const Member &member) {
    for (const char *rival : {"topology", "edges", "edges_file", "undirected"}) {
        if (const Member *found = find(section.table, rival))
            fail_at(found->place, std::string("network.") + rival +
                                      " and network.copy_rates exclude each other: the matrix has the edges");
    }
    EpnetNetwork &network = reading.spec.network;
    const Array &rows = read_array(member.value, "network.copy_rates", "an N x N array, row = source");
    if (network.nodes == 0) {
        if (rows.empty() || rows.size() > EPNET_MAX_NODES)
            fail_at(member.value.place, "network.copy_rates has " + std::to_string(rows.size()) +
                                            " rows; allowed: 1 to " + std::to_string(EPNET_MAX_NODES));
        network.nodes = static_cast<int>(rows.size());
        check_memory(reading, member.value.place, network.nodes);
    }
    std::size_t nodes = static_cast<std::size_t>(network.nodes);
    std::string allowed = std::to_string(nodes) + " rows of " + std::to_string(nodes) + " rates";
    if (rows.size() != nodes)
        fail_at(member.value.place,
                "network.copy_rates has " + std::to_string(rows.size()) + " rows; allowed: " + allowed);
    EdgeList edges(network);
    for (std::size_t i = 0; i < nodes; i++) {
        std::string name = "network.copy_rates[" + std::to_string(i) + "]";
        std::vector<double> rates = read_numbers(rows[i], name, nodes, rate_limits, allowed);
        for (std::size_t j = 0; j < nodes; j++) {
            if (rates[j] > 0)
                edges.add(std::get<Array>(rows[i].content)[j].place, static_cast<int>(i), static_cast<int>(j),
                          rates[j]);
        }
    }
}

} // namespace

void read_edges(Reading &reading) {
    Section section = find_section(reading.document, "network");
    const Member *edges = find_one(section, "network", {"topology", "edges", "edges_file"});
    const Member *matrix = find(section.table, "copy_rates");
    const Member *nodes = find(section.table, "nodes");
    const Member *undirected = find(section.table, "undirected");
    bool listed = edges != nullptr && edges->key != "topology";
    if (nodes != nullptr)
        reading.spec.network.nodes = read_nodes(reading, *nodes);
    else if (matrix == nullptr && (edges == nullptr || edges->key != "edges_file"))
        fail_at(section.place,
                "network.nodes is missing; it may be left out with edges_file or copy_rates alone");
    if (matrix != nullptr)
        return add_matrix(reading, section, *matrix);
    if (undirected != nullptr && !listed)
        fail_at(undirected->place, "network.undirected goes with edges or edges_file; a topology's links are "
                                   "two directed edges each");
    if (!listed)
        add_topology(reading, edges);
    else if (edges->key == "edges")
        add_list(reading, section, *edges);
    else
        add_file(reading, section, *edges);
}

} // namespace epnet
