#include "tiles.h"

#include <math.h>
#include <string.h>

/* A tile is worth handing out, and few enough to keep a sum of each. */
enum { TILE_LEAST = 8192, TILES_MOST = 1024 };

size_t epnet_tile(size_t n) {
    size_t tile = TILE_LEAST;
    while (n / tile > TILES_MOST)
        tile *= 2;
    return tile;
}

typedef struct Share {
    size_t n, tile, kinds;
    EpnetTileBody *body;
    EpnetTileSums *sum;
    EpnetTileValue *value;
    void *context;
    double *results; /* tiles x kinds */
} Share;

static size_t tile_end(const Share *share, size_t tile) {
    const size_t end = (tile + 1) * share->tile;
    return end < share->n ? end : share->n;
}

static size_t tiles_of(const Share *share) {
    return (share->n + share->tile - 1) / share->tile;
}

/* ---- maps ---------------------------------------------------------------------------------------------- */

static void map_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    if (first < end)
        share->body(share->context, first * share->tile, tile_end(share, end - 1));
}

void epnet_tiles(EpnetTeam *team, size_t n, EpnetTileBody *body, void *context) {
    Share share = {.n = n, .tile = epnet_tile(n), .body = body, .context = context};
    epnet_team_share(team, tiles_of(&share), 1, map_share, &share);
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

static void sum_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    for (size_t t = first; t < end; t++)
        share->sum(share->context, t * share->tile, tile_end(share, t), share->results + t * share->kinds);
}

void epnet_tiles_sum(EpnetTeam *team, size_t n, size_t kinds, EpnetTileSums *body, void *context,
                     double *sums) {
    double results[TILES_MOST * EPNET_TILE_SUMS];
    Share share = {
        .n = n, .tile = epnet_tile(n), .kinds = kinds, .sum = body, .context = context, .results = results};
    const size_t tiles = tiles_of(&share);
    epnet_team_share(team, tiles, 1, sum_share, &share);
    /* Neighbours first, then pairs of neighbours, and so on. */
    for (size_t stride = 1; stride < tiles; stride *= 2) {
        for (size_t t = 0; t + stride < tiles; t += 2 * stride) {
            for (size_t k = 0; k < kinds; k++)
                results[t * kinds + k] += results[(t + stride) * kinds + k];
        }
    }
    memcpy(sums, results, kinds * sizeof *sums);
}

/* ---- extremes ------------------------------------------------------------------------------------------ */

static void value_share(void *context, int thread, size_t first, size_t end) {
    (void)thread;
    const Share *share = context;
    for (size_t t = first; t < end; t++)
        share->results[t] = share->value(share->context, t * share->tile, tile_end(share, t));
}

double epnet_tiles_least(EpnetTeam *team, size_t n, EpnetTileValue *body, void *context) {
    double results[TILES_MOST], least = INFINITY;
    Share share = {.n = n, .tile = epnet_tile(n), .value = body, .context = context, .results = results};
    const size_t tiles = tiles_of(&share);
    epnet_team_share(team, tiles, 1, value_share, &share);
    for (size_t t = 0; t < tiles; t++) {
        if (isnan(results[t]))
            return results[t];
        least = results[t] < least ? results[t] : least;
    }
    return least;
}
