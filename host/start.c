#include "start.h"

#include "bits.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>

/* ---- from a spec --------------------------------------------------------------------------------------- */

static bool make_product(const EpnetSpec *spec, EpnetStartStorage *storage) {
    const EpnetInitial *initial = &spec->initial;
    storage->p_one = epnet_calloc((size_t)spec->network.nodes, sizeof *storage->p_one);
    if (storage->p_one == NULL)
        return false;
    for (int i = 0; i < spec->network.nodes; i++) {
        if (initial->kind == EPNET_INITIAL_P_ONE)
            storage->p_one[i] = initial->p_one[i];
        else
            storage->p_one[i] = initial->kind == EPNET_INITIAL_UNIFORM ? 0.5 : epnet_bit(initial->state, i);
    }
    storage->start.p_one = storage->p_one;
    return true;
}

typedef struct Listed {
    uint64_t state;
    double probability;
} Listed;

static int compare_states(const void *a, const void *b) {
    const Listed *left = a, *right = b;
    return (left->state > right->state) - (left->state < right->state);
}

/* The listed probabilities over their sum, which differs from 1 by rounding in the file. */
static bool make_listed(const EpnetInitial *initial, EpnetStartStorage *storage) {
    double sum = 0, lost = 0; /* compensated: `lost` gathers what each addition rounds off */
    for (size_t k = 0; k < initial->count; k++) {
        double term = initial->probabilities[k], next = sum + term;
        lost += sum >= term ? (sum - next) + term : (term - next) + sum;
        sum = next;
    }
    Listed *list = epnet_calloc(initial->count, sizeof *list);
    storage->states = epnet_calloc(initial->count, sizeof *storage->states);
    storage->probabilities = epnet_calloc(initial->count, sizeof *storage->probabilities);
    const bool good = list != NULL && storage->states != NULL && storage->probabilities != NULL;
    if (good) {
        for (size_t k = 0; k < initial->count; k++)
            list[k] = (Listed){initial->states[k], initial->probabilities[k] / (sum + lost)};
        qsort(list, initial->count, sizeof *list, compare_states);
        for (size_t k = 0; k < initial->count; k++) {
            storage->states[k] = list[k].state;
            storage->probabilities[k] = list[k].probability;
        }
        storage->start.count = initial->count;
        storage->start.states = storage->states;
        storage->start.probabilities = storage->probabilities;
    }
    free(list);
    return good;
}

bool epnet_start_make(const EpnetSpec *spec, EpnetStartStorage *storage) {
    memset(storage, 0, sizeof *storage);
    if (spec->initial.kind == EPNET_INITIAL_PROBABILITIES)
        return make_listed(&spec->initial, storage);
    return make_product(spec, storage);
}

void epnet_start_free(EpnetStartStorage *storage) {
    free(storage->p_one);
    free(storage->states);
    free(storage->probabilities);
    memset(storage, 0, sizeof *storage);
}

/* ---- its parts -------------------------------------------------------------------------------------------
 */

/* Factors in the order of the nodes, so that every entry has the same bytes however the states are divided.
 */
static void fill_product(const double *p_one, int nodes, uint64_t first, int bits, double *p) {
    p[0] = 1;
    for (int i = 0; i < bits; i++) {
        for (uint64_t k = 0; k < (uint64_t)1 << i; k++) {
            p[epnet_flip(k, i)] = p[k] * p_one[i];
            p[k] *= 1 - p_one[i];
        }
    }
    for (int i = bits; i < nodes; i++) {
        const double factor = epnet_bit(first, i) ? p_one[i] : 1 - p_one[i];
        for (uint64_t k = 0; k < (uint64_t)1 << bits; k++)
            p[k] *= factor;
    }
}

/* How many of the rising states lie below `bound`. */
static size_t count_below(const EpnetStart *start, uint64_t bound) {
    size_t low = 0, high = start->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (start->states[middle] < bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void epnet_start_fill(const EpnetStart *start, int nodes, uint64_t first, int bits, double *p) {
    if (start->p_one != NULL) {
        fill_product(start->p_one, nodes, first, bits, p);
        return;
    }
    const uint64_t count = (uint64_t)1 << bits;
    memset(p, 0, count * sizeof *p);
    for (size_t k = count_below(start, first); k < start->count && start->states[k] < first + count; k++)
        p[start->states[k] - first] = start->probabilities[k];
}
