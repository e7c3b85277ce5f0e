#include "law_problem.h"

bool epnet_takes_laws(const EpnetProblem *problem) {
    return problem->constant_drive || problem->leak.kind == EPNET_LEAK_DECAY;
}

EpnetProblem epnet_law_problem(const EpnetProblem *problem) {
    EpnetProblem law = *problem;
    law.kind = EPNET_STATIONARY;
    law.constant_drive = false;
    law.leak = (EpnetLeakSettings){.kind = EPNET_LEAK_NONE};
    law.cut_count = problem->constant_drive ? 1 : 0;
    law.initial = NULL;
    law.start = NULL;
    law.time_count = 0;
    law.times = NULL;
    law.steps = NULL;
    law.dt = 0;
    law.keeps_trajectories = false;
    return law;
}

EpnetProblem epnet_given_problem(const EpnetProblem *problem) {
    EpnetProblem given = *problem;
    given.constant_drive = false;
    return given;
}
