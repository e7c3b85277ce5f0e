/* What tests set, and the faults that they ask for. */
#include "machine.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace epnet_emulation {

std::recursive_mutex machine_lock;
Settings settings;
EpnetEmulationWork work;
uint64_t most_switches;

namespace {

struct Fault {
    EpnetEmulationCall call;
    long k; /* 0: none */
    cudaError_t error;
    bool sticky, happened;
};

Fault fault;
long calls[EPNET_EMULATION_CALLS + 1];

} // namespace

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::fprintf(stderr, "emulated CUDA: ");
    std::vfprintf(stderr, format, arguments);
    std::fputc('\n', stderr);
    va_end(arguments);
    if (running != nullptr)
        std::fprintf(stderr, "emulated CUDA: in block %u, thread %u\n", running->block.x, running->thread.x);
    std::abort();
}

cudaError_t call_fault(EpnetEmulationCall call) {
    calls[call]++;
    calls[EPNET_EMULATION_CALLS]++;
    if (fault.k == 0 || fault.happened || (fault.call != call && fault.call != EPNET_EMULATION_CALLS) ||
        calls[fault.call] != fault.k)
        return cudaSuccess;
    fault.happened = true;
    if (fault.sticky)
        device_lost(fault.error);
    return fault.error;
}

} // namespace epnet_emulation

using namespace epnet_emulation;

void epnet_emulation_reset(void) {
    Guard guard(machine_lock);
    settings = Settings();
    work = EpnetEmulationWork();
    most_switches = 0;
    fault = Fault();
    std::fill(std::begin(calls), std::end(calls), 0);
    barriers_forget();
    devices_reset();
}

void epnet_emulation_order(EpnetEmulationOrder order, uint64_t seed) {
    settings.order = order;
    settings.seed = seed;
}

void epnet_emulation_resident_blocks(int blocks) {
    settings.resident_blocks = std::clamp(blocks, 1, 64);
}

void epnet_emulation_eager(bool eager) {
    settings.eager = eager;
}

void epnet_emulation_shrink_shared(size_t bytes) {
    settings.shrink_shared = bytes;
}

void epnet_emulation_local_memory(size_t bytes) {
    settings.local_memory = bytes;
}

void epnet_emulation_fail(EpnetEmulationCall call, long k, cudaError_t error, bool sticky) {
    Guard guard(machine_lock);
    std::fill(std::begin(calls), std::end(calls), 0);
    fault = {call, k, error, sticky, false};
}

long epnet_emulation_calls(EpnetEmulationCall call) {
    return calls[call];
}

bool epnet_emulation_failed(void) {
    return fault.happened;
}

EpnetEmulationHeld epnet_emulation_held(void) {
    Guard guard(machine_lock);
    EpnetEmulationHeld held = {};
    memory_held(&held);
    streams_held(&held);
    return held;
}

void epnet_emulation_most_switches(uint64_t switches) {
    most_switches = switches == 0 ? 0 : work.switches + switches;
}

EpnetEmulationWork epnet_emulation_work(void) {
    return work;
}
