#include "compare.h"

#include "check.h"

static void compare(double got, OracleValue expected, Real within, const char *column) {
    const Real underflow = 1e-290L; /* products of p, rates and exp(-F) below it lose digits in double */
    check_near(got, expected.value, within * expected.scale + underflow, column);
}

void compare_row(const double *row, OracleRow expected, Real within) {
    compare(row[EPNET_ENTROPY], expected.entropy, within, "entropy");
    compare(row[EPNET_MULTIINFORMATION], expected.multiinformation, within, "multiinformation");
    compare(row[EPNET_MULTIINFORMATION_RATE], expected.multiinformation_rate, within,
            "multiinformation_rate");
    compare(row[EPNET_ENTROPY_PRODUCTION], expected.entropy_production, within, "entropy_production");
    compare(row[EPNET_ENTROPY_PRODUCTION_CHANNELS], expected.entropy_production_channels, within,
            "entropy_production_channels");
    compare(row[EPNET_ENVIRONMENT_ENTROPY_FLOW], expected.environment_entropy_flow, within,
            "environment_entropy_flow");
    compare(row[EPNET_ACTIVITY], expected.activity, within, "activity");
    compare(row[EPNET_ENTROPY_RATE], expected.entropy_rate, within, "entropy_rate");
    compare(row[EPNET_NODE_ENTROPY_RATE], expected.marginal_entropy_rate, within, "node_entropy_rate");
}

void compare_cut_row(const double *columns, OracleCutRow expected, Real within) {
    compare(columns[EPNET_CUT_MUTUAL_INFORMATION], expected.mutual_information, within,
            "cut_mutual_information");
    compare(columns[EPNET_CUT_MUTUAL_INFORMATION_RATE], expected.mutual_information_rate, within,
            "cut_mutual_information_rate");
    compare(columns[EPNET_CUT_ENTROPY_PRODUCTION], expected.entropy_production, within,
            "cut_entropy_production");
    compare(columns[EPNET_CUT_ENVIRONMENT_ENTROPY_FLOW], expected.environment_entropy_flow, within,
            "cut_environment_entropy_flow");
    compare(columns[EPNET_CUT_INFORMATION_FLOW], expected.information_flow, within, "cut_information_flow");
    compare(columns[EPNET_CUT_LOCAL_ENTROPY_RATE], expected.local_entropy_rate, within,
            "cut_local_entropy_rate");
    compare(columns[EPNET_CUT_FLOW_BOUND], expected.flow_bound, within, "cut_flow_bound");
    compare(columns[EPNET_CUT_CAPACITY], expected.capacity, within, "cut_capacity");
}
