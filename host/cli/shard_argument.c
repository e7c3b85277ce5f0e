#include "shard_argument.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHARDS = 1000000 };

/* A whole number in [0, 2^31) at the start of `text`; *end is what follows. */
static bool parse_number(const char *text, const char **end, long *number) {
    char *stop = NULL;
    errno = 0;
    *number = text[0] >= '0' && text[0] <= '9' ? strtol(text, &stop, 10) : -1;
    *end = stop;
    return stop != NULL && errno == 0 && *number < 1L << 31;
}

/* A variable of the job array. */
static long read_variable(const struct argp_state *state, const char *name) {
    const char *text = getenv(name), *end = NULL;
    long number = 0;
    if (text == NULL)
        argp_error(state, "--shard slurm: %s is not set; is this a task of a job array (sbatch --array=1-N)?",
                   name);
    else if (!parse_number(text, &end, &number) || *end != '\0')
        argp_error(state, "--shard slurm: %s is '%s', not a whole number", name, text);
    return number;
}

/* The place of this task in its array, whose numbers must be evenly spaced. */
static EpnetShardArgument slurm_shard(const struct argp_state *state) {
    const long task = read_variable(state, "SLURM_ARRAY_TASK_ID"),
               count = read_variable(state, "SLURM_ARRAY_TASK_COUNT"),
               first = read_variable(state, "SLURM_ARRAY_TASK_MIN"),
               last = read_variable(state, "SLURM_ARRAY_TASK_MAX"),
               step = read_variable(state, "SLURM_ARRAY_TASK_STEP");
    if (count < 1 || count > MOST_SHARDS || step < 1 || last < first || (last - first) % step != 0 ||
        (last - first) / step + 1 != count || task < first || task > last || (task - first) % step != 0)
        argp_error(state,
                   "--shard slurm: task %ld of %ld in steps of %ld from %ld to %ld is no place in an array; "
                   "the tasks must be evenly spaced (sbatch --array=1-N)",
                   task, count, step, first, last);
    if (count == 1) /* one part that is run again, as like as a sweep in one part */
        argp_error(state,
                   "--shard slurm: an array of one task does not say of how many parts it is; name it, "
                   "as in --shard 5/8");
    return (EpnetShardArgument){(int)((task - first) / step) + 1, (int)count};
}

void epnet_cli_parse_shard(const struct argp_state *state, const char *text, EpnetShardArgument *shard) {
    if (strcmp(text, "slurm") == 0) {
        *shard = slurm_shard(state);
        return;
    }
    long number, count = 0;
    const char *end = NULL;
    bool good = parse_number(text, &end, &number) && *end == '/' && parse_number(end + 1, &end, &count) &&
                *end == '\0';
    if (!good || number < 1 || number > count || count > MOST_SHARDS)
        argp_error(state, "--shard expects I/N with 1 <= I <= N <= %d, or slurm, not '%s'", MOST_SHARDS,
                   text);
    *shard = (EpnetShardArgument){(int)number, (int)count};
}
