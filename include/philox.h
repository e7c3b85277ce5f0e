/* Philox4x32-10 of Salmon, Moraes, Dror and Shaw (SC 2011), "Parallel random numbers: as easy as 1, 2, 3":
 * four words that depend on a counter and a key alone. Host and device. */
#ifndef EPNET_PHILOX_H
#define EPNET_PHILOX_H

#include "bits.h"

typedef struct EpnetPhiloxWords {
    uint32_t v[4];
} EpnetPhiloxWords;

/* The words of a counter; the key is the seed, its low word first. */
EPNET_HOST_DEVICE EpnetPhiloxWords epnet_philox(EpnetPhiloxWords counter, uint64_t seed) {
    uint32_t key_low = (uint32_t)seed, key_high = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t even = (uint64_t)counter.v[0] * 0xD2511F53u,
                       odd = (uint64_t)counter.v[2] * 0xCD9E8D57u;
        const EpnetPhiloxWords next = {{(uint32_t)(odd >> 32) ^ counter.v[1] ^ key_low, (uint32_t)odd,
                                        (uint32_t)(even >> 32) ^ counter.v[3] ^ key_high, (uint32_t)even}};
        counter = next;
        key_low += 0x9E3779B9u;
        key_high += 0xBB67AE85u;
    }
    return counter;
}

#endif
