#include "support/situation.h"
#include "journal.h"
#include "support/check.h"
#include "support/kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POINTS = 9, MOST_FILES = 8, MOST_WORDS = 32 };

/* Several points, two axes, trajectories, a cut: every kind of column and record. */
static const char sweep[] = "[network]\nnodes = 3\ntopology = \"star\"\nflip_down = 1.5\n"
                            "[observe]\ncut = [0]\n"
                            "[solve]\nt_end = 2.0\nsamples = 3\n"
                            "[sweep]\n"
                            "drive = { values = [0.5, 2.0, inf] }\n"
                            "copy_total = { values = [0.7, 1.9, 2.3] }\n";
static const char small[] = "[network]\nnodes = 2\ncopy_rate = 0.5\n"
                            "[solve]\nkind = \"stationary\"\n"
                            "[sweep]\ndrive = { values = [0.5, 2.0] }\n";

#define RUN_WORDS(spec) EPNET_PROGRAM, "run", spec, "-o", "out/grid.nc", "--threads", "2", "--quiet"

static const struct {
    const char *name, *command[MOST_WORDS];
    bool prints_times; /* so that no two runs print the same */
} situations[SITUATIONS] = {
    [RUN] = {"run", {RUN_WORDS("sweep.toml"), "--batch", "2", "--table", "out/grid.csv"}},
    [RESUME] = {"resume", {RUN_WORDS("sweep.toml"), "--batch", "2", "--table", "out/grid.csv"}},
    [RUN_SMALL] = {"run", {RUN_WORDS("small.toml")}},
    [AGAIN] = {"run again", {RUN_WORDS("small.toml"), "--table", "out/grid.csv"}},
    [EXPORT] = {"export",
                {EPNET_PROGRAM, "export", "out/grid.nc", "--table", "trajectory", "-o", "out/grid.csv"}},
    [AUDIT] = {"audit", {EPNET_PROGRAM, "audit", "out/grid.nc"}},
    [STATUS] = {"status", {EPNET_PROGRAM, "status", "out/grid.nc"}},
    [PLOT] = {"plot", {EPNET_PROGRAM, "plot", "out/grid.nc"}},
    [MERGE] = {"merge", {EPNET_PROGRAM, "merge", "out/grid.nc"}, true},
};

/* What is in a folder. */
typedef struct Files {
    size_t count;
    struct {
        char *name, *bytes;
        size_t size;
    } file[MOST_FILES];
} Files;

static const char *folder; /* the caller's */
static char *output;
static Files before[SITUATIONS], after[SITUATIONS];
static char *printed[SITUATIONS];
static bool journal_kept[POINTS]; /* points in the journal of RESUME */

const char *situation_name(Situation situation) {
    return situations[situation].name;
}

/* ---- files ----------------------------------------------------------------------------------------------
 */

/* Call `visit` with every name in the output's folder, in order; it returns false to go no further. */
static void names_visit(bool (*visit)(const char *name, void *context), void *context) {
    struct dirent **entries;
    const int count = scandir(output, &entries, NULL, alphasort);
    assert_true(count >= 0);
    bool more = true;
    for (int k = 0; k < count; k++) {
        const char *name = entries[k]->d_name;
        if (more && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            more = visit(name, context);
        free(entries[k]);
    }
    free(entries);
}

static bool file_take(const char *name, void *context) {
    Files *files = context;
    assert_true(files->count < MOST_FILES);
    files->file[files->count].name = strdup(name);
    files->file[files->count].bytes = test_file_read(output, name, &files->file[files->count].size);
    files->count++;
    return true;
}

static Files files_read(void) {
    Files files = {0};
    names_visit(file_take, &files);
    return files;
}

static void files_write(const Files *files) {
    test_folder_remove(strdup(output));
    assert_int_equal(mkdir(output, 0755), 0);
    for (size_t k = 0; k < files->count; k++) {
        char *path = test_path(output, files->file[k].name);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(files->file[k].bytes, 1, files->file[k].size, file), files->file[k].size);
        assert_int_equal(fclose(file), 0);
        free(path);
    }
}

static void files_free(Files *files) {
    for (size_t k = 0; k < files->count; k++) {
        free(files->file[k].name);
        free(files->file[k].bytes);
    }
    files->count = 0;
}

/* Whether the file called `name` is among `files`; *same: with these bytes. */
static bool files_find(const Files *files, const char *name, const char *bytes, size_t size, bool *same) {
    for (size_t k = 0; k < files->count; k++) {
        if (strcmp(files->file[k].name, name) != 0)
            continue;
        *same = *same || (files->file[k].size == size && memcmp(files->file[k].bytes, bytes, size) == 0);
        return true;
    }
    return false;
}

/* ---- making ---------------------------------------------------------------------------------------------
 */

static char *journal_path(void) {
    return test_path(output, "grid.nc.journal");
}

static size_t kept_read(bool kept[POINTS]) {
    char *path = journal_path();
    const size_t count = test_kept(path, kept, POINTS);
    free(path);
    return count;
}

/* Kill a run where some points are in its journal and some are not. */
static void journal_make(TestOutput (*kill_run)(unsigned write)) {
    unsigned write = 3;
    size_t kept;
    do {
        situation_reset(RUN);
        test_output_expect(kill_run(write++), 128 + SIGKILL, "", "");
        kept = kept_read(journal_kept);
    } while (kept < POINTS / 2);
    assert_true(kept < POINTS);
}

static void shards_make(void) {
    static const char *const shards[] = {"1/2", "2/2"};
    situation_reset(RUN);
    for (size_t k = 0; k < 2; k++) {
        const char *const command[] = {RUN_WORDS("small.toml"), "--shard", shards[k], NULL};
        test_output_expect(test_program_run(folder, NULL, command), 0, "", "");
    }
}

void situations_make(const char *work, TestOutput (*kill_run)(unsigned write)) {
    folder = work;
    output = test_path(folder, "out");
    assert_int_equal(mkdir(output, 0755), 0);
    test_file_write(folder, "sweep.toml", sweep);
    test_file_write(folder, "small.toml", small);
    for (Situation situation = 0; situation < SITUATIONS; situation++) {
        if (situation == RESUME) {
            journal_make(kill_run);
            before[situation] = files_read();
        } else if (situation == MERGE) {
            shards_make();
            before[situation] = files_read();
        } else if (situation > RUN_SMALL) {
            files_write(&after[situation == EXPORT ? RUN : RUN_SMALL]);
            before[situation] = files_read();
        }
        situation_reset(situation);
        TestOutput seen = situation_run(situation);
        if (seen.code != 0)
            fail_msg("%s: exit code %d\n%s", situation_name(situation), seen.code, seen.err);
        after[situation] = files_read();
        printed[situation] = strdup(seen.out);
        test_output_free(&seen);
    }
}

void situations_free(void) {
    for (Situation situation = 0; situation < SITUATIONS; situation++) {
        files_free(&before[situation]);
        files_free(&after[situation]);
        free(printed[situation]);
    }
    free(output);
}

void situation_reset(Situation situation) {
    files_write(&before[situation]);
}

const char *const *situation_command(Situation situation) {
    return situations[situation].command;
}

TestOutput situation_run(Situation situation) {
    return test_program_run(folder, NULL, situation_command(situation));
}

/* ---- judging --------------------------------------------------------------------------------------------
 */

typedef struct Judge {
    Situation situation;
    bool journals, temporaries;
    char *wrong;
} Judge;

static bool file_judge(const char *name, void *context) {
    Judge *judge = context;
    size_t size;
    bool same = false;
    char *bytes = test_file_read(output, name, &size);
    const bool was = files_find(&before[judge->situation], name, bytes, size, &same);
    const bool is_result = files_find(&after[judge->situation], name, bytes, size, &same);
    free(bytes);
    const bool journal = strcmp(name, "grid.nc.journal") == 0 && (judge->journals || was);
    const bool temporary = name[0] == '.' && strstr(name, ".tmp-") != NULL && judge->temporaries;
    if (same || journal || temporary)
        return true;
    assert_true(asprintf(&judge->wrong, "%s %s", name,
                         was || is_result ? "is not that of an undisturbed run" : "is left behind") > 0);
    return false;
}

char *situation_check(Situation situation, bool done, bool journals, bool temporaries, const char *out) {
    Judge judge = {situation, journals, temporaries, NULL};
    names_visit(file_judge, &judge);
    for (size_t k = 0; k < after[situation].count && done && judge.wrong == NULL; k++)
        if (!test_file_exists(output, after[situation].file[k].name))
            assert_true(asprintf(&judge.wrong, "%s is missing", after[situation].file[k].name) > 0);
    if (done && judge.wrong == NULL && out != NULL && !situations[situation].prints_times &&
        strcmp(out, printed[situation]) != 0)
        assert_true(asprintf(&judge.wrong, "what was printed is not that of an undisturbed run:\n%s", out) >
                    0);
    return judge.wrong;
}

size_t situation_lost(void) {
    bool kept[POINTS];
    size_t lost = 0;
    if (test_file_exists(output, "grid.nc"))
        return 0;
    kept_read(kept);
    for (size_t k = 0; k < POINTS; k++)
        lost += journal_kept[k] && !kept[k];
    return lost;
}

/* Records and damage of a journal: what its sessions say of time and process is nothing to go on from. */
static void journal_describe(FILE *text) {
    char *path = journal_path();
    EpnetJournalHeader header;
    EpnetJournalContent content;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    fprintf(text, " %lld bytes", (long long)lseek(fd, 0, SEEK_END));
    if (epnet_journal_header_read(fd, path, &header, NULL) == EPNET_OK) {
        assert_int_equal(epnet_journal_read(fd, path, &header, true, NULL, &content, NULL), EPNET_OK);
        fprintf(text, ", %llu damaged", (unsigned long long)content.damaged_bytes);
        for (size_t e = 0; e < content.entry_count; e++)
            fprintf(text, ", %llu+%llu", (unsigned long long)content.entries[e].head.first,
                    (unsigned long long)content.entries[e].head.count);
        epnet_journal_content_free(&content);
        epnet_journal_header_free(&header);
    }
    close(fd);
    free(path);
}

static bool name_describe(const char *name, void *context) {
    FILE *text = context;
    const char *suffix = strstr(name, ".tmp-"); /* what follows is of the process that left it */
    fprintf(text, "%.*s", suffix == NULL ? (int)strlen(name) : (int)(suffix - name), name);
    if (strcmp(name, "grid.nc.journal") == 0)
        journal_describe(text);
    fputc('\n', text);
    return true;
}

char *situation_state(void) {
    char *state = NULL;
    size_t size;
    FILE *text = open_memstream(&state, &size);
    assert_non_null(text);
    names_visit(name_describe, text);
    assert_int_equal(fclose(text), 0);
    return state;
}
