#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Put the file called `path` and `suffix` in the place of a standard descriptor. */
static void redirect(int descriptor, const char *path, const char *suffix) {
    char whole[PATH_MAX + 8];
    snprintf(whole, sizeof whole, "%s%s", path, suffix);
    const int file = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || dup2(file, descriptor) < 0)
        _exit(125);
    close(file);
}

/* How `child` ended, when it and every process that it has left behind have. */
static int wait_for_all(pid_t child) {
    int status = 0, other;
    pid_t ended;
    while ((ended = waitpid(-1, &other, 0)) > 0 || errno == EINTR)
        if (ended == child)
            status = other;
    return status;
}

void fault_serve(const char *order) {
    const char *text = getenv("EPNET_FAULT_SERVER");
    int requests, replies;
    char request;
    if (text == NULL)
        return;
    if (order == NULL || sscanf(text, "%d %d", &requests, &replies) != 2 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        _exit(125);
    unsetenv("EPNET_FAULT_SERVER");
    while (read(requests, &request, 1) == 1) {
        const pid_t child = fork();
        if (child == 0) {
            close(requests);
            close(replies);
            redirect(STDOUT_FILENO, order, ".out");
            redirect(STDERR_FILENO, order, ".err");
            return;
        }
        const int status = child > 0 ? wait_for_all(child) : -1;
        if (write(replies, &status, sizeof status) != sizeof status)
            break;
    }
    _exit(0);
}
