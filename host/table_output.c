#include "outfile.h"
#include "status.h"
#include "table.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

void epnet_table_number(FILE *stream, double value) {
    if (isnan(value)) /* printf would show the sign of a NaN, which means nothing */
        fputs("nan", stream);
    else
        fprintf(stream, "%.17g", value);
}

void epnet_table_axis_names(const EpnetResult *result, const EpnetResultAxis *except, FILE *stream) {
    for (size_t a = 0; a < result->axis_count; a++)
        if (&result->axes[a] != except)
            fprintf(stream, "%s,", result->axes[a].name);
}

void epnet_table_axis_values(const EpnetResult *result, size_t point, const EpnetResultAxis *except,
                             FILE *stream) {
    size_t stride = result->points;
    for (size_t a = 0; a < result->axis_count; a++) {
        const EpnetResultAxis *axis = &result->axes[a];
        stride /= axis->size;
        if (axis == except)
            continue;
        epnet_table_number(stream, axis->values[point / stride % axis->size]);
        fputc(',', stream);
    }
}

static EpnetStatus fail_write(const char *output, EpnetError *error) {
    return epnet_fail_system(error, "cannot write %s", output);
}

static EpnetStatus stream_write(FILE *stream, const char *output, EpnetTableWrite write, const void *table,
                                EpnetError *error) {
    EpnetStatus status = write(table, stream, error);
    if (status == EPNET_OK && (fflush(stream) != 0 || ferror(stream)))
        return fail_write(output, error);
    return status;
}

/* Write into the file `path`, which is `output` or a temporary that takes its place. */
static EpnetStatus path_write(const char *path, const char *output, EpnetTableWrite write, const void *table,
                              EpnetError *error) {
    FILE *stream = fopen(path, "we");
    if (stream == NULL)
        return fail_write(output, error);
    EpnetStatus status = stream_write(stream, output, write, table, error);
    if (fclose(stream) != 0 && status == EPNET_OK)
        return fail_write(output, error);
    return status;
}

EpnetStatus epnet_table_output(const char *output, EpnetTableWrite write, const void *table,
                               EpnetError *error) {
    struct stat info;
    EpnetOutfile file;
    if (output == NULL)
        return stream_write(stdout, "standard output", write, table, error);
    if (stat(output, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return path_write(output, output, write, table, error); /* a pipe, a device */
    EpnetStatus status = epnet_outfile_create(&file, output, error);
    if (status != EPNET_OK)
        return status;
    status = path_write(file.temporary, output, write, table, error);
    if (status == EPNET_OK)
        return epnet_outfile_commit(&file, error);
    epnet_outfile_discard(&file);
    return status;
}
