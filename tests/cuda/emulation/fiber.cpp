#include "fiber.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define EPNET_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EPNET_FIBER_ASAN 1
#endif
#endif

#ifdef EPNET_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace epnet_emulation {

namespace {

constexpr size_t GUARD = 4096, STACK = 256 << 10;

/* Where the scheduler waits while a fiber runs. */
struct Home {
    void *stack_pointer;
    ucontext_t context;
    const void *stack;
    size_t stack_size;
} home;

void announce_switch([[maybe_unused]] void **fake_stack, [[maybe_unused]] const void *stack,
                     [[maybe_unused]] size_t size) {
#ifdef EPNET_FIBER_ASAN
    __sanitizer_start_switch_fiber(fake_stack, stack, size);
#endif
}

void announce_arrival([[maybe_unused]] void *fake_stack, [[maybe_unused]] const void **stack,
                      [[maybe_unused]] size_t *size) {
#ifdef EPNET_FIBER_ASAN
    __sanitizer_finish_switch_fiber(fake_stack, stack, size);
#endif
}

} // namespace

/* setjmp and swapcontext take system calls, or have AddressSanitizer clear a whole stack's shadow at each
 * switch. */
#if defined(__x86_64__) && !defined(EPNET_FIBER_UCONTEXT)

extern "C" void epnet_emulation_switch(void **from, void *to);
asm(R"(
.text
.globl epnet_emulation_switch
.hidden epnet_emulation_switch
.type epnet_emulation_switch,@function
epnet_emulation_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp,(%rdi)
    movq %rsi,%rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size epnet_emulation_switch,.-epnet_emulation_switch
)");

static void prepare(Fiber &fiber, char *top, void (*entry)()) {
    void **at =
        reinterpret_cast<void **>(top - 16); /* where `ret` finds entry; the ABI's alignment after it */
    at[1] = nullptr;
    at[0] = reinterpret_cast<void *>(entry);
    for (int i = 1; i <= 6; i++)
        at[-i] = nullptr;
    fiber.stack_pointer = at - 6;
}
static void to_fiber(Fiber &fiber) {
    epnet_emulation_switch(&home.stack_pointer, fiber.stack_pointer);
}
static void to_home(Fiber &fiber) {
    epnet_emulation_switch(&fiber.stack_pointer, home.stack_pointer);
}

#else

static void prepare(Fiber &fiber, char *, void (*entry)()) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, entry, 0);
}
static void to_fiber(Fiber &fiber) {
    swapcontext(&home.context, &fiber.context);
}
static void to_home(Fiber &fiber) {
    swapcontext(&fiber.context, &home.context);
}

#endif

void fiber_start(Fiber &fiber, void (*entry)()) {
    if (fiber.stack == nullptr) {
        void *map = mmap(nullptr, GUARD + STACK, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (map == MAP_FAILED || mprotect(map, GUARD, PROT_NONE) != 0) {
            std::perror("emulated CUDA: stack of a thread");
            std::abort();
        }
        fiber.stack = static_cast<char *>(map) + GUARD;
    }
    fiber.fake_stack = nullptr;
    prepare(fiber, fiber.stack + STACK, entry);
}

void fiber_resume(Fiber &fiber) {
    void *fake_stack = nullptr;
    announce_switch(&fake_stack, fiber.stack, STACK);
    to_fiber(fiber);
    announce_arrival(fake_stack, nullptr, nullptr);
}

void fiber_entered() {
    announce_arrival(nullptr, &home.stack, &home.stack_size);
}

void fiber_yield(Fiber &fiber) {
    announce_switch(&fiber.fake_stack, home.stack, home.stack_size);
    to_home(fiber);
    announce_arrival(fiber.fake_stack, &home.stack, &home.stack_size);
}

void fiber_leave(Fiber &fiber) {
    announce_switch(nullptr, home.stack, home.stack_size);
    to_home(fiber);
    std::abort();
}

} // namespace epnet_emulation
