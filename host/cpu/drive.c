#include "drive.h"

#include <math.h>

/* The stationary law and the production of cut 0 at F = drive. */
static EpnetPointStatus evaluate(EpnetDriveWork *work, double drive, double *production) {
    for (size_t e = 0; e < work->problem->edge_count; e++)
        work->drive[e] = drive;
    work->point.drive = work->drive;
    epnet_generator_set(work->generator, work->problem, &work->point, NULL, true);
    const EpnetPointStatus status = epnet_stationary_solve(work->stationary, work->generator);
    work->stationary->relaxation.from_last =
        status == EPNET_POINT_OK; /* neighbouring drives have neighbouring laws */
    *production = status == EPNET_POINT_OK
                      ? epnet_observe_cut_production(work->observer, work->generator, work->stationary->p, 0)
                      : NAN;
    return status;
}

EpnetPointStatus epnet_drive_solve(EpnetDriveWork *work, double sigma, double *drive, double *attainable) {
    EpnetDriveSearch search;
    /* Nothing is carried from point to point: any order gives the same bytes. */
    work->stationary->relaxation.from_last = false;
    epnet_drive_begin(&search, work->problem, &work->point, sigma);
    while (!search.done) {
        double production;
        const EpnetPointStatus status = evaluate(work, search.asked, &production);
        epnet_drive_answer(&search, status, production);
    }
    work->stationary->relaxation.from_last = false;
    *drive = search.drive;
    *attainable = search.attainable;
    return search.status;
}
