/* The barriers that kernels meet, and the one that a test takes away. */
#include "machine.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace epnet_emulation {

namespace {

struct Barrier {
    Site site;
    bool skipped;
    int thread; /* that passes it by; -1: all */
    uint64_t met;
};
std::vector<Barrier> barriers; /* met, in order of the first time */
size_t last_met;               /* the same one again and again */

unsigned own_number() {
    const dim3 &size = running->block_size;
    return running->thread.x + size.x * (running->thread.y + size.y * running->thread.z);
}

} // namespace

bool same_site(const Site &a, const Site &b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

bool barrier_skipped(const Site &site) {
    if (last_met >= barriers.size() || !same_site(barriers[last_met].site, site)) {
        const auto known = std::find_if(barriers.begin(), barriers.end(),
                                        [&](const Barrier &b) { return same_site(b.site, site); });
        last_met = static_cast<size_t>(known - barriers.begin());
        if (known == barriers.end())
            barriers.push_back({site, false, -1, 0});
    }
    Barrier &barrier = barriers[last_met];
    barrier.met++;
    return barrier.skipped && (barrier.thread < 0 || static_cast<unsigned>(barrier.thread) == own_number());
}

void barriers_forget() {
    barriers.clear();
}

} // namespace epnet_emulation

using namespace epnet_emulation;

size_t epnet_emulation_barriers(void) {
    return barriers.size();
}

const char *epnet_emulation_barrier_file(size_t barrier) {
    return barriers.at(barrier).site.file;
}

int epnet_emulation_barrier_line(size_t barrier) {
    return barriers.at(barrier).site.line;
}

uint64_t epnet_emulation_barrier_met(size_t barrier) {
    return barriers.at(barrier).met;
}

void epnet_emulation_skip_barrier(size_t barrier, int thread) {
    barriers.at(barrier).skipped = true;
    barriers.at(barrier).thread = thread;
}

void epnet_emulation_keep_barriers(void) {
    for (Barrier &barrier : barriers)
        barrier.skipped = false;
}
