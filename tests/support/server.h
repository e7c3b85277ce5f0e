/* A command that is loaded once and run many times, under the fault injector (faults/serve.h). */
#ifndef EPNET_TESTS_SERVER_H
#define EPNET_TESTS_SERVER_H

#include "support/program.h"

typedef struct TestServer {
    pid_t pid; /* 0: not started */
    int requests, replies;
    char *order;
} TestServer;

/* Load argv[0] (searched in PATH, with the injector among its libraries) in `folder`; its orders come from
 * the file `order`, absolute. */
TestServer test_server_start(const char *folder, const char *order, const char *const argv[]);

/* Run it, and wait for it and all processes of its making. */
TestOutput test_server_run(const TestServer *server);

void test_server_stop(TestServer *server);

#endif
