#include "checks.h"

#include "threading.h"

bool gpu_checks_go_on(const GpuChecks *checks, const char *name, int nodes) {
    if (epnet_seconds_now() < checks->deadline)
        return true;
    gpu_report_absence(checks->report, "check", name, nodes, "no time was left for it");
    return false;
}

bool gpu_checks_accepts(const GpuChecks *checks, const char *name, const EpnetProblem *problem) {
    EpnetError error = {.status = EPNET_OK};
    int threads = checks->subject.threads;
    if (checks->subject.backend->accept(problem, checks->subject.device, &threads, &error) == EPNET_OK)
        return true;
    if (problem->nodes > 16)
        gpu_report_absence(checks->report, "check", name, problem->nodes, error.message);
    else
        gpu_report_failure(checks->report, name, problem->nodes, error.message);
    return false;
}

bool gpu_checks_solve_both(const GpuChecks *checks, const char *name, const GpuCase *item, GpuRows *subject,
                           GpuRows *reference) {
    EpnetError error = {.status = EPNET_OK};
    if (!gpu_checks_accepts(checks, name, &item->problem))
        return false;
    EpnetStatus status = gpu_solve(&checks->subject, &item->problem, item->points, subject, &error);
    if (status == EPNET_OK)
        status = gpu_solve(&checks->reference, &item->problem, item->points, reference, &error);
    if (status != EPNET_OK)
        gpu_report_failure(checks->report, name, item->shape.nodes, error.message);
    return status == EPNET_OK;
}

void gpu_checks_run(const GpuChecks *checks) {
    gpu_check_apply(checks);
    gpu_check_trajectories(checks);
    gpu_check_stationary(checks);
    gpu_check_leaks(checks);
    gpu_check_bytes(checks);
    gpu_check_bad_points(checks);
    gpu_check_memory(checks);
}
