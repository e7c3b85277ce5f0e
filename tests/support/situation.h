/* Situations in which faults strike: what lies in the output's folder before a command, the command, and what
 * lies there after it when nothing goes wrong. */
#ifndef EPNET_TESTS_SITUATION_H
#define EPNET_TESTS_SITUATION_H

#include "support/program.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum Situation {
    RUN,       /* of a sweep with every kind of file and record, into an empty folder, with a table */
    RESUME,    /* the same from the journal that a killed run has left */
    RUN_SMALL, /* of a small sweep, whose calls are few enough to try them all, and from here on: */
    AGAIN,     /* a run that finds its grid file complete, and makes a table */
    EXPORT,    /* of the trajectories of RUN; the others are about the grid file of RUN_SMALL */
    AUDIT,
    STATUS,
    PLOT,
    MERGE, /* of two shards */
    SITUATIONS
} Situation;

const char *situation_name(Situation situation);

/* Begin in a new folder: make all situations with undisturbed programs. `kill_run` runs the command of RUN
 * and kills it at its write number `write`. The folder that faults strike in is FOLDER/out. */
void situations_make(const char *folder, TestOutput (*kill_run)(unsigned write));
void situations_free(void);

/* Put the output's folder into the state before the command. */
void situation_reset(Situation situation);

/* The words of the command, NULL at the end. */
const char *const *situation_command(Situation situation);

/* Run the command in the folder as it is. */
TestOutput situation_run(Situation situation);

/* What is wrong in the folder, a new string, or NULL: every file is as before or after the command, or
 * allowed; after a success (`done`) all are there that the command makes, and `out`, if not NULL, is what it
 * prints. `journals`, `temporaries`: such may be there. */
char *situation_check(Situation situation, bool done, bool journals, bool temporaries, const char *out);

/* Points that the journal of RESUME holds and the folder has lost: they are neither in the journal there nor
 * has it become a grid file. */
size_t situation_lost(void);

/* The state of the folder as a new string: two states of one text are the same to a program that goes on. */
char *situation_state(void);

#endif
