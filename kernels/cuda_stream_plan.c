/* Which bits of a state each pass of an application serves. */
#include "stream_layout.h"

typedef struct Limits {
    int tile_bits;
    int low_least;  /* contiguous bits of a windowed tile: 64 bytes at least, for whole sectors of memory */
    int direct_max; /* a pass over a window reads and writes three vectors; a direct bit reads one, if from
                       the cache */
} Limits;

/* Up to 18 nodes all of a point fits into the cache of a large device, and a launch should cost more than the
 * work in it (not yet measured): direct reads then take the place of a second one. */
static Limits limits_of(int nodes) {
    if (nodes < EPNET_STREAM_WIDE_BITS)
        return (Limits){EPNET_STREAM_NARROW_BITS, 1, 2};
    return (Limits){EPNET_STREAM_WIDE_BITS, 3, nodes <= 18 ? EPNET_STREAM_DIRECT : EPNET_STREAM_DIRECT - 2};
}

void epnet_stream_plan(int nodes, EpnetStreamPlan *plan) {
    const Limits limits = limits_of(nodes);
    int served = limits.tile_bits;
    EpnetStreamPass *pass = plan->pass;
    plan->nodes = nodes;
    plan->pass_count = 1;
    *pass = (EpnetStreamPass){
        .tile_bits = served, .low = served, .window = served, .outside_bits = nodes - served};
    while (nodes - served > limits.direct_max) {
        const int rest = nodes - served, room = limits.tile_bits - limits.low_least;
        const int bits = rest < room ? rest : room;
        pass = &plan->pass[plan->pass_count++];
        *pass = (EpnetStreamPass){.tile_bits = limits.tile_bits,
                                  .low = limits.tile_bits - bits,
                                  .window = served,
                                  .outside_bits = nodes - limits.tile_bits};
        served += bits;
    }
    pass->direct = served;
    pass->direct_count = nodes - served;
}

static size_t register_part_size(const EpnetStreamPass *pass) {
    return (size_t)(2 * epnet_stream_served(pass)) << (pass->tile_bits - epnet_stream_thread_bits(pass));
}

size_t epnet_stream_plan_size(const EpnetStreamPlan *plan) {
    size_t size = 0;
    for (int i = 0; i < plan->pass_count; i++)
        size += epnet_stream_thread_part_size(&plan->pass[i]) + register_part_size(&plan->pass[i]) +
                epnet_stream_outside_part_size(&plan->pass[i]);
    return size;
}

void epnet_stream_plan_place(EpnetStreamPlan *plan, double *tables) {
    for (int i = 0; i < plan->pass_count; i++) {
        EpnetStreamPass *pass = &plan->pass[i];
        pass->thread_part = tables;
        pass->register_part = tables + epnet_stream_thread_part_size(pass);
        pass->outside_part = pass->register_part + register_part_size(pass);
        tables = pass->outside_part + epnet_stream_outside_part_size(pass);
    }
}
