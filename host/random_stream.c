#include "random_stream.h"

#include "philox.h"

#include <math.h>

/* 53 bits, centred in their interval. */
static double uniform_of(uint32_t high, uint32_t low) {
    const uint64_t bits = ((uint64_t)high << 32 | low) >> 11;
    return ((double)bits + 0.5) * 0x1p-53;
}

double epnet_random_uniform(EpnetRandomStream *stream) {
    if (stream->kept_count > 0) {
        stream->kept_count = 0;
        return stream->kept;
    }
    const EpnetPhiloxWords counter = {
        {stream->block++, stream->purpose, (uint32_t)stream->index, (uint32_t)(stream->index >> 32)}};
    const EpnetPhiloxWords random = epnet_philox(counter, stream->seed);
    stream->kept = uniform_of(random.v[2], random.v[3]);
    stream->kept_count = 1;
    return uniform_of(random.v[0], random.v[1]);
}

double epnet_random_normal(EpnetRandomStream *stream) {
    const double radius = sqrt(-2 * log(epnet_random_uniform(stream)));
    return radius * cos(2 * M_PI * epnet_random_uniform(stream));
}
