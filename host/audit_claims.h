/* What an audit checks: the paper's bounds (1 to 3) and the exact statements (4 to 9) of docs/theory.md, each
 * as two sides of one row of a grid file. Reading the file and counting is audit.c's. */
#ifndef EPNET_HOST_AUDIT_CLAIMS_H
#define EPNET_HOST_AUDIT_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

/* Rounding: sides count as equal within RELATIVE x the sum of the sizes of the terms, plus, for rates,
 * PER_JUMP x the activity: ln p of a positive double is at most 745, so that one rounding of flux x ln p
 * moves a rate by at most 745 x 1.1e-16 = 8e-14 of that flux; for informations, plus ABSOLUTE. */
#define EPNET_AUDIT_RELATIVE 1e-12
#define EPNET_AUDIT_PER_JUMP 1e-13 /* [nat] */
#define EPNET_AUDIT_ABSOLUTE 1e-14 /* [nat] */

/* What claims are made of: columns of the file, and the number of nodes. */
typedef enum EpnetQuantity {
    EPNET_OF_NODES,
    EPNET_OF_INFORMATION, /* I */
    EPNET_OF_INFORMATION_RATE,
    EPNET_OF_PRODUCTION, /* in the total rates */
    EPNET_OF_CHANNELS_PRODUCTION,
    EPNET_OF_ENVIRONMENT_FLOW,
    EPNET_OF_ACTIVITY,
    EPNET_OF_NODE_ENTROPY_RATE,
    EPNET_OF_NODE_DIVERGENCE_RATE,
    EPNET_OF_FLIP_DIVERGENCE,
    EPNET_OF_MARGIN_MIN, /* smallest EP - dI/dt over the sampled times */
    EPNET_OF_MARGIN_MIN_TIME,
    EPNET_OF_INFORMATION_RATE_MAX,
    EPNET_OF_LEAK,
    EPNET_OF_LEAK_LSI,
    EPNET_OF_FLOW_BOUND,
    EPNET_OF_ENERGY_BOUND,
    EPNET_OF_CUT_INFORMATION,
    EPNET_OF_CUT_INFORMATION_RATE,
    EPNET_OF_CUT_PRODUCTION,
    EPNET_OF_CUT_ENVIRONMENT_FLOW,
    EPNET_OF_CUT_FLOW,
    EPNET_OF_CUT_LOCAL_RATE,
    EPNET_OF_CUT_FLOW_BOUND,
    EPNET_OF_CUT_CAPACITY, /* [bit/s] */
    EPNET_QUANTITIES
} EpnetQuantity;

typedef struct EpnetQuantityInfo {
    const char *column; /* NULL: not a column */
    bool timed;         /* it differs from one sampled time to the next */
    bool cut;           /* one per cut */
} EpnetQuantityInfo;

extern const EpnetQuantityInfo epnet_quantities[EPNET_QUANTITIES];

/* Both sides of a claim, and the sum of the sizes of their terms. NaN: the claim says nothing of this row. */
typedef struct EpnetSides {
    double left, right, terms;
} EpnetSides;

typedef struct EpnetClaim {
    int number; /* in docs/theory.md */
    const char *name, *statement, *unit;
    const char *condition; /* under which it says something, NULL: always */
    bool identity;         /* left = right, else left <= right */
    bool stationary;       /* of a stationary law only */
    bool once;             /* of a whole trajectory: checked once per grid point */
    bool cut;              /* one per cut */
    uint32_t needs;        /* bit q: quantity q */
    EpnetSides (*sides)(const double *values);
} EpnetClaim;

enum { EPNET_CLAIMS = 22, EPNET_FIRST_EXACT = 4 /* number of the first exact statement */ };

extern const EpnetClaim epnet_claims[EPNET_CLAIMS]; /* by number */

typedef enum EpnetFinding {
    EPNET_HOLDS,
    EPNET_VIOLATED,
    EPNET_SAYS_NOTHING,  /* its condition is not met, or a value is NaN */
    EPNET_INFINITE_TERMS /* an identity whose terms are infinite */
} EpnetFinding;

typedef struct EpnetJudgement {
    EpnetFinding finding;
    double left, right;
    double margin;    /* right - left; of an identity -|right - left| */
    double tolerance; /* a margin below -tolerance is a violation */
} EpnetJudgement;

/* Judge one row; `values` has EPNET_QUANTITIES entries, of which the claim's own are filled, and the
 * activity. An infinite right side holds trivially. */
EpnetJudgement epnet_claim_judge(const EpnetClaim *claim, const double *values);

#endif
