/* [sweep]: the axes of the grid, in the order of the text. */
#include "spec_reader.h"
#include "spec_values.h"

#include <algorithm>
#include <cmath>

namespace epnet {
namespace {

constexpr std::int64_t max_axis_points = std::int64_t{1} << 32;

Limits axis_limits(EpnetAxisKey key, bool log) {
    if (log)
        return {0, positive_limits.most, true, "a finite number > 0, because scale is log"};
    if (key == EPNET_AXIS_SIGMA)
        return positive_limits;
    return key == EPNET_AXIS_DRIVE ? drive_limits : rate_limits;
}

/* Value k of an axis from `from` to `to`; both ends are exact. */
double axis_value(const AxisPlan &plan, std::size_t k) {
    if (k == 0)
        return plan.from;
    if (k + 1 == plan.size)
        return plan.to;
    long double from = plan.from, to = plan.to; /* to / from may exceed the range of double */
    long double steps = static_cast<long double>(plan.size - 1), step = static_cast<long double>(k);
    return static_cast<double>(plan.log ? from * powl(to / from, step / steps)
                                        : from + step * (to - from) / steps);
}

void check_monotonic(const AxisPlan &plan, const std::string &name, const double *values) {
    bool rises = plan.size > 1 && values[1] > values[0];
    for (std::size_t k = 1; k < plan.size; k++) {
        bool moves = rises ? values[k] > values[k - 1] : values[k] < values[k - 1];
        if (!moves)
            fail_at(plan.member->value.place, name + ": value " + std::to_string(k) + " (" +
                                                  to_text(values[k]) + ") follows " + to_text(values[k - 1]) +
                                                  "; allowed: values that always rise or always fall");
    }
}

void read_values(const Table &table, const Member &member, const std::string &name, AxisPlan &plan) {
    for (const char *rival : {"from", "to", "points"}) {
        if (const Member *found = find(table, rival))
            fail_at(found->place, name + "." + rival + " and " + name +
                                      ".values exclude each other; allowed: values, or from, to and points");
    }
    const char *allowed = "an array of one or more numbers";
    const Array &items = read_array(member.value, name + ".values", allowed);
    if (items.empty())
        fail_at(member.value.place, name + ".values is empty; allowed: " + allowed);
    Limits limits = axis_limits(plan.key, plan.log);
    if (plan.key == EPNET_AXIS_DRIVE)
        limits.most = HUGE_VAL; /* on a log axis, too: one-way copies as the last value */
    plan.values = read_numbers(member.value, name + ".values", items.size(), limits, allowed);
    plan.size = plan.values.size();
}

const Member &require(const Table &table, const Member &axis, const std::string &name, const char *key) {
    const Member *member = find(table, key);
    if (member == nullptr)
        fail_at(axis.place, name + "." + key + " is missing; allowed: values, or from, to and points");
    return *member;
}

void read_range(const Table &table, const std::string &name, AxisPlan &plan) {
    Limits limits = axis_limits(plan.key, plan.log);
    limits.most = rate_limits.most;
    if (!plan.log)
        limits.allowed = "a finite number >= 0; list inf in values";
    if (!plan.log && plan.key != EPNET_AXIS_DRIVE)
        limits.allowed = axis_limits(plan.key, false).allowed;
    plan.from = read_number(require(table, *plan.member, name, "from").value, name + ".from", limits);
    const Member &points = require(table, *plan.member, name, "points");
    plan.size = static_cast<std::size_t>(read_integer(points.value, name + ".points", 1, max_axis_points));
    if (plan.size > 1 || find(table, "to") != nullptr)
        plan.to = read_number(require(table, *plan.member, name, "to").value, name + ".to", limits);
    else
        plan.to = plan.from;
    if (plan.size == 1 && plan.to != plan.from)
        fail_at(points.value.place, name + ".points is 1 with two different ends; allowed: 2 or more");
    if (plan.size > 1 && plan.to == plan.from)
        fail_at(plan.member->value.place,
                name + ".from and " + name + ".to are equal; allowed: two different ends");
}

AxisPlan read_axis(const Member &member) {
    const std::string name = "sweep." + member.key;
    const Table &table = read_table(member.value, name);
    AxisPlan plan{};
    plan.member = &member;
    while (member.key != epnet_axis_name(plan.key))
        plan.key = static_cast<EpnetAxisKey>(plan.key + 1); /* check_keys() let only these pass */
    if (const Member *scale = find(table, "scale"))
        plan.log = read_choice(scale->value, name + ".scale", {"linear", "log"}) == 1;
    if (const Member *values = find(table, "values"))
        read_values(table, *values, name, plan);
    else
        read_range(table, name, plan);
    return plan;
}

void check_rivals(const std::vector<AxisPlan> &plans, EpnetAxisKey one, EpnetAxisKey other) {
    const Member *first = nullptr;
    for (const AxisPlan &plan : plans) {
        if (plan.key != one && plan.key != other)
            continue;
        if (first != nullptr)
            fail_at(plan.member->place,
                    "sweep." + first->key + " and sweep." + plan.member->key + " exclude each other");
        first = plan.member;
    }
}

void check_size(const Section &section, const std::vector<AxisPlan> &plans) {
    std::vector<EpnetAxis> sizes;
    double bytes = 0;
    for (const AxisPlan &plan : plans) {
        sizes.push_back({plan.key, plan.log, plan.size, nullptr});
        bytes += static_cast<double>(plan.size) * sizeof(double);
    }
    if (epnet_grid_points(sizes.data(), sizes.size()) == 0)
        fail_at(section.place, "the axes of [sweep] make too many points; allowed: at most 2^48");
    if (bytes > host_memory() / 4)
        fail_at(section.place, "the values of the axes take " + to_text(bytes) +
                                   " bytes; allowed: a quarter of this host's memory of " +
                                   to_text(host_memory()));
}

} // namespace

const EpnetAxis *find_axis(const EpnetSpec &spec, EpnetAxisKey key) {
    const EpnetAxis *end = spec.axes + spec.axis_count;
    const EpnetAxis *at = std::find_if(const_cast<const EpnetAxis *>(spec.axes), end,
                                       [&](const EpnetAxis &axis) { return axis.key == key; });
    return at == end ? nullptr : at;
}

Place find_axis_place(const Document &document, EpnetAxisKey key) {
    return find(find_section(document, "sweep").table, epnet_axis_name(key))->place;
}

void read_sweep(Reading &reading) {
    Section section = find_section(reading.document, "sweep");
    std::vector<AxisPlan> &plans = reading.plans;
    for (const Member &member : section.table)
        plans.push_back(read_axis(member));
    check_rivals(plans, EPNET_AXIS_COPY_TOTAL, EPNET_AXIS_COPY_RATE);
    check_rivals(plans, EPNET_AXIS_DRIVE, EPNET_AXIS_SIGMA);
    check_size(section, plans);
    reading.spec.axes = allocate<EpnetAxis>(plans.size());
    for (const AxisPlan &plan : plans)
        reading.spec.axes[reading.spec.axis_count++] = {plan.key, plan.log, plan.size, nullptr};
}

void fill_axes(Reading &reading) {
    for (std::size_t a = 0; a < reading.plans.size(); a++) {
        const AxisPlan &plan = reading.plans[a];
        double *values = reading.spec.axes[a].values = allocate<double>(plan.size);
        for (std::size_t k = 0; k < plan.size; k++)
            values[k] = plan.values.empty() ? axis_value(plan, k) : plan.values[k];
        check_monotonic(plan, "sweep." + plan.member->key, values);
    }
}

} // namespace epnet
