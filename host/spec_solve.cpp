/* [solve]: what is solved for, the sampled times, the method. Everything is checked; of a stationary spec
 * only the kind is then kept, so that a trajectory spec becomes a stationary one by --set
 * solve.kind=stationary. */
#include "spec_reader.h"
#include "spec_values.h"

#include <cfloat>
#include <cmath>

namespace epnet {
namespace {

constexpr std::int64_t max_samples = 10000000;
constexpr const char *times_allowed = "an array of rising times >= 0, at most 10000000";
constexpr double max_steps = 1099511627776; /* 2^40: t / dt is then known to far better than 1e-6 */
const Limits tolerance_limits{1e-13, 0.1, false, "a number from 1e-13 to 0.1"};

/* How many sampled times the section asks for. */
std::size_t count_samples(const Section &section) {
    if (const Member *times = find(section.table, "times")) {
        const std::size_t size = read_array(times->value, "solve.times", times_allowed).size();
        if (size == 0 || size > static_cast<std::size_t>(max_samples))
            fail_at(times->value.place,
                    "solve.times has " + std::to_string(size) + " values; allowed: " + times_allowed);
        return size;
    }
    const Member *count = find(section.table, "samples");
    return static_cast<std::size_t>(
        count == nullptr ? 101 : read_integer(count->value, "solve.samples", 2, max_samples));
}

std::vector<double> read_times(const Section &section, const Member &member) {
    for (const char *rival : {"t_end", "samples"}) {
        if (const Member *found = find(section.table, rival))
            fail_at(found->place, std::string("solve.times and solve.") + rival +
                                      " exclude each other; allowed: times, or t_end and samples");
    }
    const Array &items = std::get<Array>(member.value.content);
    std::vector<double> times =
        read_numbers(member.value, "solve.times", items.size(), rate_limits, times_allowed);
    for (std::size_t k = 1; k < times.size(); k++) {
        if (times[k] <= times[k - 1])
            fail_at(items[k].place, "solve.times: " + to_text(times[k]) + " follows " +
                                        to_text(times[k - 1]) + "; allowed: times that rise");
    }
    return times;
}

/* `samples` times from 0 to t_end. */
std::vector<double> space_times(const Section &section, std::size_t samples) {
    const Member *end = find(section.table, "t_end");
    double t_end = end == nullptr ? 10 : read_number(end->value, "solve.t_end", positive_limits);
    std::vector<double> times;
    times.reserve(samples);
    for (std::size_t k = 0; k < samples; k++)
        times.push_back(
            static_cast<double>(static_cast<long double>(k) * t_end / static_cast<long double>(samples - 1)));
    if (times[1] <= 0)
        fail_at(end->value.place,
                "solve.t_end is too small for " + std::to_string(samples) + " different times");
    return times;
}

/* The times as whole numbers of steps. */
std::vector<std::uint64_t> count_steps(const std::vector<double> &times, const Member &dt, double step) {
    std::vector<std::uint64_t> steps;
    for (double time : times) {
        double exact = time / step, nearest = std::round(exact);
        if (nearest > max_steps)
            fail_at(dt.value.place, "solve.dt is " + to_text(step) + ", so that t = " + to_text(time) +
                                        " is " + to_text(exact) + " steps away; allowed: at most 2^40");
        if (std::fabs(exact - nearest) > 1e-6)
            fail_at(dt.value.place,
                    "solve.dt is " + to_text(step) + ", but the sampled time t = " + to_text(time) + " is " +
                        to_text(exact) + " steps; allowed: every time is a whole number of steps");
        steps.push_back(static_cast<std::uint64_t>(nearest));
        if (steps.size() > 1 && steps.back() == steps[steps.size() - 2])
            fail_at(dt.value.place, "solve.dt is " + to_text(step) +
                                        ", so that two sampled times are both step " + to_text(nearest));
    }
    return steps;
}

EpnetMethod read_method(const Section &section) {
    const Member *member = find(section.table, "method");
    if (member == nullptr)
        return EPNET_CHEBYSHEV;
    static constexpr EpnetMethod methods[] = {EPNET_CHEBYSHEV, EPNET_EULER,          EPNET_RK4,
                                              EPNET_CHEBYSHEV, EPNET_UNIFORMIZATION, EPNET_SPLIT};
    return methods[read_choice(member->value, "solve.method",
                               {"auto", "euler", "rk4", "chebyshev", "uniformization", "split"})];
}

/* The step of euler, rk4 and perhaps split, else nullptr. */
const Member *find_dt(const Section &section, EpnetMethod method) {
    const Member *dt = find(section.table, "dt"), *tolerance = find(section.table, "tolerance");
    bool stepped = method == EPNET_EULER || method == EPNET_RK4;
    if (method == EPNET_SPLIT && (dt == nullptr) == (tolerance == nullptr))
        fail_at(dt != nullptr ? dt->place : find(section.table, "method")->value.place,
                "solve.method = \"split\" needs one of solve.tolerance (the error of p, to which steps are "
                "chosen) and solve.dt (the step [s], whose error is estimated)");
    if (method == EPNET_SPLIT)
        return dt;
    if (!stepped && dt != nullptr)
        fail_at(
            dt->place,
            std::string("solve.dt has no effect with the method ") + epnet_method_name(method) +
                "; allowed: with euler, rk4 and split, the others choose their steps from solve.tolerance");
    if (stepped && dt == nullptr)
        fail_at(find(section.table, "method")->place,
                std::string("solve.method = \"") + epnet_method_name(method) + "\" needs solve.dt [s]");
    return dt;
}

} // namespace

bool is_split(const Document &document) {
    const Member *method = find(find_section(document, "solve").table, "method");
    const auto *text = method == nullptr ? nullptr : std::get_if<std::string>(&method->value.content);
    return text != nullptr && *text == "split";
}

void check_split(const Reading &reading) {
    if (!is_split(reading.document))
        return;
    const EpnetSpec &spec = reading.spec;
    const Member *method = find(find_section(reading.document, "solve").table, "method");
    const std::string only = "solve.method = \"split\" follows one trajectory in one vector of states: ";
    if (spec.kind == EPNET_STATIONARY)
        fail_at(method->value.place, only + "allowed with solve.kind = \"trajectory\"");
    if (spec.initial.kind == EPNET_INITIAL_STATIONARY)
        fail_at(find(find_section(reading.document, "initial").table, "distribution")->value.place,
                only + "initial.distribution = \"stationary\" takes others; allowed: any other start");
    if (spec.network.constant_drive)
        fail_at(method->value.place, only + "sigma takes stationary laws; allowed: drive");
    if (spec.leak.kind != EPNET_LEAK_NONE)
        fail_at(find(reading.document.root(), "leak")->place, only + "[leak] takes others");
}

void read_solve(Reading &reading) {
    Section section = find_section(reading.document, "solve");
    EpnetSpec &spec = reading.spec;
    const Member *kind = find(section.table, "kind"), *tolerance = find(section.table, "tolerance");
    const Member *times_member = find(section.table, "times");
    bool stationary =
        kind != nullptr && read_choice(kind->value, "solve.kind", {"trajectory", "stationary"}) == 1;
    double error =
        tolerance == nullptr ? 1e-9 : read_number(tolerance->value, "solve.tolerance", tolerance_limits);
    const std::size_t samples = count_samples(section);
    check_sizes(reading, stationary ? 0 : samples);
    std::vector<double> times =
        times_member != nullptr ? read_times(section, *times_member) : space_times(section, samples);
    EpnetMethod method = read_method(section);
    const Member *dt = find_dt(section, method);
    double step = dt == nullptr ? 0 : read_number(dt->value, "solve.dt", positive_limits);
    std::vector<std::uint64_t> steps =
        dt == nullptr ? std::vector<std::uint64_t>() : count_steps(times, *dt, step);
    spec.kind = stationary ? EPNET_STATIONARY : EPNET_TRAJECTORY;
    spec.method = stationary ? EPNET_CHEBYSHEV : method;
    spec.tolerance = error;
    if (stationary)
        return;
    spec.dt = step;
    spec.time_count = times.size();
    spec.times = copy_values(times);
    spec.steps = dt == nullptr ? nullptr : copy_values(steps);
}

} // namespace epnet
