#include "support/program.h"
#include "support/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *read_all(FILE *file, size_t *size) {
    size_t used = 0, room = 4096;
    char *text = malloc(room);
    assert_non_null(text);
    for (size_t got; (got = fread(text + used, 1, room - used - 1, file)) > 0;) {
        used += got;
        if (room - used < 2)
            text = realloc(text, room *= 2);
        assert_non_null(text);
    }
    text[used] = '\0';
    if (size != NULL)
        *size = used;
    return text;
}

/* In the child: put `path` (or nothing, if it is "") in the place of a standard descriptor. */
static void redirect(int descriptor, const char *path) {
    close(descriptor);
    if (path[0] != '\0' && open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) != descriptor)
        _exit(126);
}

TestProgram test_program_start(const char *folder, const char *output, const char *const argv[]) {
    TestProgram program;
    strcpy(program.error_path, "/tmp/epnet-error-XXXXXX");
    int error = mkstemp(program.error_path);
    int ends[2];
    assert_true(error >= 0 && pipe2(ends, O_CLOEXEC) == 0);
    close(error);
    program.pid = fork();
    assert_true(program.pid >= 0);
    if (program.pid == 0) {
        redirect(STDERR_FILENO, program.error_path);
        if (chdir(folder) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
            _exit(126);
        if (output != NULL)
            redirect(STDOUT_FILENO, output);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(ends[1]);
    program.out = fdopen(ends[0], "r");
    assert_non_null(program.out);
    return program;
}

TestOutput test_program_finish(TestProgram *program) {
    TestOutput output = {.out = read_all(program->out, NULL)};
    fclose(program->out);
    int status = 0;
    assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
    output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *error = fopen(program->error_path, "r");
    assert_non_null(error);
    output.err = read_all(error, NULL);
    fclose(error);
    unlink(program->error_path);
    return output;
}

TestOutput test_program_run(const char *folder, const char *output, const char *const argv[]) {
    TestProgram program = test_program_start(folder, output, argv);
    return test_program_finish(&program);
}

void test_output_expect(TestOutput output, int code, const char *in_out, const char *in_err) {
    if (output.code != code || strstr(output.out, in_out) == NULL || strstr(output.err, in_err) == NULL)
        fail_msg("expected exit code %d, \"%s\" in the output, \"%s\" in the errors; got %d\n%s\n%s", code,
                 in_out, in_err, output.code, output.out, output.err);
    test_output_free(&output);
}

void test_output_free(TestOutput *output) {
    free(output->out);
    free(output->err);
}

char *test_folder_make(void) {
    const char *place = getenv("TMPDIR");
    char *folder = test_path(place != NULL ? place : "/tmp", "epnet-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *position) {
    (void)status, (void)type, (void)position;
    return remove(path);
}

void test_folder_remove(char *folder) {
    assert_int_equal(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(folder);
}

int test_folder_count(const char *folder) {
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    int count = -2; /* . and .. */
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

char *test_path(const char *folder, const char *name) {
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

void test_file_write(const char *folder, const char *name, const char *text) {
    char *path = test_path(folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(path);
}

char *test_file_read(const char *folder, const char *name, size_t *size) {
    char *path = test_path(folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("there is no file %s", path);
    char *text = read_all(file, size);
    fclose(file);
    free(path);
    return text;
}

int test_file_exists(const char *folder, const char *name) {
    char *path = test_path(folder, name);
    int exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}
