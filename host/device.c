#include "device.h"

#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "status.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order in which they are shown; "auto" takes the last that can do a problem. */
static const EpnetBackend *const backends[] = {&epnet_cpu_backend, &epnet_cuda_backend};

enum { BACKENDS = sizeof backends / sizeof *backends };

uint64_t epnet_host_memory(void) {
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- what there is ----------------------------------------------------------------------------------- */

size_t epnet_backend_count(void) {
    return BACKENDS;
}

EpnetBackendInfo epnet_backend_info(size_t backend) {
    static char texts[BACKENDS][sizeof((EpnetError *)0)->message];
    EpnetBackendInfo info = {backends[backend]->name, backends[backend]->absent == NULL,
                             backends[backend]->absent, 0};
    EpnetError error;
    if (!info.built)
        return info;
    char *text = texts[backend];
    if (backends[backend]->devices(&info.device_count, text, sizeof texts[backend], &error) != EPNET_OK) {
        snprintf(text, sizeof texts[backend], "%s", error.message);
        info.device_count = 0;
    }
    info.description = text;
    return info;
}

EpnetStatus epnet_backend_device(size_t backend, int device, EpnetDeviceInfo *info, EpnetError *error) {
    return backends[backend]->describe(device, info, error);
}

/* ---- choice ------------------------------------------------------------------------------------------ */

int epnet_device_of_worker(const EpnetDevice *device, size_t worker) {
    return device->index[worker % device->count];
}

/* Whether the devices may share a sweep: which of them a point falls to is chance. */
static EpnetStatus check_alike(const EpnetDevice *device, const EpnetProblem *problem, EpnetError *error) {
    EpnetStatus status = EPNET_OK;
    for (size_t i = 1; i < device->count && status == EPNET_OK && device->backend->alike != NULL; i++)
        status = device->backend->alike(problem, device->index[0], device->index[i], error);
    return status;
}

/* Ask the backend how the devices are kept busy. They are alike: the first speaks for all. */
static void set_workers(EpnetDevice *device, const EpnetProblem *problem) {
    int count = 1;
    device->backend->workers(problem, device->index[0], device->threads, &count, &device->worker_threads,
                             &device->chunk);
    device->worker_count = (size_t)count * device->count;
}

/* Names of the devices, each once: "NVIDIA H100 PCIe, NVIDIA H200". */
static EpnetStatus list_names(const EpnetDevice *device, char *names, size_t size, EpnetError *error) {
    EpnetDeviceInfo infos[EPNET_DEVICES_MAX];
    size_t length = 0;
    names[0] = '\0';
    for (size_t i = 0; i < device->count; i++) {
        EpnetStatus status = device->backend->describe(device->index[i], &infos[i], error);
        if (status != EPNET_OK)
            return status;
        bool named = false;
        for (size_t k = 0; k < i && !named; k++)
            named = strcmp(infos[k].name, infos[i].name) == 0;
        const char *comma = i > 0 ? ", " : "";
        if (!named && length < size)
            length += (size_t)snprintf(names + length, size - length, "%s%s", comma, infos[i].name);
    }
    return EPNET_OK;
}

/* "cpu (AMD EPYC ..., 2 threads)", "cuda:1 (NVIDIA H200)", "cuda (8 devices: NVIDIA H200)"; the reason why it
 * is not another one, "" if there is none, goes into the parentheses. */
static EpnetStatus set_name(EpnetDevice *device, const char *reason, EpnetError *error) {
    char names[121], what[160];
    EpnetStatus status = list_names(device, names, sizeof names, error);
    if (status != EPNET_OK)
        return status;
    if (!device->backend->has_own_memory)
        snprintf(what, sizeof what, "%s (%.90s, %d thread%s", device->backend->name, names, device->threads,
                 device->threads == 1 ? "" : "s");
    else if (device->count == 1)
        snprintf(what, sizeof what, "%s:%d (%s", device->backend->name, device->index[0], names);
    else
        snprintf(what, sizeof what, "%s (%zu devices: %s", device->backend->name, device->count, names);
    const int room = (int)(sizeof device->name - strlen(what) - sizeof "; )");
    snprintf(device->name, sizeof device->name, "%s%s%.*s)", what, reason[0] != '\0' ? "; " : "", room,
             reason);
    return EPNET_OK;
}

/* The devices of a backend that can do the problem: number `index` alone, or, if that is -1, all of them. */
static EpnetStatus take_devices(const EpnetBackend *backend, int index, int threads,
                                const EpnetProblem *problem, EpnetDevice *device, EpnetError *error) {
    int count;
    char text[256];
    if (backend->absent != NULL)
        return epnet_fail(error, EPNET_DEVICE, "the %s backend is not built: %s", backend->name,
                          backend->absent);
    EpnetStatus status = backend->devices(&count, text, sizeof text, error);
    if (status != EPNET_OK)
        return status;
    if (index >= count)
        return epnet_fail(error, EPNET_DEVICE, "there is no %s:%d: %d device%s, numbered from 0",
                          backend->name, index, count, count == 1 ? "" : "s");
    *device = (EpnetDevice){.backend = backend};
    const int first = index < 0 ? 0 : index, end = index < 0 ? count : index + 1;
    for (int i = first; i < end && device->count < EPNET_DEVICES_MAX; i++) {
        EpnetError refusal;
        int served = threads;
        EpnetStatus accepted = backend->accept(problem, i, &served, &refusal);
        if (accepted != EPNET_OK && status == EPNET_OK)
            status = epnet_fail(error, accepted, "%s", refusal.message);
        if (accepted != EPNET_OK)
            continue;
        device->index[device->count++] = i;
        device->threads = served;
    }
    if (device->count == 0)
        return status;
    status = check_alike(device, problem, error);
    if (status == EPNET_OK)
        set_workers(device, problem);
    return status;
}

static EpnetStatus choose_any(int threads, const EpnetProblem *problem, EpnetDevice *device,
                              EpnetError *error) {
    char reason[sizeof error->message] = "";
    EpnetStatus status = EPNET_INTERNAL;
    for (size_t b = BACKENDS; b-- > 0 && status != EPNET_OK;) {
        EpnetError refusal;
        status = take_devices(backends[b], -1, threads, problem, device, &refusal);
        if (status == EPNET_OK)
            return set_name(device, reason, error);
        if (b == 0) /* the last resort: its reason is the one that counts */
            return epnet_fail(error, status, "%s", refusal.message);
        if (backends[b]->absent == NULL)
            snprintf(reason, sizeof reason, "%s", refusal.message);
    }
    return status;
}

/* The backend that `name` begins with and the number after its colon, -1 without one; NULL: no such name. */
static const EpnetBackend *parse_name(const char *name, int *index) {
    *index = -1;
    for (size_t b = 0; b < BACKENDS; b++) {
        const size_t length = strlen(backends[b]->name);
        if (strncmp(name, backends[b]->name, length) != 0)
            continue;
        if (name[length] == '\0')
            return backends[b];
        char *end;
        errno = 0;
        const long number = name[length] == ':' && isdigit((unsigned char)name[length + 1])
                                ? strtol(name + length + 1, &end, 10)
                                : -1;
        if (number < 0 || *end != '\0')
            return NULL;
        *index = errno == 0 && number < INT_MAX ? (int)number : INT_MAX;
        return backends[b];
    }
    return NULL;
}

const EpnetBackend *epnet_device_backend(const char *name) {
    int index;
    return name == NULL ? NULL : parse_name(name, &index);
}

EpnetStatus epnet_device_choose(const char *name, int threads, const EpnetProblem *problem,
                                EpnetDevice *device, EpnetError *error) {
    memset(device, 0, sizeof *device);
    if (name == NULL || strcmp(name, "auto") == 0)
        return choose_any(threads, problem, device, error);
    int index;
    const EpnetBackend *backend = parse_name(name, &index);
    if (backend == NULL || (backend == &epnet_cpu_backend && index >= 0))
        return epnet_fail(error, EPNET_USAGE, "'%s' is not a device: auto, cpu, cuda or cuda:INDEX", name);
    EpnetError refusal;
    EpnetStatus status = take_devices(backend, index, threads, problem, device, &refusal);
    if (status == EPNET_OK)
        return set_name(device, "", error);
    return backend == &epnet_cpu_backend
               ? epnet_fail(error, status, "%s", refusal.message)
               : epnet_fail(error, status, "--device %s: %.2000s", name, refusal.message);
}
