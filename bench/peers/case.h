/* What the peers written in C share: the points that bench.py hands to them, and the observables, written as
 * the theory has them. They are programs that a reader of the theory would write, not parts of epnet. */
#ifndef EPNET_BENCH_PEERS_CASE_H
#define EPNET_BENCH_PEERS_CASE_H

#include <stddef.h>

enum { PEER_COLUMNS = 4 }; /* H, I, dI/dt, entropy production */

typedef struct PeerCase {
    int nodes, edges, points, times;
    int *source, *target;
    double *up, *down, *drive; /* of all points */
    double *rate;              /* [point][edge] */
    double *time;              /* [s], the first 0 */
} PeerCase;

/* Read a case, or end the program. */
PeerCase peer_case_read(const char *path);

/* rate[j * states + s]: total rate of flipping node j in state s, of one point. */
void peer_rates(const PeerCase *item, int point, double *rate);

/* dp = pL. */
void peer_change(int nodes, const double *rate, const double *p, double *dp);

/* H, I, dI/dt and entropy production of p, into row[PEER_COLUMNS]; `dp` has room for 2^nodes. */
void peer_observe(int nodes, const double *rate, const double *p, double *dp, double *row);

/* Processor time of this process [s]. */
double peer_seconds(void);

/* Write rows[point][time][column] as raw doubles, or end the program. */
void peer_rows_write(const char *path, const double *rows, size_t count);

#endif
