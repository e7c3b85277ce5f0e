/* Ctrl-C and SIGTERM: the first asks the run to stop, a Ctrl-C after it ends the program at once. */
#ifndef EPNET_CLI_INTERRUPT_H
#define EPNET_CLI_INTERRUPT_H

void epnet_interrupt_catch(void);

/* Nonzero once a signal came; for EpnetRunOptions.stop. */
volatile int *epnet_interrupt_flag(void);

#endif
