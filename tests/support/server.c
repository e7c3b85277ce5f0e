#include "support/server.h"
#include "support/check.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: let the program have both descriptors, and know them. */
static bool hand_over(int requests, int replies) {
    char text[32];
    snprintf(text, sizeof text, "%d %d", requests, replies);
    return fcntl(requests, F_SETFD, 0) == 0 && fcntl(replies, F_SETFD, 0) == 0 &&
           setenv("EPNET_FAULT_SERVER", text, 1) == 0;
}

static bool inject(const char *order) {
    return setenv("LD_PRELOAD", EPNET_FAULTS_LIBRARY, 1) == 0 && setenv("LD_BIND_NOW", "1", 1) == 0 &&
           setenv("EPNET_FAULT_ORDER", order, 1) == 0 &&
           setenv("ASAN_OPTIONS", "verify_asan_link_order=0:exitcode=99", 1) == 0 &&
           setenv("LSAN_OPTIONS",
                  "print_suppressions=0:suppressions=" EPNET_SOURCE_DIR "/tests/faults/leaks.supp", 1) == 0;
}

TestServer test_server_start(const char *folder, const char *order, const char *const argv[]) {
    TestServer server = {.order = strdup(order)};
    int requests[2], replies[2];
    assert_non_null(server.order);
    assert_true(pipe2(requests, O_CLOEXEC) == 0 && pipe2(replies, O_CLOEXEC) == 0);
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        if (hand_over(requests[0], replies[1]) && chdir(folder) == 0 && inject(order))
            execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(requests[0]);
    close(replies[1]);
    server.requests = requests[1];
    server.replies = replies[0];
    return server;
}

static char *take(const TestServer *server, const char *suffix) {
    char *path = NULL;
    assert_true(asprintf(&path, "%s%s", server->order, suffix) > 0);
    char *text = test_file_read("/", path, NULL);
    unlink(path);
    free(path);
    return text;
}

TestOutput test_server_run(const TestServer *server) {
    int status = 0;
    assert_int_equal(write(server->requests, "", 1), 1);
    if (read(server->replies, &status, sizeof status) != sizeof status)
        fail_msg("the server of a program under test has ended");
    return (TestOutput){.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                        .out = take(server, ".out"),
                        .err = take(server, ".err")};
}

void test_server_stop(TestServer *server) {
    if (server->pid <= 0)
        return;
    close(server->requests);
    close(server->replies);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    free(server->order);
    *server = (TestServer){0};
}
