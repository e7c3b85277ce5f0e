#include "epnet.h"
#include "held.h"
#include "status.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool all_write(int fd, const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t put = write(fd, (const char *)bytes + done, size - done);
        if (put < 0 && errno != EINTR)
            return false;
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool all_read(int fd, void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t got = read(fd, (char *)bytes + done, size - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Of a sanitizer, where there is one. It looks for leaks at exit, which the child does not come to. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static _Noreturn void child_run(const EpnetIsolated *isolated, int answers, pid_t parent) {
    EpnetError error = {0};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
    error.status = isolated->work(isolated->context, &error);
    if (fflush(stdout) != 0 && error.status == EPNET_OK)
        epnet_fail_system(&error, "standard output");
    const bool answered = all_write(answers, &error, sizeof error) &&
                          all_write(answers, isolated->answer, isolated->answer_size);
    const bool leaks = __lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0;
    /* Without exit handlers: those of a library that has failed may crash. */
    _exit(answered && !leaks ? 0 : 1);
}

static bool is_to_stop(const EpnetIsolated *isolated) {
    return epnet_stop_due(&(EpnetStop){isolated->stop, isolated->until});
}

/* Wait for the answer; false: the child has ended, or was made to, without one. */
static bool answer_wait(const EpnetIsolated *isolated, pid_t child, int answers, EpnetError *error) {
    enum { LOOK_EVERY = 100 }; /* [ms] whether to stop */
    struct pollfd ready = {answers, POLLIN, 0};
    while (poll(&ready, 1, LOOK_EVERY) <= 0) {
        if (is_to_stop(isolated)) {
            kill(child, SIGKILL);
            return false;
        }
    }
    return all_read(answers, error, sizeof *error) &&
           all_read(answers, isolated->answer, isolated->answer_size);
}

static EpnetStatus fail_unanswered(const EpnetIsolated *isolated, int status, EpnetError *error) {
    if (is_to_stop(isolated))
        return epnet_fail(error, EPNET_INTERRUPTED, "%s: interrupted", isolated->action);
    if (!WIFSIGNALED(status))
        return epnet_fail(error, EPNET_IO, "%s: a library ended the process that it worked in",
                          isolated->action);
    if (WTERMSIG(status) == SIGPIPE) /* nobody reads what it printed */
        raise(SIGPIPE);
    return epnet_fail(error, EPNET_IO, "%s: a library crashed (%s)", isolated->action,
                      strsignal(WTERMSIG(status)));
}

EpnetStatus epnet_isolate(const EpnetIsolated *isolated, EpnetError *error) {
    int ends[2], status = 0;
    EpnetError answer;
    const pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return epnet_fail(error, EPNET_DEVICE, "%s: no pipe: %s", isolated->action, strerror(errno));
    fflush(stdout); /* else what waits there would be written by both */
    const pid_t child = epnet_held_fork();
    if (child == 0)
        child_run(isolated, ends[1], parent);
    const int reason = errno;
    close(ends[1]);
    const bool answered = child > 0 && answer_wait(isolated, child, ends[0], &answer);
    close(ends[0]);
    if (child < 0)
        return epnet_fail(error, EPNET_DEVICE, "%s: no process: %s", isolated->action, strerror(reason));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!answered || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail_unanswered(isolated, status, error);
    return answer.status == EPNET_OK ? EPNET_OK : epnet_fail(error, answer.status, "%s", answer.message);
}
