/* epnet_gpu: check a backend against the CPU's, then measure it. A C program of the core alone: it runs where
 * nothing but a compiler and the device's toolkit is installed (docs/gpu.md, "Measuring on your card"). */
#include "bench.h"
#include "checks.h"
#ifdef EPNET_HAVE_CUDA
#include "kernels_cuda.h"
#include "memory_cuda.h"
#endif

#include "cpu/cpu_backend.h"
#include "cuda_backend.h"
#include "threading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: epnet_gpu check|bench [--backend cuda|cpu] [--device INDEX] [--csv FILE] [--seconds S]\n"
    "                 [--size tiny|small|full] [--peers FILE]\n"
    "check: the backend against the CPU's, one line per check; exit 1 if one fails\n"
    "bench: its speed, and the CPU backend's beside it; --peers writes points and results for gpu_peers.py\n";

typedef struct Options {
    const char *verb, *backend, *csv, *peers;
    int device;
    double seconds;
    GpuSize size;
} Options;

static int fail_usage(void) {
    fputs(usage, stderr);
    return EPNET_USAGE;
}

/* NULL: no such size. */
static const GpuSize *size_of(const char *name) {
    static const char *const names[] = {"tiny", "small", "full"};
    static const GpuSize sizes[] = {GPU_TINY, GPU_SMALL, GPU_FULL};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0)
            return &sizes[i];
    return NULL;
}

static bool parse(int argc, char **argv, Options *options) {
    *options = (Options){.backend = "cuda", .seconds = 1e9, .size = GPU_FULL};
    if (argc < 2 || argc % 2 != 0)
        return false;
    options->verb = argv[1];
    for (int i = 2; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        char *end = "";
        if (strcmp(name, "--backend") == 0)
            options->backend = value;
        else if (strcmp(name, "--csv") == 0)
            options->csv = value;
        else if (strcmp(name, "--peers") == 0)
            options->peers = value;
        else if (strcmp(name, "--device") == 0)
            options->device = (int)strtol(value, &end, 10);
        else if (strcmp(name, "--seconds") == 0)
            options->seconds = strtod(value, &end);
        else if (strcmp(name, "--size") == 0 && size_of(value) != NULL)
            options->size = *size_of(value);
        else
            return false;
        if (*end != '\0')
            return false;
    }
    return strcmp(options->verb, "check") == 0 || strcmp(options->verb, "bench") == 0;
}

/* The backend by name, if this build has it and it has such a device; else NULL, and why is said. */
static const EpnetBackend *find_backend(const Options *options) {
    const EpnetBackend *backend = strcmp(options->backend, "cpu") == 0    ? &epnet_cpu_backend
                                  : strcmp(options->backend, "cuda") == 0 ? &epnet_cuda_backend
                                                                          : NULL;
    EpnetError error = {.status = EPNET_OK};
    char text[256];
    int count = 0;
    if (backend == NULL) {
        fprintf(stderr, "epnet_gpu: no backend '%s'\n", options->backend);
    } else if (backend->absent != NULL) {
        fprintf(stderr, "epnet_gpu: the %s backend is not built: %s\n", backend->name, backend->absent);
    } else if (backend->devices(&count, text, sizeof text, &error) != EPNET_OK) {
        fprintf(stderr, "epnet_gpu: no device: %s\n", error.message);
    } else if (options->device < 0 || options->device >= count) {
        fprintf(stderr, "epnet_gpu: there is no %s:%d: %d device%s\n", backend->name, options->device, count,
                count == 1 ? "" : "s");
#ifdef EPNET_HAVE_CUDA
    } else if (backend == &epnet_cuda_backend && !gpu_cuda_has_code(options->device, text, sizeof text)) {
        fprintf(stderr, "epnet_gpu: cuda:%d: %s\n", options->device, text);
#endif
    } else {
        return backend;
    }
    return NULL;
}

static void report_device(GpuReport *report, const EpnetBackend *backend, int device) {
    EpnetDeviceInfo info;
    EpnetError error;
    if (backend->describe(device, &info, &error) != EPNET_OK)
        snprintf(info.name, sizeof info.name, "%.60s", error.message);
    char note[sizeof info.name + sizeof info.details + 4];
    snprintf(note, sizeof note, "%s: %s", info.name, info.details);
    gpu_report_absence(report, "device", backend->name, device, note);
}

int main(int argc, char **argv) {
    Options options;
    if (!parse(argc, argv, &options))
        return fail_usage();
    const EpnetBackend *backend = find_backend(&options);
    GpuReport report;
    if (backend == NULL)
        return EPNET_DEVICE;
    if (!gpu_report_open(&report, options.csv))
        return EPNET_IO;
    const double deadline = epnet_seconds_now() + options.seconds;
    const int threads = epnet_cores();
    const GpuEngine subject = {backend, options.device, backend == &epnet_cpu_backend ? 1 : threads},
                    reference = {&epnet_cpu_backend, 0, threads};
    report_device(&report, backend, options.device);
    if (strcmp(options.verb, "check") == 0) {
        GpuChecks checks = {subject, reference, NULL, options.size, deadline, &report};
#ifdef EPNET_HAVE_CUDA
        if (backend == &epnet_cuda_backend)
            checks.holder = &gpu_cuda_memory;
#endif
        gpu_checks_run(&checks);
        printf("%zu checks, %zu failed\n", report.checks, report.failed);
    } else {
        GpuBench bench = {.subject = subject,
                          .reference = reference,
                          .size = options.size,
                          .deadline = deadline,
                          .peers = options.peers,
                          .report = &report,
                          .host_memory = gpu_host_memory()};
#ifdef EPNET_HAVE_CUDA
        if (backend == &epnet_cuda_backend) {
            bench.copy_rate = gpu_cuda_copy_rate;
            bench.kernels = gpu_cuda_kernels;
        }
#endif
        gpu_bench_run(&bench);
    }
    if (!gpu_report_close(&report)) {
        fprintf(stderr, "epnet_gpu: %s: not everything could be written\n", options.csv);
        return EPNET_IO;
    }
    return report.failed > 0 ? EPNET_INTERNAL : EPNET_OK;
}
