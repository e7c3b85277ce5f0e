/* The audit of a grid file: every claim (audit_claims.h) on every row of its larger table. */
#include "audit.h"
#include "audit_claims.h"
#include "result.h"
#include "status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_ROWS = 4096 };

/* A row of the report as it is filled. */
typedef struct Tally {
    const EpnetClaim *claim;
    int cut;           /* number of the file's cut, -1: none */
    double worst;      /* what `row->margin` is the smallest of */
    bool infinite;     /* rows were skipped because their terms are infinite */
    size_t last_point; /* of the last check, and of the last violation; SIZE_MAX: none yet */
    size_t last_violated;
    EpnetAuditRow *row;
    double *margin, *time; /* of every grid point; NULL unless they are asked for */
} Tally;

typedef struct Auditor {
    const EpnetResult *result;
    EpnetTable table; /* the larger one */
    size_t times;     /* rows of that table per grid point */
    double nodes;
    size_t cut_count;
    size_t
        *columns; /* cut_count (at least 1) x EPNET_QUANTITIES: column of the file, column_count if missing */
    double *status; /* a block: of the points that its rows belong to */
    double *values; /* a block: EPNET_QUANTITIES x BLOCK_ROWS, those of one cut at a time */
    Tally *tallies;
    EpnetAudit *audit;
} Auditor;

/* ---- columns ----------------------------------------------------------------------------------------- */

/* The column of a quantity for a cut (-1: the only one, whose name has no number), if it is in the table
 * where it belongs. */
static size_t column_find(const EpnetResult *result, EpnetTable table, const EpnetQuantityInfo *quantity,
                          int cut) {
    char name[96];
    if (quantity->cut && cut >= 0)
        snprintf(name, sizeof name, "%s_%d", quantity->column, cut);
    else
        snprintf(name, sizeof name, "%s", quantity->column);
    const size_t column = epnet_result_find(result, name);
    const bool there = epnet_result_has(result, quantity->timed ? table : EPNET_TABLE_POINTS, column);
    return there ? column : result->column_count;
}

static size_t cuts_count(const EpnetResult *result) {
    const EpnetQuantityInfo *information = &epnet_quantities[EPNET_OF_CUT_INFORMATION];
    if (column_find(result, EPNET_TABLE_POINTS, information, -1) < result->column_count)
        return 1;
    size_t count = 0;
    while (column_find(result, EPNET_TABLE_POINTS, information, (int)count) < result->column_count)
        count++;
    return count;
}

static void columns_find(Auditor *a) {
    for (size_t cut = 0; cut < (a->cut_count > 0 ? a->cut_count : 1); cut++)
        for (size_t q = 0; q < EPNET_QUANTITIES; q++)
            if (epnet_quantities[q].column != NULL)
                a->columns[cut * EPNET_QUANTITIES + q] =
                    column_find(a->result, a->table, &epnet_quantities[q], a->cut_count > 1 ? (int)cut : -1);
}

/* The first column that a tally needs and the file does not have, NULL if it has all. */
static const char *column_missing(const Auditor *a, const Tally *tally) {
    const size_t *columns = a->columns + (tally->cut > 0 ? (size_t)tally->cut : 0) * EPNET_QUANTITIES;
    const uint32_t needs = tally->claim->needs | (uint32_t)1 << EPNET_OF_ACTIVITY;
    for (size_t q = 0; q < EPNET_QUANTITIES; q++)
        if (needs >> q & 1 && epnet_quantities[q].column != NULL && columns[q] == a->result->column_count)
            return epnet_quantities[q].column;
    return NULL;
}

/* Read a quantity for rows [first, first + count); one that does not depend on time is repeated. */
static EpnetStatus quantity_read(const Auditor *a, size_t column, bool timed, size_t first, size_t count,
                                 double *values, EpnetError *error) {
    if (timed || a->times == 1)
        return epnet_result_rows(a->result, timed ? a->table : EPNET_TABLE_POINTS, column, first, count,
                                 values, error);
    const size_t first_point = first / a->times, points = (first + count - 1) / a->times - first_point + 1;
    const EpnetStatus status =
        epnet_result_rows(a->result, EPNET_TABLE_POINTS, column, first_point, points, values, error);
    for (size_t row = count; row-- > 0;) /* from the last: a point's rows stand at or after its own place */
        values[row] = values[(first + row) / a->times - first_point];
    return status;
}

/* Read the quantities of the network, or those of a cut; missing ones are left out. */
static EpnetStatus quantities_read(const Auditor *a, int cut, size_t first, size_t count, EpnetError *error) {
    const size_t *columns = a->columns + (cut > 0 ? (size_t)cut : 0) * EPNET_QUANTITIES;
    EpnetStatus status = EPNET_OK;
    for (size_t q = 0; q < EPNET_QUANTITIES && status == EPNET_OK; q++) {
        const EpnetQuantityInfo *quantity = &epnet_quantities[q];
        if (quantity->column != NULL && quantity->cut == (cut >= 0) && columns[q] < a->result->column_count)
            status = quantity_read(a, columns[q], quantity->timed, first, count, a->values + q * BLOCK_ROWS,
                                   error);
    }
    return status;
}

/* ---- tallies ----------------------------------------------------------------------------------------- */

/* Why a tally can check nothing, whatever the values are; false if it can. */
static bool tally_is_barred(const Auditor *a, const Tally *tally, char *reason, size_t size) {
    const char *missing = column_missing(a, tally);
    if (tally->claim->cut && a->cut_count == 0)
        snprintf(reason, size, "the file has no cut");
    else if (tally->claim->stationary && !a->audit->stationary)
        snprintf(reason, size, "it is about stationary laws");
    else if (tally->claim->once && a->audit->stationary)
        snprintf(reason, size, "it is about trajectories");
    else if (missing != NULL)
        snprintf(reason, size, "the file has no column %s", missing);
    else
        return false;
    return true;
}

static void tally_set(const Auditor *a, Tally *tally, const EpnetClaim *claim, int cut, EpnetAuditRow *row) {
    *tally = (Tally){claim, cut, INFINITY, false, SIZE_MAX, SIZE_MAX, row, NULL, NULL};
    *row = (EpnetAuditRow){.number = claim->number,
                           .exact = claim->number >= EPNET_FIRST_EXACT,
                           .name = claim->name,
                           .statement = claim->statement,
                           .unit = claim->unit,
                           .fraction = NAN,
                           .margin = NAN,
                           .left = NAN,
                           .right = NAN,
                           .tolerance = NAN,
                           .time = NAN,
                           .first_time = NAN};
    if (cut >= 0) {
        const size_t column = a->columns[(size_t)cut * EPNET_QUANTITIES + EPNET_OF_CUT_INFORMATION];
        row->cut = column < a->result->column_count ? a->result->columns[column].cut : "";
    }
}

/* Where an inequality stands in the order of margins, an identity in that of residuals; less is worse. */
static double badness(const EpnetClaim *claim, const EpnetJudgement *judgement) {
    if (!claim->identity)
        return judgement->margin;
    return judgement->margin < 0 ? judgement->margin / judgement->tolerance : 0;
}

static void tally_add(Tally *tally, const EpnetJudgement *judgement, size_t point, double time) {
    EpnetAuditRow *row = tally->row;
    if (judgement->finding == EPNET_SAYS_NOTHING || judgement->finding == EPNET_INFINITE_TERMS) {
        tally->infinite |= judgement->finding == EPNET_INFINITE_TERMS;
        row->skipped++;
        return;
    }
    const double worse = badness(tally->claim, judgement);
    if (row->checks == 0 || worse < tally->worst) {
        tally->worst = worse;
        row->margin = judgement->margin;
        row->left = judgement->left;
        row->right = judgement->right;
        row->tolerance = judgement->tolerance;
        row->point = point;
        row->time = time;
    }
    if (tally->margin != NULL && !(tally->margin[point] <= judgement->margin)) {
        tally->margin[point] = judgement->margin;
        tally->time[point] = time;
    }
    row->checks++;
    row->points += tally->last_point != point;
    tally->last_point = point;
    if (judgement->finding != EPNET_VIOLATED)
        return;
    if (row->violations++ == 0) {
        row->first_point = point;
        row->first_time = time;
    }
    row->points_violated += tally->last_violated != point;
    tally->last_violated = point;
}

static void tally_finish(Tally *tally) {
    EpnetAuditRow *row = tally->row;
    const EpnetClaim *claim = tally->claim;
    if (row->checks > 0)
        row->fraction = (double)row->violations / (double)row->checks;
    else if (row->reason[0] == '\0' && tally->infinite)
        snprintf(row->reason, sizeof row->reason, "its terms are infinite");
    else if (row->reason[0] == '\0' && row->skipped > 0 && claim->condition != NULL)
        snprintf(row->reason, sizeof row->reason, "it needs %s", claim->condition);
    else if (row->reason[0] == '\0')
        snprintf(row->reason, sizeof row->reason,
                 row->skipped > 0 ? "its values are undefined" : "every point failed");
}

/* ---- the pass over the file -------------------------------------------------------------------------- */

static double time_of(const Auditor *a, size_t row) {
    return a->table == EPNET_TABLE_TRAJECTORY ? a->result->times[row % a->times] : a->result->last_time;
}

/* Check the rows of a block, whose quantities have been read. */
static void tally_block(const Auditor *a, Tally *tally, size_t first, size_t count) {
    double values[EPNET_QUANTITIES];
    for (size_t k = 0; k < count; k++) {
        const size_t row = first + k;
        if (a->status[k] != 0 || (tally->claim->once && row % a->times != 0))
            continue;
        for (size_t q = 0; q < EPNET_QUANTITIES; q++)
            values[q] = a->values[q * BLOCK_ROWS + k];
        values[EPNET_OF_NODES] = a->nodes;
        const EpnetJudgement judgement = epnet_claim_judge(tally->claim, values);
        tally_add(tally, &judgement, row / a->times,
                  tally->claim->once ? values[EPNET_OF_MARGIN_MIN_TIME] : time_of(a, row));
    }
}

static EpnetStatus block_audit(Auditor *a, size_t first, size_t count, EpnetError *error) {
    EpnetStatus status = quantity_read(a, 0, false, first, count, a->status, error);
    for (int cut = -1; cut < (int)a->cut_count && status == EPNET_OK; cut++) {
        status = quantities_read(a, cut, first, count, error);
        for (size_t t = 0; t < a->audit->row_count && status == EPNET_OK; t++)
            if (a->tallies[t].cut == cut && a->tallies[t].row->reason[0] == '\0')
                tally_block(a, &a->tallies[t], first, count);
    }
    for (size_t k = 0; k < count && status == EPNET_OK; k++)
        a->audit->points_failed += (first + k) % a->times == 0 && a->status[k] != 0;
    return status;
}

/* ---- the report -------------------------------------------------------------------------------------- */

static bool auditor_alloc(Auditor *a) {
    const size_t cuts = a->cut_count > 0 ? a->cut_count : 1;
    a->audit = epnet_calloc(1, sizeof *a->audit);
    a->columns = epnet_calloc(cuts * EPNET_QUANTITIES, sizeof *a->columns);
    a->status = epnet_calloc(BLOCK_ROWS, sizeof *a->status);
    a->values = epnet_calloc((size_t)EPNET_QUANTITIES * BLOCK_ROWS, sizeof *a->values);
    a->tallies = epnet_calloc(cuts * EPNET_CLAIMS, sizeof *a->tallies);
    if (a->audit != NULL)
        a->audit->rows = epnet_calloc(cuts * EPNET_CLAIMS, sizeof *a->audit->rows);
    return a->audit != NULL && a->audit->rows != NULL && a->columns != NULL && a->status != NULL &&
           a->values != NULL && a->tallies != NULL;
}

static void auditor_free(Auditor *a) {
    free(a->columns);
    free(a->status);
    free(a->values);
    free(a->tallies);
}

/* A row per claim, of a claim about cuts one per cut (and one to say so where there is no cut). */
static void rows_make(Auditor *a) {
    EpnetAudit *audit = a->audit;
    for (const EpnetClaim *claim = epnet_claims; claim < epnet_claims + EPNET_CLAIMS; claim++) {
        const bool per_cut = claim->cut && a->cut_count > 0;
        for (size_t cut = 0; cut < (per_cut ? a->cut_count : 1); cut++) {
            EpnetAuditRow *row = &audit->rows[audit->row_count];
            Tally *tally = &a->tallies[audit->row_count++];
            tally_set(a, tally, claim, per_cut ? (int)cut : -1, row);
            tally_is_barred(a, tally, row->reason, sizeof row->reason);
        }
    }
}

/* EPNET_INTERNAL if an exact statement is broken; the message names the first and counts them. */
static EpnetStatus exact_check(const EpnetResult *result, const EpnetAudit *audit, EpnetError *error) {
    const EpnetAuditRow *first = NULL;
    size_t broken = 0;
    for (const EpnetAuditRow *row = audit->rows; row < audit->rows + audit->row_count; row++) {
        if (!row->exact || row->violations == 0)
            continue;
        first = first == NULL ? row : first;
        broken++;
    }
    if (first == NULL)
        return EPNET_OK;
    return epnet_fail(
        error, EPNET_INTERNAL,
        "%s: %zu exact statement%s broken beyond rounding: %s (%s) by %.3g %s at grid point %zu",
        result->path, broken, broken == 1 ? " is" : "s are", first->name, first->statement, -first->margin,
        first->unit, first->point);
}

/* Room for the margins of every row of the report. */
static bool margins_alloc(Auditor *a, EpnetMargins *margins) {
    const size_t points = a->result->points, count = a->audit->row_count * points;
    margins->margin = epnet_calloc(count, sizeof *margins->margin);
    margins->time = epnet_calloc(count, sizeof *margins->time);
    if (margins->margin == NULL || margins->time == NULL)
        return false;
    for (size_t k = 0; k < count; k++)
        margins->margin[k] = margins->time[k] = NAN;
    for (size_t t = 0; t < a->audit->row_count; t++) {
        a->tallies[t].margin = margins->margin + t * points;
        a->tallies[t].time = margins->time + t * points;
    }
    return true;
}

void epnet_margins_free(EpnetMargins *margins) {
    free(margins->margin);
    free(margins->time);
    *margins = (EpnetMargins){NULL, NULL};
}

EpnetStatus epnet_audit(const EpnetResult *result, EpnetAudit **audit, EpnetError *error) {
    return epnet_audit_margins(result, audit, NULL, error);
}

EpnetStatus epnet_audit_margins(const EpnetResult *result, EpnetAudit **audit, EpnetMargins *margins,
                                EpnetError *error) {
    *audit = NULL;
    if (margins != NULL)
        *margins = (EpnetMargins){NULL, NULL};
    const char *nodes = epnet_result_text(result, "nodes");
    Auditor a = {.result = result,
                 .table = result->trajectory >= 0 ? EPNET_TABLE_TRAJECTORY : EPNET_TABLE_POINTS,
                 .times = result->trajectory >= 0 ? result->time_count : 1,
                 .nodes = nodes != NULL ? strtod(nodes, NULL) : NAN,
                 .cut_count = cuts_count(result)};
    EpnetStatus status = EPNET_OK;
    if (!auditor_alloc(&a))
        status = epnet_fail_memory(error, EPNET_QUANTITIES * BLOCK_ROWS * sizeof(double), "an audit");
    if (status == EPNET_OK) {
        a.audit->points = result->points;
        a.audit->times = a.times;
        a.audit->trajectories = result->trajectory >= 0;
        a.audit->stationary = result->trajectory < 0 && isnan(result->last_time);
        columns_find(&a);
        rows_make(&a);
        if (margins != NULL && !margins_alloc(&a, margins))
            status = epnet_fail_memory(error, 2 * sizeof(double) * a.audit->row_count * result->points,
                                       "the margins");
    }
    const size_t rows = result->points * a.times;
    for (size_t first = 0; first < rows && status == EPNET_OK; first += BLOCK_ROWS)
        status = block_audit(&a, first, rows - first < BLOCK_ROWS ? rows - first : BLOCK_ROWS, error);
    if (status == EPNET_OK) {
        for (size_t t = 0; t < a.audit->row_count; t++)
            tally_finish(&a.tallies[t]);
        *audit = a.audit;
        status = exact_check(result, a.audit, error);
    } else {
        epnet_audit_free(a.audit);
    }
    auditor_free(&a);
    return status;
}

void epnet_audit_free(EpnetAudit *audit) {
    if (audit == NULL)
        return;
    free(audit->rows);
    free(audit);
}
