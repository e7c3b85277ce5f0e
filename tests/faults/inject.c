#include "inject.h"
#include "serve.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

/* Calls of the injector's own go to the kernel without passing through itself. */

static pid_t program;     /* the process that main() began in */
static FaultOrder *order; /* NULL until main() begins, and where no order is given */

/* Set while a thread is in the injector: what the injector calls is not counted. */
static _Thread_local bool inside __attribute__((tls_model("initial-exec")));

void *fault_real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        static const char text[] = "fault injector: a library function is missing\n";
        syscall(SYS_write, STDERR_FILENO, text, sizeof text - 1);
        abort();
    }
    return function;
}

_Noreturn void fault_kill(void) {
    syscall(SYS_kill, program, SIGKILL);
    for (;;) /* in a child of it */
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

/* ---- whose code it is ---------------------------------------------------------------------------------- */

typedef enum Owner {
    OWNER_UNKNOWN,
    OWNER_RUNTIME, /* the C and C++ runtimes act for whoever called them; the others, below, for themselves */
    OWNER_SANITIZER, /* never disturbed */
    OWNER_OURS,      /* the program and libepnet */
    OWNER_FOREIGN
} Owner;

typedef struct Object {
    uintptr_t first, last;
    Owner owner;
} Object;

enum { OBJECTS = 256 };
static Object objects[OBJECTS];
static size_t object_count;

static bool begins_with(const char *text, const char *const *names, size_t count) {
    for (size_t k = 0; k < count; k++)
        if (strncmp(text, names[k], strlen(names[k])) == 0)
            return true;
    return false;
}

static Owner owner_by_name(const char *path) {
    static const char *const runtime[] = {"libc.so", "libstdc++", "libgcc_s", "ld-linux", "libepnet_faults"};
    static const char *const sanitizers[] = {"libasan", "libubsan", "liblsan"};
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    if (begins_with(name, runtime, sizeof runtime / sizeof *runtime))
        return OWNER_RUNTIME;
    if (begins_with(name, sanitizers, sizeof sanitizers / sizeof *sanitizers))
        return OWNER_SANITIZER;
    if (name[0] == '\0' || strncmp(name, "libepnet", strlen("libepnet")) == 0) /* "": the program itself */
        return OWNER_OURS;
    return OWNER_FOREIGN;
}

static int object_add(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    for (int k = 0; k < info->dlpi_phnum && object_count < OBJECTS; k++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[k];
        const uintptr_t first = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD && (header->p_flags & PF_X) != 0)
            objects[object_count++] =
                (Object){first, first + header->p_memsz, owner_by_name(info->dlpi_name)};
    }
    return 0;
}

static Owner owner_of(const void *address) {
    const uintptr_t at = (uintptr_t)address;
    for (size_t k = 0; k < object_count; k++)
        if (at >= objects[k].first && at < objects[k].last)
            return objects[k].owner;
    return OWNER_UNKNOWN;
}

/* Who asked: the innermost caller that does not act for another. */
typedef struct Asker {
    Owner owner;
    const void *caller;
} Asker;

static _Unwind_Reason_Code frame_visit(struct _Unwind_Context *frame, void *context) {
    Asker *asker = context;
    asker->caller = (const void *)_Unwind_GetIP(frame);
    asker->owner = owner_of(asker->caller);
    return asker->owner <= OWNER_RUNTIME ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

static Asker asker_find(const void *caller) {
    Asker asker = {owner_of(caller), caller};
    if (asker.owner <= OWNER_RUNTIME)
        _Unwind_Backtrace(frame_visit, &asker);
    return asker;
}

/* ---- the order ------------------------------------------------------------------------------------------
 */

static FaultOrder *order_map(const char *path) {
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (file < 0)
        return NULL;
    void *map =
        (void *)syscall(SYS_mmap, NULL, sizeof(FaultOrder), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    return map == MAP_FAILED ? NULL : map;
}

static void arm(void) {
    const char *path = getenv("EPNET_FAULT_ORDER");
    const bool ordered = path != NULL;
    inside = true;
    program = (pid_t)syscall(SYS_getpid);
    dl_iterate_phdr(object_add, NULL);
    order = ordered ? order_map(path) : NULL;
    unsetenv("EPNET_FAULT_ORDER"); /* not for programs that this one starts */
    inside = false;
    if (ordered && order == NULL) {
        static const char text[] = "fault injector: EPNET_FAULT_ORDER cannot be mapped\n";
        syscall(SYS_write, STDERR_FILENO, text, sizeof text - 1);
        syscall(SYS_exit_group, 125);
    }
}

static int (*program_main)(int, char **, char **);

static int armed_main(int argc, char **argv, char **environment) {
    fault_serve(getenv("EPNET_FAULT_ORDER"));
    arm();
    return program_main(argc, argv, environment);
}

/* The C library's start of a program, with our main() in place of its own. */
int __libc_start_main(int (*begin)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*linker_fini)(void), void *stack_end);

int __libc_start_main(int (*begin)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*linker_fini)(void), void *stack_end) {
    program_main = begin;
    return REAL(__libc_start_main)(armed_main, argc, argv, init, fini, linker_fini, stack_end);
}

static void note_caller(const char *function, const void *caller) {
    Dl_info info;
    if (caller == NULL || dladdr(caller, &info) == 0)
        snprintf(order->caller, sizeof order->caller, "%s", function);
    else
        snprintf(order->caller, sizeof order->caller, "%s in %s(%s+0x%tx)", function, info.dli_fname,
                 info.dli_sname != NULL ? info.dli_sname : "",
                 (const char *)caller -
                     (const char *)(info.dli_sname != NULL ? info.dli_saddr : info.dli_fbase));
}

/* The folder goes, with all in it, as when a file system is unmounted or a user tidies up. */
static void folder_vanish(void) {
    char gone[PATH_MAX + 8];
    snprintf(gone, sizeof gone, "%s.gone", order->folder);
    syscall(SYS_rename, order->folder, gone);
}

static FaultVerdict strike(const char *function, const void *caller) {
    if (__atomic_fetch_add(&order->fired, 1, __ATOMIC_SEQ_CST) == 0)
        note_caller(function, caller);
    switch (order->action) {
    case FAULT_ERROR:
        errno = order->error;
        return FAULT_FAIL;
    case FAULT_SHORT:
        return FAULT_HALF;
    case FAULT_TORN:
        return FAULT_HALF_AND_KILL;
    case FAULT_VANISH:
        folder_vanish();
        return FAULT_PASS;
    case FAULT_KILL:
        break;
    }
    fault_kill();
}

static FaultVerdict judge(FaultKind kind, const char *function, const void *caller) {
    const uint64_t call = 1 + __atomic_fetch_add(&order->calls[kind], 1, __ATOMIC_SEQ_CST);
    if (kind != order->kind || order->call == 0 || call < order->call ||
        (call > order->call && !order->lasting))
        return FAULT_PASS;
    return strike(function, caller);
}

FaultVerdict fault_judge(FaultKind kind, const char *function, const void *caller) {
    if (order == NULL || inside)
        return FAULT_PASS;
    inside = true;
    const int before = errno;
    const FaultVerdict verdict = judge(kind, function, caller);
    if (verdict != FAULT_FAIL)
        errno = before;
    inside = false;
    return verdict;
}

FaultVerdict fault_judge_memory(const char *function, const void *caller) {
    if (order == NULL || inside)
        return FAULT_PASS;
    inside = true;
    const int before = errno;
    const Asker asker = asker_find(caller);
    /* Of what the runtime asks for itself, our code bears the consequences. */
    const FaultKind kind = asker.owner == OWNER_FOREIGN ? FAULT_FOREIGN_MEMORY : FAULT_MEMORY;
    const FaultVerdict verdict =
        asker.owner == OWNER_SANITIZER ? FAULT_PASS : judge(kind, function, asker.caller);
    if (verdict != FAULT_FAIL)
        errno = before;
    inside = false;
    return verdict;
}

/* ---- files ----------------------------------------------------------------------------------------------
 */

static bool is_below(const char *path) {
    const size_t length = strlen(order->folder);
    return strncmp(path, order->folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Where a descriptor points to; "" if it cannot be told. */
static void descriptor_path(int descriptor, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    if (descriptor == AT_FDCWD)
        strcpy(link, "/proc/self/cwd");
    const long length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
}

FaultVerdict fault_judge_file(FaultKind kind, const char *function, const void *caller, int descriptor) {
    char path[PATH_MAX];
    if (order == NULL || inside)
        return FAULT_PASS;
    const int before = errno;
    descriptor_path(descriptor, path);
    errno = before;
    return is_below(path) ? fault_judge(kind, function, caller) : FAULT_PASS;
}

FaultVerdict fault_judge_path(FaultKind kind, const char *function, const void *caller, int folder,
                              const char *path) {
    if (order == NULL || inside)
        return FAULT_PASS;
    char whole[2 * PATH_MAX] = "";
    const int before = errno;
    if (path[0] != '/') {
        descriptor_path(folder, whole);
        strcat(whole, "/");
    }
    errno = before;
    strncat(whole, path, PATH_MAX);
    return is_below(whole) ? fault_judge(kind, function, caller) : FAULT_PASS;
}
