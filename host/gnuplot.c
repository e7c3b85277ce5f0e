#include "gnuplot.h"

#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* "figure='NAME'", a quote in the name doubled as gnuplot wants it; a new string or NULL. */
static char *assignment_make(const char *figure) {
    char *text = epnet_calloc(strlen(figure) + 5, 2), *end;
    if (text == NULL)
        return NULL;
    end = stpcpy(text, "figure='");
    for (const char *c = figure; *c != '\0'; c++) {
        if (*c == '\'')
            *end++ = '\'';
        *end++ = *c;
    }
    strcpy(end, "'");
    return text;
}

/* Start gnuplot in `folder`, its output and errors into the pipe. Returns 0 or an errno. */
static int process_start(const char *folder, char *const arguments[], const int pipe_ends[2],
                         pid_t *process) {
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0)
        return code;
    if (*folder != '\0')
        code = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (code == 0)
        code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    if (code == 0)
        code = posix_spawnp(process, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Read all that comes through the pipe, keep what fits, in one line. */
static void pipe_drain(int fd, char *text, size_t size) {
    char block[512];
    size_t length = 0;
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        for (ssize_t k = 0; k < got && length + 1 < size; k++) {
            bool blank = (unsigned char)block[k] <= ' ';
            if (!blank)
                text[length++] = block[k];
            else if (length > 0 && text[length - 1] != ' ')
                text[length++] = ' ';
        }
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
}

/* The child's wait status, whatever signals come meanwhile; -1 if it is lost. */
static int process_wait(pid_t process) {
    int status;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

EpnetStatus epnet_gnuplot_run(const char *folder, const char *script, const char *figure, EpnetError *error) {
    int pipe_ends[2];
    pid_t process;
    char said[1024] = "";
    char *assignment = assignment_make(figure), *path = NULL;
    if (assignment == NULL || asprintf(&path, "./%s", script) < 0) { /* "./": a name may begin with '-' */
        free(assignment);
        return epnet_fail_memory(error, strlen(figure) + strlen(script), "the names of a figure");
    }
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        free(assignment);
        free(path);
        return epnet_fail_system(error, "cannot run gnuplot");
    }
    /* -d: without the user's own settings, which would change the figure */
    char *const arguments[] = {"gnuplot", "-d", "-e", assignment, path, NULL};
    int code = process_start(folder, arguments, pipe_ends, &process);
    close(pipe_ends[1]);
    if (code == 0)
        pipe_drain(pipe_ends[0], said, sizeof said);
    close(pipe_ends[0]);
    free(assignment);
    free(path);
    errno = code;
    if (code != 0 && code != ENOENT)
        return epnet_fail_system(error, "cannot run gnuplot");
    int status = code == 0 ? process_wait(process) : 0;
    /* a program that is not there may also show as a child that ends with 127 (POSIX) */
    if (code == ENOENT || (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 127 && *said == '\0'))
        return epnet_fail(error, EPNET_IO, "gnuplot is not installed: install gnuplot-nox (Debian, Ubuntu)");
    if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO, "gnuplot failed on %s%s: %s", folder, script,
                      *said != '\0' ? said : "it says nothing");
}
