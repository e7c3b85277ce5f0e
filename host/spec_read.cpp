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

void read_output(Reading &reading) {
    const Member *keep = find(find_section(reading.document, "output").table, "trajectories");
    reading.spec.keep_trajectories = keep == nullptr ? EPNET_KEEP_AUTO : read_keep(*keep);
}

static void read_spec(const std::string &path, std::string content, const std::vector<std::string> &overrides,
                      EpnetSpec &spec) {
    Document document(path, std::move(content));
    for (const std::string &assignment : overrides)
        document.set(assignment);
    check_keys(document.root());
    Identity identity(document.text());
    Reading reading{document, path, spec, identity, {}};
    spec.path = copy_string(path);
    spec.text = copy_string(document.text());
    spec.override_count = overrides.size();
    read_title(reading);
    read_sweep(reading);
    read_network(reading);
    read_initial(reading);
    read_observe(reading);
    read_output(reading);
    read_solve(reading);
    fill_axes(reading);
    read_leak(reading);
    check_constant_drive(reading);
    check_split(reading);
    spec.files = copy_string(identity.files());
    std::string digits = identity.finish();
    std::copy(digits.begin(), digits.end(), spec.sha256);
}

/* Take the last lines of an effective text off it: the overrides that they stand for. */
static std::vector<std::string> split_overrides(std::string &text, std::size_t count) {
    const std::string mark = "# --set ";
    if (count > text.size() / mark.size())
        throw ReadError{EPNET_INTERNAL, "a spec's text does not end with its overrides"};
    std::vector<std::string> overrides(count);
    for (std::size_t k = count; k-- > 0;) {
        std::size_t start = text.size() < 2 ? text.npos : text.rfind('\n', text.size() - 2);
        start = start == text.npos ? 0 : start + 1;
        if (text.compare(start, mark.size(), mark) != 0)
            throw ReadError{EPNET_INTERNAL, "a spec's text does not end with its overrides"};
        overrides[k] = text.substr(start + mark.size(), text.size() - start - mark.size() - 1);
        text.erase(start);
    }
    return overrides;
}

/* Call `read` on a new spec; what it throws becomes a status. */
template <class Read>
static EpnetStatus make_spec(const char *path, EpnetSpec **spec, EpnetError *error, Read read) {
    *spec = nullptr;
    try {
        std::unique_ptr<EpnetSpec, void (*)(EpnetSpec *)> made(allocate<EpnetSpec>(1), epnet_spec_free);
        read(*made);
        *spec = made.release();
        return EPNET_OK;
    } catch (const ReadError &problem) {
        return epnet_fail(error, problem.status, "%s", problem.message.c_str());
    } catch (const std::bad_alloc &) {
        return epnet_fail(error, EPNET_DEVICE, "out of memory while reading %s", path);
    } catch (const std::exception &problem) {
        return epnet_fail(error, EPNET_INTERNAL, "reading %s failed: %s", path, problem.what());
    }
}

} // namespace epnet

extern "C" EpnetStatus epnet_spec_read(const char *path, const char *const *overrides, size_t override_count,
                                       EpnetSpec **spec, EpnetError *error) {
    return epnet::make_spec(path, spec, error, [&](EpnetSpec &made) {
        epnet::read_spec(path, epnet::load(path),
                         std::vector<std::string>(overrides, overrides + override_count), made);
    });
}

extern "C" EpnetStatus epnet_spec_read_text(const char *path, const char *text, size_t override_count,
                                            EpnetSpec **spec, EpnetError *error) {
    return epnet::make_spec(path, spec, error, [&](EpnetSpec &made) {
        std::string content = text;
        const std::vector<std::string> overrides = epnet::split_overrides(content, override_count);
        epnet::read_spec(path, std::move(content), overrides, made);
    });
}
