/* [initial]: the law at t = 0. */
#include "spec_files.h"
#include "spec_reader.h"
#include "spec_values.h"

#include <cmath>
#include <unordered_map>

namespace epnet {
namespace {

constexpr double sum_tolerance = 1e-9;

/* Listed states and their probabilities, and their compensated sum. */
class Law {
  public:
    void add(std::uint64_t state, double probability) {
        double next = sum_ + probability;
        lost_ += sum_ >= probability ? (sum_ - next) + probability : (probability - next) + sum_;
        sum_ = next;
        if (probability > 0) {
            states_.push_back(state);
            probabilities_.push_back(probability);
        }
    }

    /* Throws at `place` if the sum is not 1. */
    void move_to(EpnetInitial &initial, const Place &place, const std::string &name) const {
        double sum = sum_ + lost_;
        if (!(std::fabs(sum - 1) <= sum_tolerance))
            fail_at(place, name + ": the probabilities sum to " + to_text(sum) + "; allowed: 1 within 1e-9");
        initial.kind = EPNET_INITIAL_PROBABILITIES;
        initial.count = states_.size();
        initial.states = copy_values(states_);
        initial.probabilities = copy_values(probabilities_);
    }

  private:
    std::vector<std::uint64_t> states_;
    std::vector<double> probabilities_;
    double sum_ = 0, lost_ = 0;
};

/* The state written "01.."; the first character is node 0. */
std::uint64_t parse_state(const std::string &text, int nodes, const Place &place, const std::string &name) {
    if (text.size() != static_cast<std::size_t>(nodes) || text.find_first_not_of("01") != text.npos)
        fail_at(place, name + " is " + quote(text) + "; allowed: " + std::to_string(nodes) +
                           " characters 0 or 1, the first for node 0");
    std::uint64_t state = 0;
    for (std::size_t i = 0; i < text.size(); i++)
        state |= static_cast<std::uint64_t>(text[i] == '1') << i;
    return state;
}

void read_state(Reading &reading, const Member &member) {
    EpnetSpec &spec = reading.spec;
    const std::string name = "initial.state";
    spec.initial.kind = EPNET_INITIAL_STATE;
    spec.initial.state =
        parse_state(read_string(member.value, name), spec.network.nodes, member.value.place, name);
}

void read_distribution(Reading &reading, const Member &member) {
    std::size_t choice = read_choice(member.value, "initial.distribution", {"uniform", "stationary"});
    reading.spec.initial.kind = choice == 0 ? EPNET_INITIAL_UNIFORM : EPNET_INITIAL_STATIONARY;
}

void read_p_one(Reading &reading, const Member &member) {
    std::size_t nodes = static_cast<std::size_t>(reading.spec.network.nodes);
    reading.spec.initial.kind = EPNET_INITIAL_P_ONE;
    reading.spec.initial.p_one =
        copy_values(read_numbers(member.value, "initial.p_one", nodes, probability_limits,
                                 std::to_string(nodes) + " probabilities, one per node"));
}

void read_probabilities(Reading &reading, const Member &member) {
    std::size_t states = std::size_t{1} << reading.spec.network.nodes;
    std::vector<double> probabilities =
        read_numbers(member.value, "initial.probabilities", states, probability_limits,
                     std::to_string(states) + " probabilities, one per state");
    Law law;
    for (std::size_t s = 0; s < states; s++)
        law.add(s, probabilities[s]);
    law.move_to(reading.spec.initial, member.value.place, "initial.probabilities");
}

void read_probabilities_file(Reading &reading, const Member &member) {
    const std::string name = "initial.probabilities_file";
    CsvTable table(reading.path, member, name, {"state", "probability"}, {});
    Law law;
    std::unordered_map<std::uint64_t, unsigned> lines;
    while (table.next()) {
        Place place = table.place("state");
        std::string text = table.text("state");
        std::uint64_t state = parse_state(text, reading.spec.network.nodes, place, "state");
        auto [first, added] = lines.insert({state, place.line});
        if (!added)
            fail_at(place, "state " + text + " is there already, in line " + std::to_string(first->second));
        law.add(state, table.number("probability", probability_limits));
    }
    law.move_to(reading.spec.initial, member.value.place, name + " (" + table.path() + ")");
    reading.identity.add_file("probabilities_file", table.bytes());
}

} // namespace

void read_initial(Reading &reading) {
    static const struct {
        const char *key;
        void (*read)(Reading &reading, const Member &member);
    } readers[] = {{"state", read_state},
                   {"distribution", read_distribution},
                   {"p_one", read_p_one},
                   {"probabilities", read_probabilities},
                   {"probabilities_file", read_probabilities_file}};
    Section section = find_section(reading.document, "initial");
    const Member *member = find_one(
        section, "initial", {"state", "distribution", "p_one", "probabilities", "probabilities_file"});
    for (const auto &reader : readers) { /* none: the zeroed spec starts from the state of all zeros */
        if (member != nullptr && member->key == reader.key)
            reader.read(reading, *member);
    }
}

} // namespace epnet
