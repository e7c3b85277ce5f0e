/* Runs a spec with the installed library and prints a column of its grid: consumer SPEC OUT.nc COLUMN
 *
 *   cmake -B build && cmake --build build                      (CMakeLists.txt beside this file), or
 *   cc consumer.c $(pkg-config --cflags --libs epnet) -o consumer */
#include <epnet.h>

#include <stdio.h>
#include <stdlib.h>

static EpnetStatus print_column(const EpnetResult *result, const char *name, EpnetError *error) {
    size_t points = epnet_result_points(result);
    double *values = calloc(points, sizeof *values);
    if (values == NULL)
        return EPNET_DEVICE;
    EpnetStatus status = epnet_result_column(result, name, values, error);
    for (size_t k = 0; status == EPNET_OK && k < points; k++)
        printf("%zu %.17g\n", k, values[k]);
    free(values);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return EPNET_USAGE;
    EpnetSpec *spec = NULL;
    EpnetResult *result = NULL;
    EpnetRunSummary summary;
    EpnetError error = {.message = "out of memory"};
    EpnetStatus status = epnet_spec_read(argv[1], NULL, 0, &spec, &error);
    if (status == EPNET_OK)
        status = epnet_run(spec, argv[2], NULL, &summary, &error);
    if (status == EPNET_OK || status == EPNET_POINTS_FAILED)
        status = epnet_result_open(argv[2], &result, &error);
    if (status == EPNET_OK)
        status = print_column(result, argv[3], &error);
    if (status != EPNET_OK)
        fprintf(stderr, "%s\n", error.message);
    epnet_result_close(result);
    epnet_spec_free(spec);
    return (int)status;
}
