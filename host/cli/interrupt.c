#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

enum { EXIT_AT_ONCE = 130 }; /* what shells report for a program that Ctrl-C ended */

static volatile int stop_requested;

static void request_stop(int number) {
    (void)number;
    if (__atomic_exchange_n(&stop_requested, 1, __ATOMIC_RELAXED)) /* two threads may take two signals */
        _exit(EXIT_AT_ONCE);
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
