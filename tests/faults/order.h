/* What a test orders of the fault injector (a library that LD_PRELOAD puts before the others in a program
 * under test) and what it hears back. Both sides map the same file, named by EPNET_FAULT_ORDER: what is in it
 * survives however the program ends. */
#ifndef EPNET_TESTS_FAULTS_ORDER_H
#define EPNET_TESTS_FAULTS_ORDER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* The kinds of calls that are counted, each by itself. Calls on files count where the file lies below the
 * order's folder; allocations and threads count from main() on. */
typedef enum FaultKind {
    FAULT_OPEN,  /* open, openat, creat, fopen and their 64-bit twins, as in every line that follows */
    FAULT_READ,  /* read, pread */
    FAULT_WRITE, /* write, pwrite, writev, pwritev, and what a FILE writes */
    FAULT_SYNC,  /* fsync, fdatasync, syncfs */
    FAULT_RENAME,
    FAULT_TRUNCATE, /* ftruncate, truncate, fallocate, posix_fallocate */
    FAULT_CLOSE,    /* of files that are open for writing; the descriptor is closed all the same */
    FAULT_UNLINK,   /* unlink, unlinkat, remove */
    FAULT_STAT,     /* stat, fstat, lstat, fstatat */
    FAULT_STATVFS,
    FAULT_LOCK, /* fcntl with a lock command, flock */
    FAULT_MMAP,
    FAULT_THREAD,         /* pthread_create */
    FAULT_MEMORY,         /* malloc, calloc, realloc, aligned_alloc, ... on behalf of our own code */
    FAULT_FOREIGN_MEMORY, /* the same, of every other library */
    FAULT_KINDS
} FaultKind;

typedef enum FaultAction {
    FAULT_ERROR,  /* the call fails with the order's error number */
    FAULT_SHORT,  /* a write or read handles half of its bytes (at least one) and says so */
    FAULT_KILL,   /* SIGKILL to the program before the call, also from a child process of it */
    FAULT_TORN,   /* half of a write, then SIGKILL */
    FAULT_VANISH, /* the folder is renamed to FOLDER.gone, then the call goes on */
} FaultAction;

typedef struct FaultOrder {
    FaultKind kind;
    uint64_t call; /* the number of the call that fails, from 1; 0: none, only count */
    bool lasting;  /* every later call of the kind fails as well (a disk that stays full) */
    FaultAction action;
    int error;             /* errno of FAULT_ERROR */
    char folder[PATH_MAX]; /* absolute, without a final '/' */
    /* The answer. */
    uint64_t calls[FAULT_KINDS];
    uint64_t fired;
    char caller[256]; /* of the first that fired: the function that was called, and from where */
} FaultOrder;

#endif
