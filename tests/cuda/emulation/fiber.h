/* Fibers: a stack of its own for every CUDA thread, switched by hand. One host thread at a time runs fibers.
 */
#ifndef EPNET_TESTS_CUDA_FIBER_H
#define EPNET_TESTS_CUDA_FIBER_H

#include <cstddef>
#include <ucontext.h>

namespace epnet_emulation {

struct Fiber {
    void *stack_pointer = nullptr;
    char *stack = nullptr; /* mapped at the first start, kept for the next */
    void *fake_stack = nullptr;
    ucontext_t context; /* where there is no switch of our own */
};

/* Make `fiber` ready to run entry() on its own stack; entry() must not return but call fiber_leave(). */
void fiber_start(Fiber &fiber, void (*entry)());

/* Run a fiber until it yields or leaves. */
void fiber_resume(Fiber &fiber);

/* Back to fiber_resume() of the running fiber. */
void fiber_yield(Fiber &fiber);
[[noreturn]] void fiber_leave(Fiber &fiber);

/* To be called first by entry(). */
void fiber_entered();

} // namespace epnet_emulation

#endif
