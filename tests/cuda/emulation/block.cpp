/* Running a grid: a few blocks side by side, every thread a fiber that runs from one barrier or shuffle to
 * the next, in the order that the test chose. A warp's meeting is released when all lanes of its mask have
 * come to the same line, a block's barrier when all its threads have. */
#include "fiber.h"
#include "machine.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace epnet_emulation {

namespace {

enum class State { READY, AT_BLOCK, AT_WARP, DONE };
enum class Meeting { SYNC, SHUFFLE, BALLOT };

struct Thread {
    ThreadView view;
    Fiber fiber;
    State state;
    Site site;
    Meeting meeting;
    unsigned mask;
    int source;
    uint64_t value; /* given to the meeting, then taken from it */
};

struct Shared {
    void *memory;
    size_t bytes;
};

struct Block {
    std::vector<std::unique_ptr<Thread>> threads; /* kept for the next block */
    unsigned size = 0;                            /* threads of the block that runs; 0: none */
    uint3 index;
    Shared dynamic = {nullptr, 0};
    std::map<const void *, Shared> arrays;
};

struct Random {
    uint64_t state;
    unsigned below(unsigned n) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<unsigned>((state >> 33) % n);
    }
};

std::vector<std::unique_ptr<Block>> blocks;
Block *current_block;
Thread *current;
const std::function<void()> *kernel_body;
Random shuffler;

void wait(State state, const Site &site) {
    Thread *const me = current;
    me->state = state;
    me->site = site;
    fiber_yield(me->fiber);
}

void thread_main() {
    fiber_entered();
    (*kernel_body)();
    current->state = State::DONE;
    fiber_leave(current->fiber);
}

void run_thread(Block &block, Thread &thread) {
    current_block = &block;
    current = &thread;
    running = &thread.view;
    if (++work.switches == most_switches)
        die("work without an end");
    fiber_resume(thread.fiber);
    running = nullptr;
    current = nullptr;
    current_block = nullptr;
}

/* ---- meetings of a warp ---- */

/* Whether all lanes of thread `first`'s mask wait at its line with the same mask. */
bool warp_complete(const Block &block, unsigned warp, const Thread &first) {
    for (unsigned lane = 0; lane < WARP; lane++) {
        if ((first.mask >> lane & 1) == 0)
            continue;
        if (warp + lane >= block.size)
            die("%s:%d: a mask names lane %u, which the block does not have", first.site.file,
                first.site.line, lane);
        const Thread &other = *block.threads[warp + lane];
        if (other.state != State::AT_WARP || other.mask != first.mask || !same_site(other.site, first.site))
            return false;
    }
    return true;
}

void warp_release(Block &block, unsigned warp, const Thread &first) {
    const unsigned mask = first.mask;
    uint64_t values[WARP] = {0}, ballot = 0;
    for (unsigned lane = 0; lane < WARP; lane++) {
        if (mask >> lane & 1) {
            values[lane] = block.threads[warp + lane]->value;
            ballot |= (values[lane] & 1) << lane;
        }
    }
    for (unsigned lane = 0; lane < WARP; lane++) {
        if ((mask >> lane & 1) == 0)
            continue;
        Thread &thread = *block.threads[warp + lane];
        thread.state = State::READY;
        if (thread.meeting == Meeting::BALLOT)
            thread.value = ballot;
        else if (thread.meeting == Meeting::SHUFFLE && thread.source >= 0) {
            if ((mask >> thread.source & 1) == 0)
                die("%s:%d: lane %u shuffles from lane %d, which is outside the mask %08x", thread.site.file,
                    thread.site.line, lane, thread.source, mask);
            thread.value = values[thread.source];
        }
    }
}

/* Whether any meeting of the warp that starts at thread `warp` was complete. */
bool release_warp(Block &block, unsigned warp) {
    bool any = false;
    for (unsigned i = warp; i < warp + WARP && i < block.size; i++) {
        const Thread &thread = *block.threads[i];
        if (thread.state == State::AT_WARP && warp_complete(block, warp, thread)) {
            warp_release(block, warp, thread);
            any = true;
        }
    }
    return any;
}

/* ---- barriers of a block ---- */

[[noreturn]] void die_stuck(const Block &block) {
    for (unsigned i = 0; i < block.size; i++) {
        const Thread &thread = *block.threads[i];
        if (thread.state == State::AT_WARP)
            std::fprintf(stderr, "  thread %u waits at %s:%d for lanes %08x\n", i, thread.site.file,
                         thread.site.line, thread.mask);
        else if (thread.state == State::AT_BLOCK)
            std::fprintf(stderr, "  thread %u waits at %s:%d for its block\n", i, thread.site.file,
                         thread.site.line);
        else
            std::fprintf(stderr, "  thread %u has left the kernel\n", i);
    }
    die("deadlock: a barrier or shuffle that some of its threads do not reach");
}

/* After a pass in which no thread of the block was left ready. Whether the block goes on. */
bool release_block(Block &block) {
    unsigned done = 0, waiting = 0;
    const Thread *first = nullptr, *other = nullptr;
    for (unsigned i = 0; i < block.size; i++) {
        const Thread &thread = *block.threads[i];
        done += thread.state == State::DONE;
        if (thread.state == State::AT_BLOCK) {
            waiting++;
            if (first == nullptr)
                first = &thread;
            else if (!same_site(first->site, thread.site))
                other = &thread;
        }
    }
    if (done == block.size)
        return false;
    if (waiting + done < block.size)
        die_stuck(block);
    if (done > 0)
        die("%s:%d: __syncthreads is missed by %u threads that have left the kernel", first->site.file,
            first->site.line, done);
    if (other != nullptr)
        die("divergent barrier: threads of a block wait at %s:%d and at %s:%d", first->site.file,
            first->site.line, other->site.file, other->site.line);
    for (unsigned i = 0; i < block.size; i++)
        block.threads[i]->state = State::READY;
    return true;
}

/* ---- blocks ---- */

void block_begin(Block &block, dim3 grid, dim3 size, uint64_t number, size_t shared_bytes) {
    block.index = {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
                   static_cast<unsigned>(number / grid.x / grid.y)};
    block.size = size.x * size.y * size.z;
    const size_t bytes = shared_bytes > settings.shrink_shared ? shared_bytes - settings.shrink_shared : 0;
    block.dynamic = {fresh_memory(bytes), bytes};
    while (block.threads.size() < block.size)
        block.threads.push_back(std::make_unique<Thread>());
    for (unsigned i = 0; i < block.size; i++) {
        Thread &thread = *block.threads[i];
        thread.view = {{i % size.x, i / size.x % size.y, i / size.x / size.y},
                       block.index,
                       size,
                       grid,
                       static_cast<int>(i % WARP)};
        thread.state = State::READY;
        fiber_start(thread.fiber, thread_main);
    }
    work.blocks++;
    work.threads += block.size;
}

void block_end(Block &block) {
    if (!fresh_memory_intact(block.dynamic.memory, block.dynamic.bytes))
        die("block %u wrote past its dynamic shared memory of %zu bytes", block.index.x, block.dynamic.bytes);
    fresh_memory_free(block.dynamic.memory);
    for (const auto &[key, array] : block.arrays) {
        if (!fresh_memory_intact(array.memory, array.bytes))
            die("block %u wrote past a shared array of %zu bytes", block.index.x, array.bytes);
        fresh_memory_free(array.memory);
    }
    block.arrays.clear();
    block.size = 0;
}

/* Place `turn` of n in the order of the test. */
void make_order(std::vector<unsigned> &order, unsigned n) {
    order.resize(n);
    for (unsigned i = 0; i < n; i++)
        order[i] = settings.order == EPNET_EMULATION_BACKWARD ? n - 1 - i : i;
    if (settings.order != EPNET_EMULATION_SHUFFLED)
        return;
    for (unsigned i = n; i > 1; i--)
        std::swap(order[i - 1], order[shuffler.below(i)]);
}

bool warp_ready(const Block &block, unsigned warp) {
    for (unsigned i = warp; i < warp + WARP && i < block.size; i++) {
        if (block.threads[i]->state == State::READY)
            return true;
    }
    return false;
}

/* Let the ready threads of a warp run once. Whether any did. */
bool run_warp(Block &block, unsigned warp, const std::vector<unsigned> &lanes) {
    bool any = false;
    for (unsigned lane : lanes) {
        const unsigned i = warp + lane;
        if (i < block.size && block.threads[i]->state == State::READY) {
            run_thread(block, *block.threads[i]);
            any = true;
        }
    }
    return any;
}

/* Let warps run: in the fixed orders each as far as it gets before the next one starts, so that a warp is as
 * far ahead of another as barriers allow; shuffled, half of them to their next meeting. Whether any can go
 * on. */
bool pass(Block &block) {
    static std::vector<unsigned> warps, lanes;
    const bool shuffled = settings.order == EPNET_EMULATION_SHUFFLED;
    bool any = false;
    make_order(warps, (block.size + WARP - 1) / WARP);
    for (unsigned w : warps) {
        const unsigned warp = w * WARP;
        make_order(lanes, WARP);
        if (shuffled && warps.size() > 1 && shuffler.below(2) == 0) {
            any |= warp_ready(block, warp);
            continue;
        }
        bool on;
        do {
            on = run_warp(block, warp, lanes) | release_warp(block, warp);
            any |= on;
        } while (on && !shuffled);
    }
    return any;
}

} // namespace

const ThreadView *running;

void run_grid(dim3 grid, dim3 size, size_t shared_bytes, const std::function<void()> &body) {
    const uint64_t count = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
    uint64_t begun = 0, running_blocks = 0;
    std::vector<unsigned> order;
    const auto resident = static_cast<unsigned>(settings.resident_blocks);
    kernel_body = &body;
    shuffler = {settings.seed};
    work.launches++;
    while (blocks.size() < resident)
        blocks.push_back(std::make_unique<Block>());
    while (begun < count || running_blocks > 0) {
        make_order(order, resident);
        for (unsigned i : order) {
            Block &block = *blocks[i];
            if (block.size == 0) {
                if (begun == count)
                    continue;
                const uint64_t number =
                    settings.order == EPNET_EMULATION_BACKWARD ? count - 1 - begun : begun;
                begun++;
                running_blocks++;
                block_begin(block, grid, size, number, shared_bytes);
            }
            if (pass(block))
                continue;
            if (!release_block(block)) {
                block_end(block);
                running_blocks--;
            }
        }
    }
}

void *dynamic_shared() {
    return current_block->dynamic.memory;
}

void *shared_array(const void *key, size_t bytes) {
    auto [at, is_new] = current_block->arrays.try_emplace(key, Shared{nullptr, bytes});
    if (is_new)
        at->second.memory = fresh_memory(bytes);
    return at->second.memory;
}

void block_barrier(Site site) {
    if (!barrier_skipped(site))
        wait(State::AT_BLOCK, site);
}

static uint64_t meet(Meeting meeting, unsigned mask, uint64_t value, int source, const Site &site) {
    Thread &me = *current;
    if ((mask >> me.view.lane & 1) == 0)
        die("%s:%d: lane %d is not in its own mask %08x", site.file, site.line, me.view.lane, mask);
    me.meeting = meeting;
    me.mask = mask;
    me.value = value;
    me.source = source;
    wait(State::AT_WARP, site);
    return me.value;
}

void warp_barrier(unsigned mask, Site site) {
    if (!barrier_skipped(site))
        meet(Meeting::SYNC, mask, 0, -1, site);
}

uint64_t warp_exchange(unsigned mask, uint64_t value, int source, Site site) {
    return meet(Meeting::SHUFFLE, mask, value, source, site);
}

unsigned warp_ballot(unsigned mask, bool flag, Site site) {
    return static_cast<unsigned>(meet(Meeting::BALLOT, mask, flag, -1, site));
}

} // namespace epnet_emulation
