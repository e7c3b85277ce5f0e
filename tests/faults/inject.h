/* Inside the injector: which call is to fail, and how. */
#ifndef EPNET_TESTS_FAULTS_INJECT_H
#define EPNET_TESTS_FAULTS_INJECT_H

#include "order.h"

typedef enum FaultVerdict {
    FAULT_PASS,
    FAULT_FAIL, /* errno is set */
    FAULT_HALF, /* handle half of the bytes */
    FAULT_HALF_AND_KILL
} FaultVerdict;

/* Count a call of `function` made by the code at `caller`, and judge it. May not return (FAULT_KILL). */
FaultVerdict fault_judge(FaultKind kind, const char *function, const void *caller);

/* For calls on files: passed and not counted unless the file lies below the folder of the order. `folder` is
 * the descriptor that a relative path starts from. */
FaultVerdict fault_judge_path(FaultKind kind, const char *function, const void *caller, int folder,
                              const char *path);
FaultVerdict fault_judge_file(FaultKind kind, const char *function, const void *caller, int descriptor);

/* For allocations: the kind depends on the code that asked. */
FaultVerdict fault_judge_memory(const char *function, const void *caller);

/* The next library's function of this name; ends the program if there is none. */
void *fault_real(const char *name);

_Noreturn void fault_kill(void);

#define REAL(name) ((__typeof__(&name))fault_real(#name))
#define CALLER __builtin_return_address(0)

#endif
