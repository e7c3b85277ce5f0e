#include "cuda_stream_leak.h"

typedef struct Quench {
    EpnetStreamObserver *observer;
    const EpnetPoint *point;
    const double *p0;
    double *p, *log_p;
} Quench;

/* p0 after the time t, into quench->p. */
static void relax(const Quench *quench, double t) {
    EpnetStreamSpace *space = quench->observer->space;
    const int nodes = space->problem->nodes;
    for (int first = 0; first < nodes; first += EPNET_STREAM_RELAX_NODES) {
        const int rest = nodes - first,
                  count = rest < EPNET_STREAM_RELAX_NODES ? rest : EPNET_STREAM_RELAX_NODES;
        double up[EPNET_STREAM_RELAX_NODES], down[EPNET_STREAM_RELAX_NODES];
        for (int i = 0; i < count; i++)
            epnet_quench_transitions(quench->point->flip_up[first + i], quench->point->flip_down[first + i],
                                     t, &up[i], &down[i]);
        EPNET_STREAM_DO(space, epnet_stream_relax, nodes, first, count, up, down,
                        first == 0 ? quench->p0 : quench->p, quench->p, space->stream);
    }
}

static double information_after(void *context, double t) {
    const Quench *quench = context;
    const EpnetStreamState state = {.p = quench->p, .log_p = quench->log_p};
    relax(quench, t);
    return epnet_stream_observe_multiinformation(quench->observer, &state);
}

EpnetPointStatus epnet_stream_quench(EpnetStreamObserver *observer, EpnetLeakWork *work,
                                     const EpnetPoint *point, const double *p0, double *const *vectors,
                                     double noise, EpnetLeakFit *fit) {
    Quench quench = {observer, point, p0, vectors[0], vectors[1]};
    return epnet_leak_quench(work, observer->space->problem, point, noise, information_after, &quench, fit);
}
