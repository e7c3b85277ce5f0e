/* The host as a device of the CPU backend: what it is, and whether a problem fits its memory. */
#include "cpu_device.h"

#include "../device.h"
#include "../status.h"
#include "cpu_backend.h"

#include <stdio.h>
#include <string.h>

static const double GIB = 1u << 30;

/* "model name" of the first processor. */
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

EpnetStatus epnet_cpu_describe(int device, EpnetDeviceInfo *info, EpnetError *error) {
    (void)device; /* there is one host */
    const char *instructions;
    EpnetStatus status = epnet_instruction_set(&instructions, error);
    if (status != EPNET_OK)
        return status;
    processor_name(info->name, sizeof info->name);
    snprintf(info->details, sizeof info->details, "%d cores, %.1f GiB of memory, %s instructions",
             epnet_cores(), (double)epnet_host_memory() / GIB, instructions);
    return EPNET_OK;
}

EpnetStatus epnet_cpu_devices(int *count, char *text, size_t size, EpnetError *error) {
    EpnetDeviceInfo info;
    *count = 1;
    EpnetStatus status = epnet_cpu_describe(0, &info, error);
    snprintf(text, size, "%s, %s", info.name, info.details);
    return status;
}

/* What method = split would need, if it can solve the problem and fits. */
static void write_split_hint(const EpnetProblem *problem, int threads, char *hint, size_t size) {
    EpnetProblem other = *problem;
    hint[0] = '\0';
    other.method = EPNET_SPLIT;
    if (problem->method == EPNET_SPLIT || problem->kind != EPNET_TRAJECTORY || problem->initial == NULL ||
        problem->constant_drive || problem->leak.kind != EPNET_LEAK_NONE)
        return;
    const uint64_t bytes = epnet_cpu_backend.need(&other, 0, threads).of_point;
    if (bytes <= epnet_host_memory())
        snprintf(hint, size, "; solve.method = \"split\" needs %.1f GiB", (double)bytes / GIB);
}

EpnetStatus epnet_cpu_accept(const EpnetProblem *problem, int device, int *threads, EpnetError *error) {
    if (epnet_instruction_set(NULL, error) != EPNET_OK)
        return EPNET_USAGE;
    const uint64_t memory = epnet_host_memory();
    const int asked = *threads;
    *threads = asked > 0 ? asked : epnet_cores();
    EpnetMemoryNeed need = epnet_cpu_backend.need(problem, device, *threads);
    while (asked <= 0 && need.in_flight > 1 && need.of_point * (uint64_t)need.in_flight > memory / 10 * 9)
        need = epnet_cpu_backend.need(problem, device, --*threads);
    const uint64_t bytes = need.of_point;
    if (bytes * (uint64_t)need.in_flight <= memory)
        return EPNET_OK;
    char hint[80];
    write_split_hint(problem, *threads, hint, sizeof hint);
    if (need.in_flight == 1)
        return epnet_fail(error, EPNET_DEVICE, "%d nodes need %.1f GiB, this host has %.1f GiB%s",
                          problem->nodes, (double)bytes / GIB, (double)memory / GIB, hint);
    return epnet_fail(error, EPNET_DEVICE,
                      "%d nodes need %.1f GiB for each of %d threads, this host has %.1f GiB%s",
                      problem->nodes, (double)bytes / GIB, *threads, (double)memory / GIB, hint);
}
