#include "isolate.h"

#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* An answer goes through the pipe whole or not at all. */
_Static_assert(sizeof(EpnetError) <= 4096, "an answer is at most PIPE_BUF bytes");

static _Noreturn void child_run(const EpnetIsolated *isolated, int answers, pid_t parent) {
    EpnetError answer = {0};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
    answer.status = isolated->work(isolated->context, &answer);
    /* Without exit handlers: those of a library that has failed may crash. */
    _exit(write(answers, &answer, sizeof answer) == sizeof answer ? 0 : 1);
}

/* Wait for the answer; false: the child has ended, or was made to, without one. */
static bool answer_wait(const EpnetIsolated *isolated, pid_t child, int answers, EpnetError *answer) {
    enum { LOOK_EVERY = 100 }; /* [ms] at the stop flag */
    struct pollfd ready = {answers, POLLIN, 0};
    while (poll(&ready, 1, LOOK_EVERY) <= 0) {
        if (isolated->stop != NULL && *isolated->stop != 0) {
            kill(child, SIGKILL);
            return false;
        }
    }
    return read(answers, answer, sizeof *answer) == sizeof *answer;
}

static EpnetStatus fail_unanswered(const EpnetIsolated *isolated, int status, EpnetError *error) {
    if (isolated->stop != NULL && *isolated->stop != 0)
        return EPNET_INTERRUPTED;
    if (WIFSIGNALED(status))
        return epnet_fail(error, EPNET_IO, "%s: a library crashed (%s)", isolated->action,
                          strsignal(WTERMSIG(status)));
    return epnet_fail(error, EPNET_IO, "%s: a library ended the process that it worked in", isolated->action);
}

EpnetStatus epnet_isolate(const EpnetIsolated *isolated, EpnetError *error) {
    int ends[2], status = 0;
    EpnetError answer;
    const pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0)
        return epnet_fail(error, EPNET_DEVICE, "%s: no pipe: %s", isolated->action, strerror(errno));
    const pid_t child = fork();
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
    if (!answered)
        return fail_unanswered(isolated, status, error);
    return answer.status == EPNET_OK ? EPNET_OK : epnet_fail(error, answer.status, "%s", answer.message);
}
