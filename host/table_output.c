#include "outfile.h"
#include "status.h"
#include "stream.h"
#include "table.h"

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

/* Write into the file `path` (NULL: standard output), which is `output` or a temporary that takes its place.
 */
static EpnetStatus path_write(const char *path, const char *output, EpnetTableWrite write, const void *table,
                              EpnetError *error) {
    EpnetStream stream;
    if (!epnet_stream_open(&stream, path))
        return epnet_fail_system(error, "cannot write %s", output);
    EpnetStatus status = write(table, stream.file, error);
    if (!epnet_stream_close(&stream) && status == EPNET_OK)
        return epnet_fail_system(error, "cannot write %s", output);
    return status;
}

EpnetStatus epnet_table_output(const char *output, EpnetTableWrite write, const void *table,
                               EpnetError *error) {
    struct stat info;
    EpnetOutfile file;
    if (output == NULL)
        return path_write(NULL, "standard output", write, table, error);
    if (stat(output, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return path_write(output, output, write, table, error); /* a pipe, a device */
    EpnetStatus status = epnet_outfile_create_locked(&file, output, error);
    if (status != EPNET_OK)
        return status;
    status = path_write(file.temporary, output, write, table, error);
    if (status == EPNET_OK)
        return epnet_outfile_commit(&file, error);
    epnet_outfile_discard(&file);
    return status;
}
