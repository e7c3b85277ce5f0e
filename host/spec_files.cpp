#include "spec_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <new>
#include <system_error>

namespace epnet {

static constexpr std::size_t largest_table = std::size_t{1} << 30; /* bytes */

std::string read_file(const std::string &path, std::size_t largest) {
    auto fail = [](int reason) {
        if (reason == ENOMEM)
            throw std::bad_alloc();
        throw std::system_error(reason, std::generic_category());
    };
    std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
    if (file == nullptr)
        fail(errno);
    std::string bytes;
    char block[1 << 16];
    for (std::size_t got; (got = std::fread(block, 1, sizeof block, file.get())) > 0;) {
        if (got > largest - bytes.size())
            fail(EFBIG);
        bytes.append(block, got);
    }
    if (std::ferror(file.get()))
        fail(errno);
    return bytes;
}

/* A path in a spec is relative to the spec's folder. */
static std::string resolve(const std::string &spec_path, const std::string &path) {
    std::size_t slash = spec_path.rfind('/');
    return path.front() == '/' || slash == spec_path.npos ? path : spec_path.substr(0, slash + 1) + path;
}

CsvTable::CsvTable(const std::string &spec_path, const Member &member, const std::string &name,
                   const std::vector<std::string> &required, const std::vector<std::string> &optional) {
    std::string path = read_string(member.value, name);
    if (path.empty())
        fail_value(member.value, name, "the path of a CSV file, relative to the spec");
    path_ = resolve(spec_path, path);
    try {
        bytes_ = read_file(path_, largest_table);
    } catch (const std::system_error &error) {
        fail_at(member.place, name + ": cannot read " + path_ + ": " + error.code().message());
    }
    epnet_csv_start(&csv_, path_.c_str(), bytes_.data(), bytes_.size());
    read_header(required, optional);
}

bool CsvTable::read_row() {
    EpnetError error;
    bool found = false;
    if (epnet_csv_next(&csv_, &found, &error) != EPNET_OK)
        throw ReadError{error.status, error.message};
    return found;
}

void CsvTable::read_header(const std::vector<std::string> &required,
                           const std::vector<std::string> &optional) {
    std::vector<std::string> known = required;
    known.insert(known.end(), optional.begin(), optional.end());
    std::string allowed =
        "a header with " + join(required) + (optional.empty() ? "" : " and perhaps " + join(optional));
    if (!read_row())
        fail_at({&path_, csv_.line > 0 ? csv_.line : 1, 1}, "the table is empty; allowed: " + allowed);
    for (std::size_t k = 0; k < csv_.field_count; k++) {
        std::string column = csv_.fields[k].text;
        if (std::find(known.begin(), known.end(), column) == known.end())
            fail_at(field_place(k), "unknown column " + quote(column) + "; allowed: " + allowed);
        if (has(column.c_str()))
            fail_at(field_place(k), "column " + quote(column) + " comes twice");
        columns_.push_back(column);
    }
    for (const std::string &column : required) {
        if (!has(column.c_str()))
            fail_at({&path_, csv_.line, 1}, "no column " + quote(column) + "; allowed: " + allowed);
    }
}

bool CsvTable::next() {
    if (!read_row())
        return false;
    if (csv_.field_count != columns_.size())
        fail_at({&path_, csv_.line, 1}, "the row has " + std::to_string(csv_.field_count) +
                                            " fields; the header has " + std::to_string(columns_.size()));
    for (std::size_t k = 0; k < csv_.field_count; k++) {
        if (csv_.fields[k].text[0] == '\0')
            fail_at(field_place(k), columns_[k] + " is empty");
    }
    return true;
}

std::size_t CsvTable::find_column(const std::string &column) const {
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), column) - columns_.begin());
}

bool CsvTable::has(const char *column) const {
    return find_column(column) < columns_.size();
}

std::string CsvTable::text(const char *column) const {
    return csv_.fields[find_column(column)].text;
}

Place CsvTable::place(const char *column) const {
    return field_place(find_column(column));
}

double CsvTable::number(const char *column, const Limits &limits) const {
    std::string written = text(column);
    const char *end = written.data() + written.size();
    double value = NAN;
    auto [stop, problem] = std::from_chars(written.data() + (written[0] == '+'), end, value);
    if (problem != std::errc() || stop != end || !limits.contain(value))
        fail_at(place(column),
                std::string(column) + " is " + quote(written) + "; allowed: " + limits.allowed);
    return value == 0 ? 0 : value;
}

} // namespace epnet
