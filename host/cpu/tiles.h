/* Vectors over the states of one point, shared out in tiles among a team of threads. How a vector is cut
 * depends on its length alone, and sums of tiles are added in a fixed tree: the same bytes for any number of
 * threads. */
#ifndef EPNET_HOST_CPU_TILES_H
#define EPNET_HOST_CPU_TILES_H

#include "../team.h"

/* Entries of a tile of a vector of n: a power of two if n is one; all of a short vector. */
size_t epnet_tile(size_t n);

/* Have body() do something with the entries [first, end) until all of [0, n) are done. */
typedef void EpnetTileBody(void *context, size_t first, size_t end);
void epnet_tiles(EpnetTeam *team, size_t n, EpnetTileBody *body, void *context);

/* Sums of EPNET_TILE_SUMS kinds at most over [0, n): body() gives those of one tile. */
enum { EPNET_TILE_SUMS = 12 };
typedef void EpnetTileSums(void *context, size_t first, size_t end, double *sums);
void epnet_tiles_sum(EpnetTeam *team, size_t n, size_t kinds, EpnetTileSums *body, void *context,
                     double *sums);

/* The least of what body() gives for each tile; NaN if one of them is. */
typedef double EpnetTileValue(void *context, size_t first, size_t end);
double epnet_tiles_least(EpnetTeam *team, size_t n, EpnetTileValue *body, void *context);

#endif
