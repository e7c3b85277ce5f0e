/* Reading a spec: the file, its overrides, and its tables in the order in which they depend on each other. */
#include "spec_files.h"
#include "spec_keys.h"
#include "spec_reader.h"
#include "spec_values.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <system_error>

#include <unistd.h>

namespace epnet {

static constexpr std::size_t largest_spec = std::size_t{64} << 20; /* bytes; long lists belong in CSV files */

char *copy_string(const std::string &text) {
    char *copied = allocate<char>(text.size() + 1);
    std::copy(text.begin(), text.end(), copied);
    return copied;
}

double host_memory() {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? static_cast<double>(pages) * static_cast<double>(page) : HUGE_VAL;
}

Section find_section(const Document &document, const char *name) {
    static const Table empty;
    const Member *member = find(document.root(), name);
    return member == nullptr ? Section{empty, document.start()}
                             : Section{std::get<Table>(member->value.content), member->place};
}

const Member *find_one(const Section &section, const std::string &name,
                       std::initializer_list<const char *> keys) {
    const Member *first = nullptr;
    for (const Member &member : section.table) {
        if (std::find(keys.begin(), keys.end(), member.key) == keys.end())
            continue;
        if (first != nullptr)
            fail_at(member.place, name + "." + first->key + " and " + name + "." + member.key +
                                      " exclude each other; allowed: one of " +
                                      join(std::vector<std::string>(keys.begin(), keys.end())));
        first = &member;
    }
    return first;
}

static std::string load(const std::string &path) {
    try {
        return read_file(path, largest_spec);
    } catch (const std::system_error &error) {
        throw ReadError{EPNET_IO, path + ": cannot read the spec: " + error.code().message()};
    }
}

static void read_title(Reading &reading) {
    const Member *title = find(reading.document.root(), "title");
    reading.spec.title = copy_string(title == nullptr ? "" : read_string(title->value, "title"));
}

static EpnetKeep read_keep(const Member &member) {
    if (const bool *boolean = std::get_if<bool>(&member.value.content))
        return *boolean ? EPNET_KEEP_YES : EPNET_KEEP_NO;
    const auto *text = std::get_if<std::string>(&member.value.content);
    if (text == nullptr || *text != "auto")
        fail_value(member.value, "output.trajectories", "true, false or \"auto\"");
    return EPNET_KEEP_AUTO;
}

static void read_output(Reading &reading) {
    const Member *keep = find(find_section(reading.document, "output").table, "trajectories");
    reading.spec.keep_trajectories = keep == nullptr ? EPNET_KEEP_AUTO : read_keep(*keep);
}

static void read_spec(const std::string &path, const std::vector<std::string> &overrides, EpnetSpec &spec) {
    Document document(path, load(path));
    for (const std::string &assignment : overrides)
        document.set(assignment);
    check_keys(document.root());
    Identity identity(document.text());
    Reading reading{document, path, spec, identity};
    spec.path = copy_string(path);
    spec.text = copy_string(document.text());
    read_title(reading);
    read_sweep(reading);
    read_network(reading);
    read_initial(reading);
    read_observe(reading);
    read_solve(reading);
    read_leak(reading);
    check_constant_drive(reading);
    read_output(reading);
    std::string digits = identity.finish();
    std::copy(digits.begin(), digits.end(), spec.sha256);
}

} // namespace epnet

extern "C" EpnetStatus epnet_spec_read(const char *path, const char *const *overrides, size_t override_count,
                                       EpnetSpec **spec, EpnetError *error) {
    *spec = nullptr;
    try {
        std::unique_ptr<EpnetSpec, void (*)(EpnetSpec *)> made(epnet::allocate<EpnetSpec>(1),
                                                               epnet_spec_free);
        epnet::read_spec(path, std::vector<std::string>(overrides, overrides + override_count), *made);
        *spec = made.release();
        return EPNET_OK;
    } catch (const epnet::ReadError &problem) {
        return epnet_fail(error, problem.status, "%s", problem.message.c_str());
    } catch (const std::bad_alloc &) {
        return epnet_fail(error, EPNET_DEVICE, "out of memory while reading %s", path);
    } catch (const std::exception &problem) {
        return epnet_fail(error, EPNET_INTERNAL, "reading %s failed: %s", path, problem.what());
    }
}
