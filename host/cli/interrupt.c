#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

enum { EXIT_AT_ONCE = 130 }; /* what shells report for a program that Ctrl-C ended */

/* sig_atomic_t is int here; the library's stop flag is read as one. */
static volatile int stop_requested;

static void request_stop(int number) {
    (void)number;
    if (stop_requested)
        _exit(EXIT_AT_ONCE);
    stop_requested = 1;
}

void epnet_interrupt_catch(void) {
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

volatile int *epnet_interrupt_flag(void) {
    return &stop_requested;
}
