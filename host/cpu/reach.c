#include "reach.h"

#include <string.h>

typedef enum Direction { FORWARD, BACKWARD } Direction;
/* Which flips to follow: those that the structure allows, or those whose rate a double can hold. */
typedef enum Flips { POSSIBLE, POSITIVE } Flips;

static bool follows(const EpnetGenerator *g, Flips flips, int j, uint64_t s) {
    return flips == POSSIBLE ? epnet_generator_possible(g, j, s) : epnet_generator_rate(g, j, s) > 0;
}

/* Breadth-first from the `count` states already in the queue and marked. Returns the number of marked states
 * in the queue; *depth, if wanted, the number of steps to the last. */
static size_t search(const EpnetGenerator *g, Flips flips, Direction direction, unsigned char *marked,
                     uint32_t *queue, size_t count, size_t *depth) {
    size_t levels = 0, level_end = count;
    for (size_t at = 0; at < count && !epnet_generator_stopped(g); at++) {
        if (at == level_end) {
            levels++;
            level_end = count;
        }
        uint32_t s = queue[at];
        for (int j = 0; j < g->nodes; j++) {
            uint32_t t = (uint32_t)epnet_flip(s, j);
            if (!marked[t] && follows(g, flips, j, direction == FORWARD ? s : t)) {
                marked[t] = 1;
                queue[count++] = t;
            }
        }
    }
    if (depth != NULL)
        *depth = levels;
    return count;
}

size_t epnet_reach_forward(const EpnetGenerator *g, const double *p, unsigned char *reached,
                           uint32_t *queue) {
    size_t count = 0, depth;
    for (size_t s = 0; s < g->states; s++) {
        reached[s] = p[s] > 0;
        if (reached[s])
            queue[count++] = (uint32_t)s;
    }
    /* The depth counts flips of positive rate: a route whose rate underflows carries nothing. */
    count = search(g, POSITIVE, FORWARD, reached, queue, count, &depth);
    search(g, POSSIBLE, FORWARD, reached, queue, count, NULL);
    return depth;
}

static size_t search_from(const EpnetGenerator *g, Direction direction, uint32_t s, unsigned char *marked,
                          uint32_t *queue) {
    memset(marked, 0, g->states);
    marked[s] = 1;
    queue[0] = s;
    return search(g, POSSIBLE, direction, marked, queue, 1, NULL);
}

bool epnet_reach_closed_class(const EpnetGenerator *g, unsigned char *member, size_t *count,
                              uint32_t *queue) {
    /* If some state is reachable from all, then so is the last root of a backward search that restarts from
     * unmarked states until all are marked: the search that met the state left nothing unmarked. */
    uint32_t root = 0;
    memset(member, 0, g->states);
    for (size_t s = 0; s < g->states; s++) {
        if (!member[s]) {
            root = (uint32_t)s;
            member[s] = 1;
            queue[0] = root;
            search(g, POSSIBLE, BACKWARD, member, queue, 1, NULL);
        }
    }
    if (search_from(g, BACKWARD, root, member, queue) < g->states)
        return false;
    *count = search_from(g, FORWARD, root, member, queue);
    return true;
}
