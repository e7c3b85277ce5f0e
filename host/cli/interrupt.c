#include "interrupt.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum { EXIT_AT_ONCE = 130 }; /* what shells report for a program that Ctrl-C ended */

static volatile int stop_requested;

/* Only a Ctrl-C ends at once: SIGTERM comes twice from `timeout`, to the program and then to its group. */
static void request_stop(int number) {
    const bool again = __atomic_exchange_n(&stop_requested, 1, __ATOMIC_RELAXED); /* on any thread */
    if (again && number == SIGINT)
        _exit(EXIT_AT_ONCE);
}

/* A signal that the program was started to ignore, as scripts have it of jobs in the background, stays so. */
static void catch_signal(int number) {
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

void epnet_interrupt_catch(void) {
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
}

volatile int *epnet_interrupt_flag(void) {
    return &stop_requested;
}
