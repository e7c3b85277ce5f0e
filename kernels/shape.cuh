/* How the states of a point are spread over a group: state s = tile 2^(R + T) + r 2^T + t belongs to thread t
 * of the 2^T threads, as number r of the 2^R that it works on at a time, in turn `tile` of 2^B. Up to 13
 * nodes there is one tile, which lies in registers. */
#ifndef EPNET_KERNELS_SHAPE_CUH
#define EPNET_KERNELS_SHAPE_CUH

template <int R, int T, int B> struct EpnetShape {
    static constexpr int REGISTER_BITS = R, THREAD_BITS = T, TILE_BITS = B;
    static constexpr int NODES = R + T + B;
    static constexpr int STATES = 1 << R; /* of a thread in a tile */
    static constexpr bool WARP = T <= 5;  /* exchange by shuffles, else through shared memory */
    static constexpr int EXCHANGE = WARP ? 0 : 1 << (R + T); /* doubles of shared memory for it */
};

#endif
