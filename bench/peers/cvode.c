/* SUNDIALS CVODE on the same points: matrix-free right-hand side; Adams with fixed-point iteration, or BDF
 * with GMRES and the right-hand side as Jacobian-vector product. Usage: cvode CASE ROWS adams|bdf TOLERANCE
 * [RUNS]. Prints the seconds of one run. */
#include "case.h"

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

typedef struct User {
    int nodes;
    double *rate;
} User;

static int change(realtype t, N_Vector p, N_Vector dp, void *data) {
    const User *user = data;
    (void)t;
    peer_change(user->nodes, user->rate, N_VGetArrayPointer(p), N_VGetArrayPointer(dp));
    return 0;
}

static int product(N_Vector v, N_Vector jv, realtype t, N_Vector p, N_Vector dp, void *data, N_Vector work) {
    (void)p, (void)dp, (void)work;
    return change(t, v, jv, data); /* dp/dt is linear in p */
}

static void check(int flag) {
    if (flag < 0) {
        fprintf(stderr, "CVODE: error %d\n", flag);
        exit(1);
    }
}

static void solve(const PeerCase *item, int point, int bdf, double tolerance, SUNContext context, User *user,
                  N_Vector p, double *dp, double *rows) {
    double *law = N_VGetArrayPointer(p), t;
    const size_t states = (size_t)1 << item->nodes;
    memset(law, 0, states * sizeof *law);
    law[0] = 1;
    peer_rates(item, point, user->rate);
    void *cvode = CVodeCreate(bdf ? CV_BDF : CV_ADAMS, context);
    SUNLinearSolver linear = NULL;
    SUNNonlinearSolver fixed = NULL;
    check(CVodeInit(cvode, change, 0, p));
    check(CVodeSStolerances(cvode, tolerance, tolerance / (double)states));
    check(CVodeSetUserData(cvode, user));
    check(CVodeSetMaxNumSteps(cvode, 1000000));
    if (bdf) {
        linear = SUNLinSol_SPGMR(p, SUN_PREC_NONE, 0, context);
        check(CVodeSetLinearSolver(cvode, linear, NULL));
        check(CVodeSetJacTimes(cvode, NULL, product));
    } else {
        fixed = SUNNonlinSol_FixedPoint(p, 0, context);
        check(CVodeSetNonlinearSolver(cvode, fixed));
    }
    for (int k = 0; k < item->times; k++) {
        if (k > 0)
            check(CVode(cvode, item->time[k], p, &t, CV_NORMAL));
        peer_observe(item->nodes, user->rate, law, dp, rows + (size_t)k * PEER_COLUMNS);
    }
    CVodeFree(&cvode);
    SUNLinSolFree(linear);
    SUNNonlinSolFree(fixed);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "cvode CASE ROWS adams|bdf TOLERANCE [RUNS]\n");
        return 2;
    }
    const PeerCase item = peer_case_read(argv[1]);
    const int runs = argc > 5 ? atoi(argv[5]) : 1, bdf = strcmp(argv[3], "bdf") == 0;
    const size_t states = (size_t)1 << item.nodes, row = (size_t)item.times * PEER_COLUMNS;
    SUNContext context;
    check(SUNContext_Create(NULL, &context));
    N_Vector p = N_VNew_Serial((sunindextype)states, context);
    User user = {item.nodes, calloc(states * (size_t)item.nodes, sizeof(double))};
    double *dp = calloc(states, sizeof(double)), *rows = calloc((size_t)item.points * row, sizeof(double));
    if (p == NULL || user.rate == NULL || dp == NULL || rows == NULL)
        return 1;
    const double start = peer_seconds();
    for (int k = 0; k < runs; k++)
        for (int point = 0; point < item.points; point++)
            solve(&item, point, bdf, atof(argv[4]), context, &user, p, dp, rows + (size_t)point * row);
    printf("%.9g\n", (peer_seconds() - start) / runs);
    peer_rows_write(argv[2], rows, (size_t)item.points * row);
    return 0;
}
