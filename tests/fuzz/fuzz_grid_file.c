/* A grid file that is valid NetCDF but not as the program writes it, opened and used for everything that
 * reads grid files. The input is a recipe: beginning from what the program writes, each byte keeps, leaves
 * out or twists one thing (an attribute, its type, a dimension, a variable's shape or type, a group, the
 * seal). Damaged bytes under an intact seal are not tried: HDF5 itself does not survive them, which is what
 * the seal is for. The last two bytes of a recipe may refuse an allocation to the reader or fail a read of
 * its own. An input that begins with the byte 0xFF is taken for the bytes of the file itself, without a seal.
 */
#include "fuzz.h"
#include "result.h"
#include "seal.h"

#include <errno.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_AXES = 4, MOST_VARIABLES = 12 };

typedef struct Maker {
    FuzzInput input;
    int root, trajectory; /* groups; -1: none */
    int axis_count;
    int axes[MOST_AXES], trajectory_axes[MOST_AXES];
    int root_time, time;      /* dimensions; -1: none */
    nc_type foreign_types[4]; /* types that the file defines for itself */
} Maker;

/* The library refuses what makes no sense; the file then is without it, which is a case as good as any. */
#define TRY(call) ((void)(call))

const char *__lsan_default_suppressions(void);

/* The libraries do not free all that they took for a file that they then refuse. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) {
    return "leak:libnetcdf\nleak:libhdf5\n";
}

/* ---- refusals -------------------------------------------------------------------------------------------
 */

static unsigned allocations_left, reads_left; /* until one is refused; 0: none is */

static bool is_last(unsigned *left) {
    return *left > 0 && --*left == 0;
}

void *__real_epnet_calloc(size_t count, size_t size);
void *__wrap_epnet_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
bool __real_epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset);
bool __wrap_epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset);

void *__wrap_epnet_calloc(size_t count, size_t size) {
    return is_last(&allocations_left) ? NULL : __real_epnet_calloc(count, size);
}

char *__wrap_strdup(const char *text) {
    return is_last(&allocations_left) ? NULL : __real_strdup(text);
}

bool __wrap_epnet_bytes_read(int fd, void *bytes, size_t size, uint64_t offset) {
    const bool refused = is_last(&reads_left);
    const bool read = !refused && __real_epnet_bytes_read(fd, bytes, size, offset);
    errno = refused ? EIO : errno;
    return read;
}

/* From the end of a recipe: which allocation (0xF0 and more) or read (0xE0 to 0xEF). */
static void refusals_set(const uint8_t *bytes, size_t size) {
    const unsigned kind = size > 2 ? bytes[size - 1] : 0, number = size > 2 ? 1u + bytes[size - 2] : 0;
    allocations_left = kind >= 0xF0 ? number : 0;
    reads_left = kind >= 0xE0 && kind < 0xF0 ? number : 0;
}

/* ---- pieces ---------------------------------------------------------------------------------------------
 */

static void types_make(Maker *m) {
    const int value = 1;
    TRY(nc_def_enum(m->root, NC_INT, "numbers", &m->foreign_types[0]));
    TRY(nc_insert_enum(m->root, m->foreign_types[0], "one", &value));
    TRY(nc_def_opaque(m->root, 8, "bytes", &m->foreign_types[1]));
    TRY(nc_def_compound(m->root, 8, "pair", &m->foreign_types[2]));
    TRY(nc_insert_compound(m->root, m->foreign_types[2], "value", 0, NC_DOUBLE));
    TRY(nc_def_vlen(m->root, "lists", NC_DOUBLE, &m->foreign_types[3]));
}

/* `usual`, or another type. */
static nc_type type_choose(Maker *m, nc_type usual) {
    static const nc_type types[] = {NC_BYTE,   NC_CHAR,  NC_SHORT,  NC_INT,    NC_FLOAT,
                                    NC_DOUBLE, NC_INT64, NC_UINT64, NC_STRING, NC_UBYTE};
    enum { TYPES = sizeof types / sizeof *types };
    const unsigned choice = fuzz_byte(&m->input);
    if (choice < 192)
        return usual;
    return choice < 240 ? types[choice % TYPES] : m->foreign_types[choice % 4];
}

static void strings_put(Maker *m, int group, int variable, const char *name) {
    char texts[3][64];
    const char *list[3] = {texts[0], texts[1], texts[2]};
    const unsigned count = fuzz_choice(&m->input, 4);
    for (unsigned k = 0; k < count; k++) {
        fuzz_text(&m->input, texts[k], sizeof texts[k]);
        if (fuzz_choice(&m->input, 16) == 15)
            list[k] = NULL;
    }
    TRY(nc_put_att_string(group, variable, name, count, list));
}

static void numbers_put(Maker *m, int group, int variable, const char *name) {
    double values[16];
    const unsigned count = fuzz_choice(&m->input, 17);
    for (unsigned k = 0; k < count; k++)
        values[k] = fuzz_double(&m->input);
    const nc_type type = type_choose(m, NC_DOUBLE);
    if (type > NC_NAT && type <= NC_UINT64) /* the library does not come back from lists of numbers */
        TRY(nc_put_att_double(group, variable, name, type, count, values));
}

/* An attribute as the program writes it, `usual` (NULL: it writes none), or another or none. */
static void attribute_put(Maker *m, int group, int variable, const char *name, const char *usual) {
    char text[256];
    const unsigned choice = fuzz_byte(&m->input);
    if (choice < 160) {
        if (usual != NULL)
            TRY(nc_put_att_text(group, variable, name, strlen(usual), usual));
    } else if (choice < 200) {
        fuzz_text(&m->input, text, sizeof text);
        TRY(nc_put_att_text(group, variable, name, strlen(text), text));
    } else if (choice < 220) {
        numbers_put(m, group, variable, name);
    } else if (choice < 240) {
        strings_put(m, group, variable, name);
    } else if (choice < 248) {
        static const double zeros[16];
        TRY(nc_put_att(group, variable, name, m->foreign_types[choice % 4], choice % 2, zeros));
    }
}

/* A dimension; its size is the byte's, now and then unlimited or large. */
static int dimension_make(Maker *m, int group, const char *name, size_t usual) {
    int dimension = -1;
    const unsigned choice = fuzz_byte(&m->input);
    size_t size = choice < 160 ? usual : choice % 16;
    if (choice >= 250)
        size = choice == 250 ? NC_UNLIMITED : (size_t)1 << (4 * (choice - 250));
    TRY(nc_def_dim(group, name, size, &dimension));
    return dimension;
}

/* A variable over `rank` dimensions, or over others. */
static int variable_make(Maker *m, int group, const char *name, nc_type usual, int rank,
                         const int *dimensions) {
    int variable = -1, shape[MOST_AXES + 2];
    for (int d = 0; d < rank; d++)
        shape[d] = dimensions[d];
    const unsigned choice = fuzz_byte(&m->input);
    if (choice >= 224 && rank > 0) {
        const int one = (int)(choice % (unsigned)rank), other = (int)(choice / 7 % (unsigned)rank);
        const int kept = shape[one];
        shape[one] = shape[other];
        shape[other] = choice < 240 ? kept : shape[other];
        rank -= choice >= 248;
    } else if (choice >= 208 && m->axis_count > 0) {
        shape[rank++] = m->axes[choice % (unsigned)m->axis_count];
    } else if (choice >= 200) {
        return -1;
    }
    if (nc_def_var(group, name, type_choose(m, usual), rank, shape, &variable) != NC_NOERR)
        return -1;
    TRY(nc_def_var_fill(group, variable, NC_NOFILL, NULL)); /* large ones then take no room */
    return variable;
}

/* ---- the file -------------------------------------------------------------------------------------------
 */

static const char *const axis_names[] = {"copy_total", "drive",  "sigma", "flip_up",
                                         "copy_rate",  "status", "time",  "entropy"};

static void axes_make(Maker *m) {
    m->axis_count = (int)fuzz_choice(&m->input, MOST_AXES + 1);
    for (int a = 0; a < m->axis_count; a++) {
        const unsigned choice = fuzz_byte(&m->input);
        const char *name = axis_names[choice < 200 ? (unsigned)a : choice % 8];
        m->axes[a] = dimension_make(m, m->root, name, 3 + (size_t)a);
        const int variable = variable_make(m, m->root, name, NC_DOUBLE, 1, &m->axes[a]);
        if (variable < 0)
            continue;
        attribute_put(m, m->root, variable, "units", "1/s");
        attribute_put(m, m->root, variable, "long_name", "an axis");
        attribute_put(m, m->root, variable, "scale", a % 2 == 0 ? "log" : "linear");
    }
}

static void globals_put(Maker *m) {
    static const char *const globals[][2] = {
        {"source", "epnet 0.1.0"}, {"spec_sha256", "00"}, {"title", "a sweep"},
        {"kind", "trajectory"},    {"method", "euler"},   {"cuts", "0; 0,1"},
        {"cut_nodes", "0; 0 1"},   {"nodes", "5"},        {"spec", "[network]"}};
    for (size_t k = 0; k < sizeof globals / sizeof *globals; k++)
        attribute_put(m, m->root, NC_GLOBAL, globals[k][0], globals[k][1]);
}

static void status_make(Maker *m) {
    static const signed char flags[] = {0, 1, 2, 3};
    const int variable = variable_make(m, m->root, "status", NC_BYTE, m->axis_count, m->axes);
    if (variable < 0)
        return;
    const unsigned choice = fuzz_byte(&m->input);
    if (choice < 192)
        TRY(nc_put_att_schar(m->root, variable, "flag_values", NC_BYTE, 1 + choice % 4, flags));
    else
        attribute_put(m, m->root, variable, "flag_values", NULL);
    attribute_put(m, m->root, variable, "flag_meanings", "ok not_unique not_converged not_positive");
}

static const char *const column_names[] = {"entropy",
                                           "multiinformation",
                                           "multiinformation_rate",
                                           "entropy_production",
                                           "entropy_production_channels",
                                           "environment_entropy_flow",
                                           "activity",
                                           "node_entropy_rate",
                                           "node_divergence_rate",
                                           "flip_divergence",
                                           "cut_mutual_information",
                                           "cut_mutual_information_rate",
                                           "cut_entropy_production",
                                           "cut_environment_entropy_flow",
                                           "cut_information_flow",
                                           "cut_local_entropy_rate",
                                           "cut_flow_bound",
                                           "cut_capacity",
                                           "cut_mutual_information_0",
                                           "cut_mutual_information_1",
                                           "cut_capacity_1",
                                           "leak",
                                           "leak_lsi",
                                           "flow_bound",
                                           "energy_bound",
                                           "network_bound_margin_min",
                                           "network_bound_margin_min_time",
                                           "multiinformation_rate_max",
                                           "envelope_bound",
                                           "regime",
                                           "status",
                                           "time"};

enum { COLUMN_NAMES = sizeof column_names / sizeof *column_names };

static void columns_make(Maker *m) {
    const unsigned count = fuzz_choice(&m->input, COLUMN_NAMES + 1), first = fuzz_byte(&m->input);
    for (unsigned k = 0; k < count; k++) {
        const char *name = column_names[(first + k) % COLUMN_NAMES];
        const int variable = variable_make(m, m->root, name, NC_DOUBLE, m->axis_count, m->axes);
        if (variable < 0)
            continue;
        attribute_put(m, m->root, variable, "units", "nat");
        attribute_put(m, m->root, variable, "cut", k % 2 == 0 ? "0,1" : NULL);
    }
}

/* The group "trajectory" with axes of its own, as the program writes it. */
static void trajectory_make(Maker *m) {
    const unsigned choice = fuzz_byte(&m->input);
    int shape[MOST_AXES + 1], time = -1;
    m->trajectory = -1;
    if (choice < 96 || nc_def_grp(m->root, "trajectory", &m->trajectory) != NC_NOERR)
        return;
    for (int a = 0; a < m->axis_count; a++) {
        char name[NC_MAX_NAME + 1] = "axis";
        size_t size = 3;
        TRY(nc_inq_dim(m->root, m->axes[a], name, &size));
        shape[a] = dimension_make(m, m->trajectory, name, size);
    }
    time = dimension_make(m, m->trajectory, "time", 4);
    shape[m->axis_count] = time;
    variable_make(m, m->trajectory, "time", NC_DOUBLE, 1, &time);
    const unsigned count = fuzz_choice(&m->input, MOST_VARIABLES), first = fuzz_byte(&m->input);
    for (unsigned k = 0; k < count; k++)
        variable_make(m, m->trajectory, column_names[(first + k) % COLUMN_NAMES], NC_DOUBLE,
                      m->axis_count + 1, shape);
}

static void quench_make(Maker *m) {
    static const char *const names[] = {"time", "log_multiinformation", "fit"};
    int group;
    if (fuzz_byte(&m->input) < 192 || nc_def_grp(m->root, "quench", &group) != NC_NOERR)
        return;
    const int time = dimension_make(m, group, "time", 5);
    const int other = dimension_make(m, group, "other", 4);
    for (size_t k = 0; k < 3; k++)
        variable_make(m, group, names[k], NC_DOUBLE, 1, fuzz_byte(&m->input) < 224 ? &time : &other);
}

/* A few values from the input at the start of every variable of a group; the rest are what HDF5 finds there.
 */
static void values_put(Maker *m, int group) {
    int count = 0;
    TRY(nc_inq_nvars(group, &count));
    for (int variable = 0; variable < count; variable++) {
        int rank, shape[NC_MAX_VAR_DIMS];
        size_t start[NC_MAX_VAR_DIMS] = {0}, number[NC_MAX_VAR_DIMS], size = 1, room = 1 << 16;
        double values[64];
        if (nc_inq_var(group, variable, NULL, NULL, &rank, shape, NULL) != NC_NOERR)
            continue;
        for (int d = rank - 1; d >= 0; d--) {
            size_t length = 0;
            TRY(nc_inq_dimlen(group, shape[d], &length));
            room = length > room ? 0 : room / (length > 0 ? length : 1);
            number[d] = length < 4 ? length : 4;
            number[d] = size * number[d] > sizeof values / sizeof *values ? 1 : number[d];
            size *= number[d];
        }
        const unsigned choice = fuzz_byte(&m->input);
        for (size_t k = 0; k < size; k++)
            values[k] = choice < 128 ? (double)(k + 1) * (1 + choice % 4) : fuzz_double(&m->input);
        if (room > 0) /* else the file would become as large as its variable */
            TRY(nc_put_vara_double(group, variable, start, number, values));
    }
}

/* Flip a bit behind the start of a sealed file: it must be refused before the library sees it. */
static void byte_flip(const char *path, unsigned at) {
    FILE *file = fopen(path, "r+b");
    fuzz_require(file != NULL && fseek(file, 8 + (long)at, SEEK_SET) == 0, "a file can be opened");
    const int byte = fgetc(file);
    fuzz_require(byte != EOF && fseek(file, -1, SEEK_CUR) == 0 && fputc(byte ^ 1, file) != EOF &&
                     fclose(file) == 0,
                 "a file can be written");
}

static void file_make(FuzzInput input, const char *path) {
    Maker m = {.input = input, .root = -1, .trajectory = -1};
    fuzz_require(nc_create(path, NC_NETCDF4 | NC_CLOBBER, &m.root) == NC_NOERR, "a file can be made");
    const unsigned choice = fuzz_byte(&m.input);
    if (choice % 4 >= 2)
        types_make(&m);
    globals_put(&m);
    axes_make(&m);
    if (choice % 2 == 1)
        variable_make(&m, m.root, "time", NC_DOUBLE, 0, NULL);
    status_make(&m);
    columns_make(&m);
    trajectory_make(&m);
    quench_make(&m);
    TRY(nc_enddef(m.root));
    values_put(&m, m.root);
    if (m.trajectory >= 0)
        values_put(&m, m.trajectory);
    if (nc_close(m.root) != NC_NOERR)
        nc_abort(m.root);
    EpnetError error;
    if (choice < 224)
        fuzz_require(epnet_seal_append(path, path, &error) == EPNET_OK, "a file can be sealed");
    if (choice >= 208 && choice < 224)
        byte_flip(path, fuzz_byte(&m.input));
}

/* ---- its use --------------------------------------------------------------------------------------------
 */

/* The audit may also find an exact statement broken. */
static void outcome_check(EpnetStatus status, const EpnetError *error) {
    if (status == EPNET_OK)
        return;
    fuzz_message_check(status, error);
    fuzz_require(status == EPNET_IO || status == EPNET_USAGE || status == EPNET_INTERNAL ||
                     (status == EPNET_DEVICE && strstr(error->message, "out of memory") != NULL),
                 "a file is refused as a file");
}

static void columns_use(const EpnetResult *result) {
    EpnetError error = {0};
    const size_t points = epnet_result_points(result), times = epnet_result_time_count(result);
    if (points > 4096 || times > 4096)
        return;
    double *values = malloc((points > times ? points : times) * sizeof *values);
    fuzz_require(values != NULL, "there is memory");
    for (size_t c = 0; c < epnet_result_column_count(result); c++) {
        const char *name = epnet_result_column_name(result, c);
        fuzz_require(name != NULL && epnet_result_column_unit(result, c) != NULL, "a column has a name");
        outcome_check(epnet_result_column(result, name, values, &error), &error);
        outcome_check(epnet_result_trajectory(result, name, points - 1, values, &error), &error);
        outcome_check(epnet_result_trajectory(result, name, points, values, &error), &error);
    }
    outcome_check(epnet_result_column(result, "no such column", values, &error), &error);
    free(values);
}

static void axes_use(const EpnetResult *result) {
    EpnetError error = {0};
    size_t points = 1;
    for (size_t a = 0; a < epnet_result_axis_count(result); a++) {
        const char *name, *unit;
        const double *values;
        size_t size;
        fuzz_require(epnet_result_axis(result, a, &name, &size, &values, &unit, &error) == EPNET_OK &&
                         size > 0 && values != NULL && name != NULL && unit != NULL,
                     "an axis has values");
        points *= size;
    }
    fuzz_require(points == epnet_result_points(result), "a grid has as many points as its axes make");
    fuzz_require((epnet_result_time_count(result) > 0) == (epnet_result_times(result) != NULL),
                 "a trajectory table has times");
    fuzz_require(epnet_result_axis(result, epnet_result_axis_count(result), NULL, NULL, NULL, NULL, &error) ==
                     EPNET_USAGE,
                 "there are no more axes");
    fuzz_require(epnet_result_natural(result) <= epnet_result_column_count(result), "a natural column");
    for (int status = -2; status < 5; status++)
        epnet_result_status_name(result, status);
    fuzz_require(epnet_result_text(result, "source") != NULL && epnet_result_text(result, "none") == NULL,
                 "a file names its source");
}

static void result_use(const EpnetResult *result, const char *path) {
    static const char *const tables[] = {"points", "trajectory", "kinks", "margins"};
    EpnetError error = {0};
    EpnetAudit *audit = NULL;
    axes_use(result);
    columns_use(result);
    if (epnet_result_points(result) > 4096 || epnet_result_time_count(result) > 4096)
        return;
    outcome_check(epnet_audit(result, &audit, &error), &error);
    epnet_audit_free(audit);
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        outcome_check(epnet_export(path, tables[t], "/dev/null", &error), &error);
}

/* What is not even a file of bytes, once. */
static void others_refuse(void) {
    static const char *const paths[] = {"/dev/null", "/tmp", "/no such folder/grid.nc"};
    static bool done;
    for (size_t k = 0; k < sizeof paths / sizeof *paths && !done; k++) {
        EpnetResult *result;
        EpnetError error;
        fuzz_require(epnet_result_open(paths[k], &result, &error) == EPNET_IO, "that is no grid file");
        fuzz_message_check(EPNET_IO, &error);
    }
    done = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static unsigned long number; /* after some refusals the library holds on to a file for good */
    char name[64], path[512];
    EpnetResult *result = NULL;
    EpnetError error = {0};
    snprintf(name, sizeof name, "grid%lu.nc", number++);
    snprintf(path, sizeof path, "%s", fuzz_path(name));
    if (size > 0 && bytes[0] == 0xFF)
        fuzz_file_write(path, bytes + 1, size - 1);
    else
        file_make((FuzzInput){bytes, bytes + size}, path);
    others_refuse();
    refusals_set(bytes, size > 0 && bytes[0] == 0xFF ? 0 : size);
    EpnetStatus status = epnet_result_open(path, &result, &error);
    fuzz_require((status == EPNET_OK) == (result != NULL), "a result or an error");
    outcome_check(status, &error);
    if (status == EPNET_OK)
        result_use(result, path);
    epnet_result_close(result);
    refusals_set(NULL, 0); /* those that nothing has met are not for the making of the next file */
    unlink(path);
    return 0;
}
