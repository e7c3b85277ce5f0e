/* The parts that epnet_spec_read() is made of. Each reads its table of the document into the spec and throws
 * a ReadError at the first thing that is wrong. */
#ifndef EPNET_HOST_SPEC_READER_H
#define EPNET_HOST_SPEC_READER_H

extern "C" {
#include "spec.h"
#include "status.h"
}

#include "spec_identity.h"
#include "toml_document.h"

#include <new>

namespace epnet {

/* What an axis says, checked. */
struct AxisPlan {
    const Member *member;
    EpnetAxisKey key;
    bool log = false;
    std::size_t size = 0;
    double from = 0, to = 0; /* unless there are values */
    std::vector<double> values;
};

struct Reading {
    const Document &document;
    const std::string path;      /* of the spec file */
    EpnetSpec &spec;             /* filled; what it holds is freed by epnet_spec_free() */
    Identity &identity;          /* of the text and of the files that it names */
    std::vector<AxisPlan> plans; /* of the axes of the spec */
};

/* In this order: the network depends on the axes, and the rest on the number of nodes. The axes have their
 * keys and sizes from read_sweep() on; their values come with fill_axes(), once check_sizes() has seen what
 * the spec asks for. */
void read_sweep(Reading &reading);
void read_network(Reading &reading);
void read_initial(Reading &reading);
void read_observe(Reading &reading);
void read_output(Reading &reading);
void read_solve(Reading &reading); /* calls check_sizes() before it makes the times */
void fill_axes(Reading &reading);
void read_leak(Reading &reading);

/* Throws if the grid file, the rows of one point or its cuts could never be stored. `samples`: the number of
 * sampled times, 0 of a stationary spec. Needs the axes, the network, the cuts and [output]. */
void check_sizes(const Reading &reading, std::size_t samples);

/* Whether solve.method is "split", asked before read_solve(): its vectors are few. */
bool is_split(const Document &document);

/* What split has no room or no meaning for. */
void check_split(const Reading &reading);

/* A constant drive needs a cut that edges cross. */
void check_constant_drive(const Reading &reading);

/* The edges of [network] and the number of nodes, which edges_file and copy_rates may imply. */
void read_edges(Reading &reading);

/* A table of the document that may be left out: then it is empty and stands where the document starts. */
struct Section {
    const Table &table;
    Place place;
};
Section find_section(const Document &document, const char *name);

/* The one member that is there of those called `keys`, or nullptr. Throws at the second: "SECTION.a and
 * SECTION.b exclude each other". */
const Member *find_one(const Section &section, const std::string &name,
                       std::initializer_list<const char *> keys);

/* The axis over `key`, or nullptr. */
const EpnetAxis *find_axis(const EpnetSpec &spec, EpnetAxisKey key);

/* Where its axis stands in the document, for messages. */
Place find_axis_place(const Document &document, EpnetAxisKey key);

/* This host's memory [bytes]; inf if the system does not say. */
double host_memory();

/* Zeroed memory that the spec will own and free(). Throws std::bad_alloc. */
template <class T> T *allocate(std::size_t count) {
    void *memory = epnet_calloc(count, sizeof(T));
    if (memory == nullptr)
        throw std::bad_alloc();
    return static_cast<T *>(memory);
}

template <class T> T *copy_values(const std::vector<T> &values) {
    T *copied = allocate<T>(values.size());
    std::copy(values.begin(), values.end(), copied);
    return copied;
}

char *copy_string(const std::string &text);

} // namespace epnet

#endif
