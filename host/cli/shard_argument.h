/* --shard I/N, or --shard slurm: which part of a sweep a run solves. */
#ifndef EPNET_CLI_SHARD_ARGUMENT_H
#define EPNET_CLI_SHARD_ARGUMENT_H

#include <argp.h>

typedef struct EpnetShardArgument {
    int number, count; /* 1 <= number <= count; both 0: the whole sweep */
} EpnetShardArgument;

/* Parse the value of --shard. `slurm' takes the task's place in its job array from the environment
 * (SLURM_ARRAY_TASK_ID, _COUNT, _MIN, _MAX, _STEP). A wrong value, a missing variable and an array with gaps
 * are usage errors. */
void epnet_cli_parse_shard(const struct argp_state *state, const char *text, EpnetShardArgument *shard);

#endif
