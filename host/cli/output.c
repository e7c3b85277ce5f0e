/* Standard output and error of the program. */
#include "cli.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool failure_reported;

/* `summary` NULL: not of a run. */
static int fail(const EpnetError *error, const EpnetRunSummary *summary, bool json) {
    fflush(stdout);
    if (error->status == EPNET_BAD_SPEC)
        fprintf(stderr, "%s\n", error->message);
    else if (error->status == EPNET_INTERRUPTED)
        fprintf(stderr, "epnet: %s\n", error->message);
    else
        fprintf(stderr, "epnet: error: %s\n", error->message);
    failure_reported = true;
    if (json) {
        epnet_json_object_begin(NULL);
        epnet_json_text("event", "error");
        epnet_json_count("status", (uint64_t)error->status);
        epnet_json_text("message", error->message);
        if (summary != NULL)
            epnet_json_count("journal_damage", summary->damaged);
        epnet_json_object_end();
        epnet_json_line_end();
    }
    return (int)error->status;
}

int epnet_cli_fail(const EpnetError *error, bool json) {
    return fail(error, NULL, json);
}

int epnet_cli_fail_run(const EpnetError *error, const EpnetRunSummary *summary, bool json) {
    return fail(error, summary, json);
}

/* At exit: what cannot be written to standard output must not pass for success. */
static void close_output(void) {
    bool failed_before = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) == 0 && !failed_before)
        return;
    if (!failure_reported)
        fprintf(stderr, "epnet: error: standard output: %s\n", errno != 0 ? strerror(errno) : "write failed");
    _exit(EPNET_IO);
}

void epnet_cli_guard_output(void) {
    /* A closed descriptor is opened in the direction in which it is not used: its use still fails. */
    static const int directions[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && open("/dev/null", directions[descriptor]) != descriptor)
            _exit(EPNET_IO);
    if (atexit(close_output) != 0)
        _exit(EPNET_INTERNAL);
}
