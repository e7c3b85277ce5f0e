/* Work in a process of its own: its answer comes back, whatever else becomes of it is a status. */
#include "epnet.h"
#include "status.h"
#include "support/check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int touched;

static EpnetStatus succeed(void *context, EpnetError *error) {
    (void)error;
    touched = *(int *)context;
    return EPNET_OK;
}

static EpnetStatus refuse(void *context, EpnetError *error) {
    return epnet_fail(error, EPNET_BAD_SPEC, "%s", (const char *)context);
}

static EpnetStatus crash(void *context, EpnetError *error) {
    (void)error;
    signal(*(int *)context, SIG_DFL); /* a sanitizer has a handler of its own */
    raise(*(int *)context);
    return EPNET_OK;
}

static EpnetStatus leave(void *context, EpnetError *error) {
    (void)context, (void)error;
    _exit(0);
}

static EpnetStatus hang(void *context, EpnetError *error) {
    (void)context, (void)error;
    while (pause() != 0)
        continue;
    return EPNET_OK;
}

/* Ends the process that has started it; lives on, if it can, to write into the pipe. */
static EpnetStatus outlive(void *context, EpnetError *error) {
    const int *pipe = context;
    (void)error;
    kill(getppid(), SIGKILL);
    pause();
    return write(pipe[1], "x", 1) == 1 ? EPNET_OK : EPNET_IO;
}

static EpnetStatus isolate(EpnetStatus (*work)(void *, EpnetError *), void *context, EpnetError *error) {
    return epnet_isolate(&(EpnetIsolated){.work = work, .context = context, .action = "cannot write a.nc"},
                         error);
}

static void no_child_is_left(void) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void answers_come_back(void **state) {
    (void)state;
    EpnetError error = {.status = EPNET_OK, .message = "untouched"};
    int value = 7;
    assert_int_equal(isolate(succeed, &value, &error), EPNET_OK);
    assert_int_equal(touched, 0);
    assert_string_equal(error.message, "untouched");
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(isolate(refuse, text, &error), EPNET_BAD_SPEC);
    assert_int_equal(error.status, EPNET_BAD_SPEC);
    assert_string_equal(error.message, text);
    assert_int_equal(isolate(refuse, text, NULL), EPNET_BAD_SPEC);
    no_child_is_left();
}

static void crashes_are_failures(void **state) {
    (void)state;
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGKILL};
    for (size_t k = 0; k < sizeof signals / sizeof *signals; k++) {
        EpnetError error;
        int number = signals[k];
        assert_int_equal(isolate(crash, &number, &error), EPNET_IO);
        assert_int_equal(strncmp(error.message, "cannot write a.nc: a library crashed (", 38), 0);
        assert_non_null(strstr(error.message, strsignal(number)));
    }
    EpnetError error;
    assert_int_equal(isolate(leave, NULL, &error), EPNET_IO);
    assert_string_equal(error.message, "cannot write a.nc: a library ended the process that it worked in");
    no_child_is_left();
}

/* The last block may still be found in a register. */
static EpnetStatus lose(void *context, EpnetError *error) {
    (void)context, (void)error;
    for (int k = 0; k < 100; k++) {
        char *volatile block = malloc(100);
        block = NULL;
        (void)block;
    }
    return EPNET_OK;
}

/* A sanitizer's look for leaks does not stop at the process that a program works in. */
static void leaks_are_found(void **state) {
    (void)state;
    EpnetError error;
#ifdef __SANITIZE_ADDRESS__
    const EpnetStatus expected = EPNET_IO;
#else
    const EpnetStatus expected = EPNET_OK;
#endif
    assert_int_equal(isolate(lose, NULL, &error), expected);
}

static void it_can_be_stopped(void **state) {
    (void)state;
    volatile int stop = 1;
    EpnetError error;
    const EpnetIsolated isolated = {.work = hang, .action = "cannot write a.nc", .stop = &stop};
    assert_int_equal(epnet_isolate(&isolated, &error), EPNET_INTERRUPTED);
    const EpnetIsolated late = {.work = hang, .action = "cannot write a.nc", .until = 1e-9};
    assert_int_equal(epnet_isolate(&late, &error), EPNET_INTERRUPTED);
    no_child_is_left();
}

/* The pipe closes once the parent and the child, which would write a byte into it, are gone. */
static void it_goes_with_its_parent(void **state) {
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    const pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        EpnetError error;
        isolate(outlive, ends, &error);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_back),       cmocka_unit_test(crashes_are_failures),
        cmocka_unit_test(leaks_are_found),         cmocka_unit_test(it_can_be_stopped),
        cmocka_unit_test(it_goes_with_its_parent),
    };
    return cmocka_run_group_tests_name("isolate", tests, NULL, NULL);
}
