#include "device.h"

#include "cpu/cpu_backend.h"
#include "status.h"

#include <inttypes.h>
#include <netcdf.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char CUDA_ABSENT[] = "not in this version";

/* "model name" of the first processor, or the machine's architecture. */
static void processor_name(char *name, size_t size) {
    char line[256];
    snprintf(name, size, "unknown processor");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon != NULL && strncmp(line, "model name", 10) == 0) {
            line[strcspn(line, "\n")] = 0;
            snprintf(name, size, "%s", colon + 2);
            break;
        }
    }
    fclose(file);
}

uint64_t epnet_host_memory(void) {
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

size_t epnet_backend_count(void) {
    return 2;
}

EpnetBackendInfo epnet_backend_info(size_t backend) {
    static char cpu[256];
    if (backend == 1)
        return (EpnetBackendInfo){"cuda", false, CUDA_ABSENT};
    char model[128];
    processor_name(model, sizeof model);
    snprintf(cpu, sizeof cpu, "%s, %d cores, %.1f GiB of memory", model, omp_get_num_procs(),
             (double)epnet_host_memory() / (1u << 30));
    return (EpnetBackendInfo){"cpu", true, cpu};
}

const char *epnet_version(void) {
    return EPNET_VERSION;
}

const char *epnet_build_info(void) {
    static char text[256];
    const char *netcdf = nc_inq_libvers(); /* "4.9.0 of Aug  7 2022 23:41:41 $" */
    snprintf(text, sizeof text, "%s, %s build, OpenMP %d, netCDF %.*s", EPNET_COMPILER, EPNET_BUILD_TYPE,
             _OPENMP, (int)strcspn(netcdf, " "), netcdf);
    return text;
}

/* Threads for the CPU: as asked, or as many as there are cores and room for. */
static EpnetStatus choose_threads(int threads, const EpnetProblem *problem, int *chosen, EpnetError *error) {
    const uint64_t memory = epnet_host_memory();
    int in_flight;
    const uint64_t bytes = epnet_cpu_backend.memory(problem, 1, &in_flight);
    *chosen = threads > 0 ? threads : omp_get_num_procs();
    while (threads <= 0 && *chosen > 1 && bytes * (uint64_t)*chosen > memory / 10 * 9)
        --*chosen;
    if (bytes * (uint64_t)*chosen > memory)
        return epnet_fail(error, EPNET_DEVICE,
                          "%d nodes need %.1f GiB for each of %d threads, this host has %.1f GiB",
                          problem->nodes, (double)bytes / (1u << 30), *chosen, (double)memory / (1u << 30));
    return EPNET_OK;
}

/* Ask the backend how the devices are kept busy. They are of a kind: the first speaks for all. */
static void set_workers(EpnetDevice *device, const EpnetProblem *problem) {
    int count = 1;
    device->backend->workers(problem, device->index[0], device->threads, &count, &device->worker_threads,
                             &device->chunk);
    device->worker_count = (size_t)count * device->count;
}

int epnet_device_of_worker(const EpnetDevice *device, size_t worker) {
    return device->index[worker % device->count];
}

EpnetStatus epnet_device_choose(const char *name, int threads, const EpnetProblem *problem,
                                EpnetDevice *device, EpnetError *error) {
    char model[96];
    int index = 0, length = 0;
    if (name == NULL)
        name = "auto";
    memset(device, 0, sizeof *device);
    bool cuda = strcmp(name, "cuda") == 0 ||
                (sscanf(name, "cuda:%d%n", &index, &length) == 1 && index >= 0 && name[length] == 0);
    if (cuda)
        return epnet_fail(error, EPNET_DEVICE, "--device %s: the CUDA backend is %s", name, CUDA_ABSENT);
    if (strcmp(name, "auto") != 0 && strcmp(name, "cpu") != 0)
        return epnet_fail(error, EPNET_USAGE, "'%s' is not a device: auto, cpu, cuda or cuda:INDEX", name);
    EpnetStatus status = choose_threads(threads, problem, &device->threads, error);
    if (status != EPNET_OK)
        return status;
    device->backend = &epnet_cpu_backend;
    device->count = 1;
    set_workers(device, problem);
    processor_name(model, sizeof model);
    snprintf(device->name, sizeof device->name, "cpu (%s, %d thread%s)", model, device->threads,
             device->threads == 1 ? "" : "s");
    return EPNET_OK;
}
