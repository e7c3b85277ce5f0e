#include "checks.h"

#include "threading.h"

bool gpu_checks_go_on(const GpuChecks *checks, const char *name, int nodes) {
    if (epnet_seconds_now() < checks->deadline)
        return true;
    gpu_report_absence(checks->report, "check", name, nodes, "no time was left for it");
    return false;
}

void gpu_checks_run(const GpuChecks *checks) {
    gpu_check_apply(checks);
    gpu_check_trajectories(checks);
    gpu_check_stationary(checks);
    gpu_check_bytes(checks);
    gpu_check_bad_points(checks);
    gpu_check_memory(checks);
}
