/* The files of a spec: the spec itself and the CSV tables that it names. */
#ifndef EPNET_HOST_SPEC_FILES_H
#define EPNET_HOST_SPEC_FILES_H

#include "spec_values.h"

extern "C" {
#include "csv.h"
}

namespace epnet {

/* The bytes of a file. Throws std::system_error with the system's reason, EFBIG beyond `largest` bytes. */
std::string read_file(const std::string &path, std::size_t largest);

/* A CSV table whose first row names its columns. */
class CsvTable {
  public:
    /* Read the file that `member` ("network.edges_file") of the spec at `spec_path` names, relative to the
     * spec's folder. Its header must have all of `required` and nothing else but `optional`, in any order.
     * Throws ReadError: a file that cannot be read at the member, a malformed one at its own line and column.
     */
    CsvTable(const std::string &spec_path, const Member &member, const std::string &name,
             const std::vector<std::string> &required, const std::vector<std::string> &optional);
    CsvTable(const CsvTable &) = delete;
    CsvTable &operator=(const CsvTable &) = delete;

    bool next(); /* to the next row; false at the end */
    bool has(const char *column) const;
    /* Of the current row; the column must be there. A field is not empty. */
    std::string text(const char *column) const;
    double number(const char *column, const Limits &limits) const;
    Place place(const char *column) const;

    const std::string &path() const { return path_; }
    const std::string &bytes() const { return bytes_; }

  private:
    bool read_row();
    void read_header(const std::vector<std::string> &required, const std::vector<std::string> &optional);
    std::size_t find_column(const std::string &column) const;
    Place field_place(std::size_t field) const { return {&path_, csv_.line, csv_.fields[field].column}; }

    std::string path_, bytes_;
    EpnetCsv csv_;
    std::vector<std::string> columns_;
};

} // namespace epnet

#endif
