#include "support/faulty.h"
#include "support/check.h"
#include "support/kept.h"
#include "support/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Several points with failures among them, two axes, trajectories and a table: every kind of file and record.
 */
static const char spec[] = "[network]\nnodes = 3\ntopology = \"star\"\nflip_down = 1.5\n"
                           "[observe]\ncut = [0]\n"
                           "[solve]\nt_end = 2.0\nsamples = 3\n"
                           "[sweep]\n"
                           "drive = { values = [0.5, 2.0, inf] }\n"
                           "copy_total = { values = [0.7, 1.9, 2.3] }\n";

enum { POINTS = 9, POINTS_FAILED = 4, KILLED = 128 + SIGKILL };

static const char *const results[] = {"grid.nc", "grid.csv"};
enum { RESULTS = sizeof results / sizeof *results };

static char *folder, *output; /* the second, below the first, is where faults strike */
static FaultOrder *order;     /* shared with the program under test */
static char *reference[RESULTS];
static size_t reference_size[RESULTS];

/* Where a run starts from: an empty folder, or the journal that a killed run has left. */
typedef enum Start { FROM_NOTHING, FROM_JOURNAL, STARTS } Start;

static char *journal; /* of that run */
static size_t journal_size;
static bool journal_kept[POINTS];           /* the points in it */
static uint64_t calls[STARTS][FAULT_KINDS]; /* of undisturbed runs */

/* ---- one run --------------------------------------------------------------------------------------------
 */

static TestOutput sweep_run(bool with_faults) {
    static const char sanitizer[] = "ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99";
    static const char suppressions[] =
        "LSAN_OPTIONS=print_suppressions=0:suppressions=" EPNET_SOURCE_DIR "/tests/faults/leaks.supp";
    char preload[PATH_MAX], where[PATH_MAX];
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", with_faults ? EPNET_FAULTS_LIBRARY : "");
    snprintf(where, sizeof where, "EPNET_FAULT_ORDER=%s/order", folder);
    const char *const command[] = {"env",         preload,        where,       sanitizer, suppressions,
                                   EPNET_PROGRAM, "run",          "spec.toml", "-o",      "out/grid.nc",
                                   "--table",     "out/grid.csv", "--threads", "2",       "--batch",
                                   "2",           "--quiet",      NULL};
    return test_program_run(folder, NULL, command);
}

static void order_give(const FaultSearch *search, uint64_t call) {
    memset(order, 0, sizeof *order);
    snprintf(order->folder, sizeof order->folder, "%s", output);
    if (search == NULL)
        return;
    order->kind = search->kind;
    order->call = call;
    order->lasting = search->lasting;
    order->action = search->action;
    order->error = search->error;
}

static void output_reset(Start start) {
    test_folder_remove(strdup(output));
    assert_int_equal(mkdir(output, 0755), 0);
    if (start == FROM_NOTHING)
        return;
    char *path = test_path(output, "grid.nc.journal");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(journal, 1, journal_size, file), journal_size);
    assert_int_equal(fclose(file), 0);
    free(path);
}

/* Points of the journal in the output's folder. */
static size_t kept_read(bool kept[POINTS]) {
    char *path = test_path(output, "grid.nc.journal");
    const size_t count = test_kept(path, kept, POINTS);
    free(path);
    return count;
}

/* Kill a run where some points are in its journal and some are not. */
static void journal_make(void) {
    const FaultSearch kill_write = {.kind = FAULT_WRITE, .action = FAULT_KILL};
    uint64_t call = 3;
    size_t kept;
    do {
        output_reset(FROM_NOTHING);
        order_give(&kill_write, call++);
        test_output_expect(sweep_run(true), KILLED, "", "");
        kept = kept_read(journal_kept);
    } while (kept < POINTS / 2);
    assert_true(kept < POINTS);
    journal = test_file_read(output, "grid.nc.journal", &journal_size);
}

int faulty_setup(void **state) {
    (void)state;
    folder = test_folder_make();
    output = test_path(folder, "out");
    assert_int_equal(mkdir(output, 0755), 0);
    test_file_write(folder, "spec.toml", spec);
    char *path = test_path(folder, "order");
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0 && ftruncate(file, sizeof *order) == 0);
    order = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(order != MAP_FAILED);
    close(file);
    free(path);
    test_output_expect(sweep_run(false), 0, "", "");
    for (size_t r = 0; r < RESULTS; r++)
        reference[r] = test_file_read(output, results[r], &reference_size[r]);
    journal_make();
    for (Start start = 0; start < STARTS; start++) {
        output_reset(start);
        order_give(NULL, 0);
        test_output_expect(sweep_run(true), 0, "", "");
        memcpy(calls[start], order->calls, sizeof calls[start]);
    }
    return 0;
}

int faulty_teardown(void **state) {
    (void)state;
    for (size_t r = 0; r < RESULTS; r++)
        free(reference[r]);
    free(journal);
    munmap(order, sizeof *order);
    free(output);
    test_folder_remove(folder);
    return 0;
}

/* ---- the contract ---------------------------------------------------------------------------------------
 */

/* What a failure of the test is told with. */
static void describe(char *text, size_t size, const FaultSearch *search, uint64_t call,
                     const TestOutput *seen) {
    snprintf(text, size, "%s at call %llu (%s): exit code %d\n%s", search->name, (unsigned long long)call,
             order->caller, seen->code, seen->err);
}

/* What may be there beside the results. */
enum { JOURNAL = 1, GRID_TEMPORARY = 2, TABLE_TEMPORARY = 4, TEMPORARIES = GRID_TEMPORARY | TABLE_TEMPORARY };

static int kind_of(const char *name) {
    if (strstr(name, ".journal") != NULL)
        return JOURNAL;
    if (strncmp(name, ".grid.nc.tmp-", 13) == 0)
        return GRID_TEMPORARY;
    return strncmp(name, ".grid.csv.tmp-", 14) == 0 ? TABLE_TEMPORARY : 0;
}

/* Every result that is there is whole, or must be there (`whole`); nothing else but what is `allowed`. */
static void check_folder(const char *context, bool whole, int allowed) {
    DIR *entries = opendir(output);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *name = entry->d_name;
        const bool known = strcmp(name, results[0]) == 0 || strcmp(name, results[1]) == 0 ||
                           strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        if (!known && (kind_of(name) & allowed) == 0)
            fail_msg("%s\nleft behind: %s", context, name);
    }
    closedir(entries);
    for (size_t r = 0; r < RESULTS; r++) {
        if (!whole && !test_file_exists(output, results[r]))
            continue;
        size_t size;
        char *bytes = test_file_read(output, results[r], &size);
        if (size != reference_size[r] || memcmp(bytes, reference[r], size) != 0)
            fail_msg("%s\n%s is not that of an undisturbed run", context, results[r]);
        free(bytes);
    }
}

static bool is_memory(FaultKind kind) {
    return kind == FAULT_MEMORY || kind == FAULT_FOREIGN_MEMORY;
}

/* A library that crashed in the process that writes the grid file: who crashed may have said so before. */
static bool is_contained(const TestOutput *seen) {
    return strstr(seen->err, ": a library crashed (") != NULL ||
           strstr(seen->err, ": a library ended") != NULL;
}

/* One line, with what happened to which file. */
static void check_message(const char *context, const FaultSearch *search, const TestOutput *seen) {
    const char *end = strchr(seen->err, '\n');
    if (is_contained(seen)) {
        if (strstr(seen->err, "epnet: error: cannot write out/grid.nc: a library") == NULL)
            fail_msg("%s\nnot the file and what befell it", context);
        return;
    }
    bool good = strncmp(seen->err, "epnet: error: ", 14) == 0 && end != NULL && end[1] == '\0';
    if (is_memory(search->kind))
        good = good && (strstr(seen->err, "memory") != NULL || strstr(seen->err, "start a thread") != NULL ||
                        search->kind == FAULT_FOREIGN_MEMORY);
    else if (search->kind != FAULT_THREAD)
        good = good && strstr(seen->err, "out/grid.") != NULL;
    if (search->action == FAULT_ERROR && !is_memory(search->kind))
        good = good && strstr(seen->err, strerror(search->error)) != NULL;
    if (!good)
        fail_msg("%s\nnot one line with the file and the reason", context);
}

typedef struct Outcomes {
    size_t tried, struck, unharmed, reported, contained, marked, killed, crashed;
} Outcomes;

/* The documented exit code of a failure of this kind; other libraries may blame the file for want of memory.
 */
static bool is_documented(const FaultSearch *search, int code) {
    if (search->kind == FAULT_FOREIGN_MEMORY)
        return code == 5 || code == 6;
    return code == (search->kind == FAULT_MEMORY || search->kind == FAULT_THREAD ? 6 : 5);
}

/* Other libraries may end the program when they get no memory, and HDF5 when it cannot read what was read (to
 * compare checksums) the moment before. */
static bool is_crash(const FaultSearch *search, int code) {
    const bool foreign = search->kind == FAULT_FOREIGN_MEMORY ||
                         (search->kind == FAULT_READ && strstr(order->caller, "libhdf5") != NULL);
    return foreign && (code == 128 + SIGSEGV || code == 128 + SIGABRT);
}

/* The end of the disturbed run. */
static void check_end(const char *context, const FaultSearch *search, const TestOutput *seen,
                      Outcomes *outcomes) {
    const bool deadly = search->action == FAULT_KILL || search->action == FAULT_TORN;
    outcomes->tried++;
    outcomes->struck += order->fired > 0;
    if (seen->code == 0) {
        outcomes->unharmed++;
        if (seen->err[0] != '\0' && strncmp(seen->err, "epnet: warning: ", 16) != 0)
            fail_msg("%s\nneither silent nor a warning", context);
    } else if (is_documented(search, seen->code)) {
        outcomes->reported++;
        outcomes->contained += is_contained(seen);
        check_message(context, search, seen);
    } else if (seen->code == POINTS_FAILED && is_memory(search->kind) && strstr(seen->err, "out_of_memory")) {
        outcomes->marked++;
    } else if (deadly && seen->code == KILLED && order->fired > 0) {
        outcomes->killed++;
    } else if (is_crash(search, seen->code)) {
        outcomes->crashed++;
    } else {
        fail_msg("%s\nnot a documented end", context);
    }
}

/* A folder that has vanished comes back; nobody may have made another in its place. */
static void restore_folder(const char *context) {
    char gone[PATH_MAX];
    snprintf(gone, sizeof gone, "%s.gone", output);
    if (access(gone, F_OK) == 0 && rename(gone, output) != 0)
        fail_msg("%s\n%s cannot take its place again", context, gone);
}

/* No point that was in the journal is missing from it, unless it has become a grid file. */
static void check_kept(const char *context) {
    bool kept[POINTS];
    if (test_file_exists(output, results[0]))
        return;
    kept_read(kept);
    for (size_t k = 0; k < POINTS; k++)
        if (journal_kept[k] && !kept[k])
            fail_msg("%s\npoint %zu is lost", context, k);
}

static void check_call(const FaultSearch *search, Start start, uint64_t call, Outcomes *outcomes) {
    char context[4096];
    output_reset(start);
    order_give(search, call);
    TestOutput seen = sweep_run(true);
    describe(context, sizeof context, search, call, &seen);
    check_end(context, search, &seen, outcomes);
    restore_folder(context);
    /* Who dies cannot clean up; of what was left, the next run removes what belongs to the grid file. */
    const bool dies = search->action == FAULT_KILL || search->action == FAULT_TORN ||
                      search->action == FAULT_VANISH || is_crash(search, seen.code);
    const bool stays = dies || search->kind == FAULT_UNLINK;
    if (seen.code == POINTS_FAILED) /* a complete result, not to be touched: gone, it is computed anew */
        output_reset(start);
    else
        check_folder(context, seen.code == 0,
                     (seen.code != 0 || stays ? JOURNAL : 0) | (stays ? TEMPORARIES : 0));
    if (start == FROM_JOURNAL)
        check_kept(context);
    test_output_free(&seen);
    seen = sweep_run(false);
    if (seen.code != 0)
        fail_msg("%s\nand the next run: exit code %d\n%s", context, seen.code, seen.err);
    check_folder(context, true, dies ? TABLE_TEMPORARY : 0);
    test_output_free(&seen);
}

/* ---- the search -----------------------------------------------------------------------------------------
 */

#ifdef __SANITIZE_ADDRESS__
enum { SLOWNESS = 3 };
#else
enum { SLOWNESS = 1 };
#endif

static uint64_t stride_read(const char *text) {
    char *end = NULL;
    const uint64_t stride = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || stride == 0)
        fail_msg("EPNET_FAULTS is '%s', not a number from 1 on", text);
    return stride;
}

void faulty_search(const FaultSearch *search) {
    const char *stride = getenv("EPNET_FAULTS");
    Outcomes outcomes = {0};
    uint64_t count = 0;
    for (Start start = 0; start < STARTS; start++) {
        const uint64_t last = calls[start][search->kind] > 0 ? calls[start][search->kind] - 1 : 0;
        uint64_t steps = (search->most - 1) / SLOWNESS;
        if (stride != NULL && last / (search->every * stride_read(stride)) > steps)
            steps = last / (search->every * stride_read(stride));
        steps = steps > last ? last : steps;
        for (uint64_t k = 0; k <= steps && calls[start][search->kind] > 0; k++)
            check_call(search, start, 1 + (steps > 0 ? k * last / steps : 0), &outcomes);
        count += calls[start][search->kind];
    }
    print_message("%-31s %6llu calls %6zu tried %6zu struck: no difference %4zu, reported %5zu (%zu crashes "
                  "contained), "
                  "points marked %3zu, killed %4zu, crashed %zu\n",
                  search->name, (unsigned long long)count, outcomes.tried, outcomes.struck, outcomes.unharmed,
                  outcomes.reported, outcomes.contained, outcomes.marked, outcomes.killed, outcomes.crashed);
    /* Threads meet in another order from run to run: the last few calls may not come, one even where few are
     * tried. */
    assert_true(10 * (outcomes.struck + 1) >= 9 * outcomes.tried);
}
