#include "dataset_verify.h"

#include "result.h"
#include "status.h"

#include <netcdf.h>
#include <stdlib.h>
#include <string.h>

/* Add rows [first, first + count) of a column to the digest. */
static EpnetStatus column_add(const EpnetResult *result, EpnetTable table, const char *name, size_t first,
                              size_t count, double *values, EpnetDigest *digest, EpnetError *error) {
    const size_t column = epnet_result_find(result, name);
    if (column == epnet_result_column_count(result) || !epnet_result_has(result, table, column))
        return epnet_result_fail_column(result, table, name, error);
    EpnetStatus status = epnet_result_rows(result, table, column, first, count, values, error);
    epnet_digest_add(digest, values, status == EPNET_OK ? count * sizeof *values : 0);
    return status;
}

static EpnetStatus range_add(const EpnetResult *result, const EpnetDatasetWritten *written,
                             EpnetDatasetRange range, double *values, EpnetDigest *digest,
                             EpnetError *error) {
    const size_t times = written->times;
    EpnetStatus status =
        column_add(result, EPNET_TABLE_POINTS, "status", range.first, range.count, values, digest, error);
    for (size_t c = 0; c < written->column_count && status == EPNET_OK; c++)
        status = column_add(result, EPNET_TABLE_POINTS, written->columns[c].name, range.first, range.count,
                            values, digest, error);
    for (size_t c = 0; c < written->trajectory_count && status == EPNET_OK; c++)
        status = column_add(result, EPNET_TABLE_TRAJECTORY, written->columns[c].name, range.first * times,
                            range.count * times, values, digest, error);
    return status;
}

/* Whether netCDF has put its own attribute on the file, which it leaves out, silently, where memory is short.
 */
static bool has_provenance(const EpnetResult *result) {
    nc_type type;
    size_t length;
    return nc_inq_att(result->ncid, NC_GLOBAL, "_NCProperties", &type, &length) == NC_NOERR;
}

/* Whether the structure is that which was written. */
static EpnetStatus structure_check(const EpnetResult *result, const EpnetDatasetWritten *written,
                                   EpnetError *error) {
    written->points->group = result->ncid;
    const int code = epnet_dataset_defined(written->spec, written->device, written->columns, written->points,
                                           written->trajectory, written->leak);
    if (code == NC_ENOMEM)
        return epnet_fail_memory(error, sizeof *result, "reading the grid file again");
    if (code != NC_NOERR || !has_provenance(result))
        return epnet_fail(error, EPNET_IO, "%s does not hold what was written into it", result->path);
    return EPNET_OK;
}

EpnetStatus epnet_dataset_verify(const char *path, const EpnetDatasetWritten *written, EpnetError *error) {
    EpnetResult *result;
    EpnetStatus status = epnet_result_open(path, &result, error);
    if (status != EPNET_OK)
        return status;
    unsigned char check[EPNET_DIGEST];
    size_t longest = 0;
    for (size_t r = 0; r < written->range_count; r++)
        longest = written->ranges[r].count > longest ? written->ranges[r].count : longest;
    longest *= written->trajectory_count > 0 ? written->times : 1;
    double *values = epnet_calloc(longest, sizeof *values);
    if (values == NULL)
        status = epnet_fail_memory(error, longest * sizeof *values, "reading the grid file again");
    if (status == EPNET_OK)
        status = structure_check(result, written, error);
    EpnetDigest digest = epnet_digest_begin();
    for (size_t r = 0; r < written->range_count && status == EPNET_OK; r++)
        status = range_add(result, written, written->ranges[r], values, &digest, error);
    const EpnetResultLeak *leak = &result->leak;
    const size_t samples = written->quench ? leak->count : 0;
    epnet_digest_add(&digest, leak->times, samples * sizeof(double));
    epnet_digest_add(&digest, leak->logarithms, samples * sizeof(double));
    epnet_digest_add(&digest, leak->fit, samples * sizeof(double));
    epnet_digest_end(&digest, check, sizeof check);
    if (status == EPNET_OK && memcmp(check, written->check, sizeof check) != 0)
        status = epnet_fail(error, EPNET_IO, "%s does not hold what was written into it", path);
    free(values);
    epnet_result_close(result);
    return status;
}
