#include "audit_claims.h"

#include <math.h>
#include <string.h>

const EpnetQuantityInfo epnet_quantities[EPNET_QUANTITIES] = {
    [EPNET_OF_NODES] = {NULL, false, false},
    [EPNET_OF_INFORMATION] = {"multiinformation", true, false},
    [EPNET_OF_INFORMATION_RATE] = {"multiinformation_rate", true, false},
    [EPNET_OF_PRODUCTION] = {"entropy_production", true, false},
    [EPNET_OF_CHANNELS_PRODUCTION] = {"entropy_production_channels", true, false},
    [EPNET_OF_ENVIRONMENT_FLOW] = {"environment_entropy_flow", true, false},
    [EPNET_OF_ACTIVITY] = {"activity", true, false},
    [EPNET_OF_NODE_ENTROPY_RATE] = {"node_entropy_rate", true, false},
    [EPNET_OF_NODE_DIVERGENCE_RATE] = {"node_divergence_rate", true, false},
    [EPNET_OF_FLIP_DIVERGENCE] = {"flip_divergence", true, false},
    [EPNET_OF_MARGIN_MIN] = {"network_bound_margin_min", false, false},
    [EPNET_OF_MARGIN_MIN_TIME] = {"network_bound_margin_min_time", false, false},
    [EPNET_OF_INFORMATION_RATE_MAX] = {"multiinformation_rate_max", false, false},
    [EPNET_OF_LEAK] = {"leak", false, false},
    [EPNET_OF_LEAK_LSI] = {"leak_lsi", false, false},
    [EPNET_OF_FLOW_BOUND] = {"flow_bound", false, false},
    [EPNET_OF_ENERGY_BOUND] = {"energy_bound", false, false},
    [EPNET_OF_CUT_INFORMATION] = {"cut_mutual_information", true, true},
    [EPNET_OF_CUT_INFORMATION_RATE] = {"cut_mutual_information_rate", true, true},
    [EPNET_OF_CUT_PRODUCTION] = {"cut_entropy_production", true, true},
    [EPNET_OF_CUT_ENVIRONMENT_FLOW] = {"cut_environment_entropy_flow", true, true},
    [EPNET_OF_CUT_FLOW] = {"cut_information_flow", true, true},
    [EPNET_OF_CUT_LOCAL_RATE] = {"cut_local_entropy_rate", true, true},
    [EPNET_OF_CUT_FLOW_BOUND] = {"cut_flow_bound", true, true},
    [EPNET_OF_CUT_CAPACITY] = {"cut_capacity", true, true},
};

/* ---- sides ------------------------------------------------------------------------------------------- */

/* left <= right, each of them one term. */
static EpnetSides plain(double left, double right) {
    return (EpnetSides){left, right, fabs(left) + fabs(right)};
}

static EpnetSides network(const double *v) {
    return plain(v[EPNET_OF_INFORMATION_RATE], v[EPNET_OF_PRODUCTION]);
}

/* Where EP < dI/dt both are at most the largest dI/dt: the size of the terms behind the stored difference. */
static EpnetSides network_min(const double *v) {
    return (EpnetSides){0, v[EPNET_OF_MARGIN_MIN], 2 * fabs(v[EPNET_OF_INFORMATION_RATE_MAX])};
}

static EpnetSides leak_augmented(const double *v, double leak) {
    const double rate = v[EPNET_OF_INFORMATION_RATE], production = v[EPNET_OF_PRODUCTION];
    const double lost = leak * v[EPNET_OF_INFORMATION];
    return (EpnetSides){rate, production - lost, fabs(rate) + production + fabs(lost)};
}

static EpnetSides leak_measured(const double *v) {
    return leak_augmented(v, v[EPNET_OF_LEAK]);
}
static EpnetSides leak_lsi(const double *v) {
    return leak_augmented(v, v[EPNET_OF_LEAK_LSI]);
}

static EpnetSides cut_energy_rate(const double *v) {
    return plain(v[EPNET_OF_CUT_INFORMATION_RATE], v[EPNET_OF_CUT_PRODUCTION]);
}
static EpnetSides cut_energy_flow(const double *v) {
    return plain(v[EPNET_OF_CUT_FLOW], v[EPNET_OF_CUT_PRODUCTION]);
}
static EpnetSides cut_bandwidth_rate(const double *v) {
    return plain(v[EPNET_OF_CUT_INFORMATION_RATE], v[EPNET_OF_CUT_CAPACITY] * M_LN2);
}
static EpnetSides cut_bandwidth_flow(const double *v) {
    return plain(v[EPNET_OF_CUT_FLOW], v[EPNET_OF_CUT_CAPACITY] * M_LN2);
}

static EpnetSides envelope(const double *v, double leak) {
    const double bandwidth = v[EPNET_OF_CUT_CAPACITY] * M_LN2, energy = v[EPNET_OF_CUT_PRODUCTION];
    return plain(v[EPNET_OF_CUT_INFORMATION], (energy < bandwidth ? energy : bandwidth) / leak);
}

static EpnetSides envelope_measured(const double *v) {
    return envelope(v, v[EPNET_OF_LEAK]);
}
static EpnetSides envelope_lsi(const double *v) {
    return envelope(v, v[EPNET_OF_LEAK_LSI]);
}

static EpnetSides product_relaxation(const double *v) {
    const double rate = v[EPNET_OF_INFORMATION_RATE], production = v[EPNET_OF_PRODUCTION];
    const double divergence = v[EPNET_OF_NODE_DIVERGENCE_RATE];
    return (EpnetSides){rate + production, -divergence, fabs(rate) + production + fabs(divergence)};
}

static EpnetSides cut_second_law(const double *v) {
    const double flow = v[EPNET_OF_CUT_FLOW], environment = v[EPNET_OF_CUT_ENVIRONMENT_FLOW];
    const double local = v[EPNET_OF_CUT_LOCAL_RATE], production = v[EPNET_OF_CUT_PRODUCTION];
    return (EpnetSides){flow, environment + local - production,
                        fabs(flow) + fabs(environment) + fabs(local) + production};
}

static EpnetSides network_second_law(const double *v) {
    const double rate = v[EPNET_OF_INFORMATION_RATE], environment = v[EPNET_OF_ENVIRONMENT_FLOW];
    const double nodes = v[EPNET_OF_NODE_ENTROPY_RATE], production = v[EPNET_OF_CHANNELS_PRODUCTION];
    return (EpnetSides){rate, environment + nodes - production,
                        fabs(rate) + fabs(environment) + fabs(nodes) + production};
}

static EpnetSides capacity_rate(const double *v) {
    return plain(v[EPNET_OF_CUT_INFORMATION_RATE], v[EPNET_OF_CUT_FLOW]);
}
static EpnetSides capacity_flow(const double *v) {
    return plain(v[EPNET_OF_CUT_FLOW], v[EPNET_OF_CUT_FLOW_BOUND]);
}
static EpnetSides capacity_cut(const double *v) {
    return plain(v[EPNET_OF_CUT_FLOW_BOUND], v[EPNET_OF_CUT_CAPACITY] / M_E);
}
static EpnetSides capacity_network(const double *v) {
    return plain(v[EPNET_OF_INFORMATION_RATE], v[EPNET_OF_FLOW_BOUND]);
}

/* Copies that can carry nothing: there are none, or all have F = 0 and act as flips of equal rates, which
 * only raise the nodes' entropy-decay constants. */
static bool has_copies(const double *v) {
    return !(v[EPNET_OF_FLOW_BOUND] == 0);
}

static EpnetSides no_copies_rate(const double *v) {
    return has_copies(v) ? plain(NAN, NAN) : plain(v[EPNET_OF_INFORMATION_RATE], 0);
}
static EpnetSides no_copies_production(const double *v) {
    /* leak_lsi = (2/N) min alpha */
    return has_copies(v) ? plain(NAN, NAN)
                         : plain(v[EPNET_OF_NODES] * v[EPNET_OF_LEAK_LSI] * v[EPNET_OF_INFORMATION],
                                 v[EPNET_OF_PRODUCTION]);
}

static EpnetSides energy_cut(const double *v) {
    return plain(v[EPNET_OF_CUT_INFORMATION], v[EPNET_OF_INFORMATION]);
}
static EpnetSides energy_divergence(const double *v) {
    return plain(v[EPNET_OF_INFORMATION], v[EPNET_OF_FLIP_DIVERGENCE]);
}
static EpnetSides energy_bound(const double *v) {
    return plain(v[EPNET_OF_FLIP_DIVERGENCE], v[EPNET_OF_ENERGY_BOUND]);
}

/* ---- claims ------------------------------------------------------------------------------------------ */

#define NEED(quantity) ((uint32_t)1 << (quantity))

enum {
    INFORMATION = NEED(EPNET_OF_INFORMATION),
    INFORMATION_RATE = NEED(EPNET_OF_INFORMATION_RATE),
    PRODUCTION = NEED(EPNET_OF_PRODUCTION),
    LEAK = NEED(EPNET_OF_LEAK),
    LEAK_LSI = NEED(EPNET_OF_LEAK_LSI),
    FLOW_BOUND = NEED(EPNET_OF_FLOW_BOUND),
    FLIP_DIVERGENCE = NEED(EPNET_OF_FLIP_DIVERGENCE),
    CUT_INFORMATION = NEED(EPNET_OF_CUT_INFORMATION),
    CUT_INFORMATION_RATE = NEED(EPNET_OF_CUT_INFORMATION_RATE),
    CUT_PRODUCTION = NEED(EPNET_OF_CUT_PRODUCTION),
    CUT_FLOW = NEED(EPNET_OF_CUT_FLOW),
    CUT_FLOW_BOUND = NEED(EPNET_OF_CUT_FLOW_BOUND),
    CUT_CAPACITY = NEED(EPNET_OF_CUT_CAPACITY)
};

#define RATE .unit = "nat/s"
#define AMOUNT .unit = "nat"

const EpnetClaim epnet_claims[EPNET_CLAIMS] = {
    {1, "network", "dI/dt <= EP", RATE, .needs = INFORMATION_RATE | PRODUCTION, .sides = network},
    {1, "network_min", "0 <= min over all sampled t of EP - dI/dt", RATE, .once = true,
     .needs =
         NEED(EPNET_OF_MARGIN_MIN) | NEED(EPNET_OF_MARGIN_MIN_TIME) | NEED(EPNET_OF_INFORMATION_RATE_MAX),
     .sides = network_min},
    {2, "leak", "dI/dt <= EP - leak I", RATE, .needs = INFORMATION | INFORMATION_RATE | PRODUCTION | LEAK,
     .sides = leak_measured},
    {2, "leak_lsi", "dI/dt <= EP - leak_lsi I", RATE,
     .needs = INFORMATION | INFORMATION_RATE | PRODUCTION | LEAK_LSI, .sides = leak_lsi},
    {3, "cut_energy_rate", "dI(S;Sc)/dt <= EP_across", RATE, .cut = true,
     .needs = CUT_INFORMATION_RATE | CUT_PRODUCTION, .sides = cut_energy_rate},
    {3, "cut_energy_flow", "flow <= EP_across", RATE, .cut = true, .needs = CUT_FLOW | CUT_PRODUCTION,
     .sides = cut_energy_flow},
    {3, "cut_bandwidth_rate", "dI(S;Sc)/dt <= C_cut ln 2", RATE, .cut = true,
     .needs = CUT_INFORMATION_RATE | CUT_CAPACITY, .sides = cut_bandwidth_rate},
    {3, "cut_bandwidth_flow", "flow <= C_cut ln 2", RATE, .cut = true, .needs = CUT_FLOW | CUT_CAPACITY,
     .sides = cut_bandwidth_flow},
    {3, "envelope_leak", "I(S;Sc) <= min(EP_across, C_cut ln 2)/leak", AMOUNT, .cut = true,
     .stationary = true, .needs = CUT_INFORMATION | CUT_PRODUCTION | CUT_CAPACITY | LEAK,
     .sides = envelope_measured},
    {3, "envelope_leak_lsi", "I(S;Sc) <= min(EP_across, C_cut ln 2)/leak_lsi", AMOUNT, .cut = true,
     .stationary = true, .needs = CUT_INFORMATION | CUT_PRODUCTION | CUT_CAPACITY | LEAK_LSI,
     .sides = envelope_lsi},
    {4, "product_relaxation", "dI/dt + EP = -sum of dD(p_i||pi_i)/dt", RATE,
     "no copies, or F = 0 everywhere: a product law in detailed balance", .identity = true,
     .needs = INFORMATION_RATE | PRODUCTION | NEED(EPNET_OF_NODE_DIVERGENCE_RATE),
     .sides = product_relaxation},
    {5, "cut_second_law", "flow = environment flow + local rate - EP_across", RATE, .identity = true,
     .cut = true,
     .needs = CUT_FLOW | NEED(EPNET_OF_CUT_ENVIRONMENT_FLOW) | NEED(EPNET_OF_CUT_LOCAL_RATE) | CUT_PRODUCTION,
     .sides = cut_second_law},
    {6, "network_second_law", "dI/dt = environment flow + sum of dH_i/dt - EP_channels", RATE,
     .identity = true,
     .needs = INFORMATION_RATE | NEED(EPNET_OF_ENVIRONMENT_FLOW) | NEED(EPNET_OF_NODE_ENTROPY_RATE) |
              NEED(EPNET_OF_CHANNELS_PRODUCTION),
     .sides = network_second_law},
    {7, "capacity_rate", "dI(S;Sc)/dt <= flow", RATE, .cut = true, .needs = CUT_INFORMATION_RATE | CUT_FLOW,
     .sides = capacity_rate},
    {7, "capacity_flow", "flow <= sum of beta c(F) across", RATE, .cut = true,
     .needs = CUT_FLOW | CUT_FLOW_BOUND, .sides = capacity_flow},
    {7, "capacity_cut", "sum of beta c(F) across <= C_cut/e", RATE, .cut = true,
     .needs = CUT_FLOW_BOUND | CUT_CAPACITY, .sides = capacity_cut},
    {7, "capacity_network", "dI/dt <= sum of beta c(F) over all edges", RATE,
     .needs = INFORMATION_RATE | FLOW_BOUND, .sides = capacity_network},
    {8, "no_copies_rate", "dI/dt <= 0 without copies", RATE, "no copies, or F = 0 everywhere",
     .needs = INFORMATION_RATE | FLOW_BOUND, .sides = no_copies_rate},
    {8, "no_copies_production", "2 min alpha I <= EP without copies", RATE, "no copies, or F = 0 everywhere",
     .needs = INFORMATION | PRODUCTION | LEAK_LSI | FLOW_BOUND | NEED(EPNET_OF_NODES),
     .sides = no_copies_production},
    {9, "energy_cut", "I(S;Sc) <= I", AMOUNT, .cut = true, .stationary = true,
     .needs = CUT_INFORMATION | INFORMATION, .sides = energy_cut},
    {9, "energy_divergence", "I <= D(pi||pi_0)", AMOUNT, "both flips at every node", .stationary = true,
     .needs = INFORMATION | FLIP_DIVERGENCE, .sides = energy_divergence},
    {9, "energy_bound", "D(pi||pi_0) <= EP_channels/(2 min alpha)", AMOUNT, "both flips at every node",
     .stationary = true, .needs = FLIP_DIVERGENCE | NEED(EPNET_OF_ENERGY_BOUND), .sides = energy_bound},
};

/* ---- judging ----------------------------------------------------------------------------------------- */

static double tolerance(const EpnetClaim *claim, double terms, double activity) {
    const bool rate = strcmp(claim->unit, "nat/s") == 0;
    return EPNET_AUDIT_RELATIVE * terms + (rate ? EPNET_AUDIT_PER_JUMP * activity : EPNET_AUDIT_ABSOLUTE);
}

EpnetJudgement epnet_claim_judge(const EpnetClaim *claim, const double *values) {
    const EpnetSides sides = claim->sides(values);
    EpnetJudgement judgement = {EPNET_HOLDS, sides.left, sides.right, 0, 0};
    if (claim->identity && isinf(sides.terms)) {
        judgement.finding = EPNET_INFINITE_TERMS;
        return judgement;
    }
    if (isnan(sides.left) || isnan(sides.right)) {
        judgement.finding = EPNET_SAYS_NOTHING;
        return judgement;
    }
    if (sides.right == INFINITY || sides.left == -INFINITY) {
        judgement.margin = INFINITY;
        return judgement;
    }
    const double margin = sides.right - sides.left;
    judgement.margin = claim->identity ? 0 - fabs(margin) : margin;
    judgement.tolerance = isinf(margin) ? 0 : tolerance(claim, sides.terms, values[EPNET_OF_ACTIVITY]);
    if (!(judgement.margin >= -judgement.tolerance))
        judgement.finding = EPNET_VIOLATED;
    return judgement;
}
