#include "falsify.h"

#include "outfile.h"
#include "status.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static EpnetStatus write_spec(const char *path, const char *text, EpnetError *error) {
    FILE *file = fopen(path, "w");
    bool ok = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0)
        ok = false;
    return ok ? EPNET_OK : epnet_fail(error, EPNET_IO, "cannot write %s: %s", path, strerror(errno));
}

static EpnetStatus find_worst(const EpnetFalsifySpace *space, const EpnetFalsifyOptions *options,
                              EpnetFalsifyResult *result, EpnetError *error) {
    EpnetFalsifyCase worst;
    EpnetStatus status = epnet_falsify_search(space, options, &worst, result, error);
    if (status != EPNET_OK)
        return status;
    result->ratio = worst.ratio;
    result->left = worst.left;
    result->right = worst.right;
    result->left_text = epnet_falsify_left_text(space);
    result->right_text = epnet_falsify_right_text(space);
    result->per_jump = worst.per_jump;
    result->min_ep = space->min_ep;
    result->leak = worst.leak;
    result->time = worst.time;
    epnet_falsify_cut_text(space, worst.cut, result->cut, sizeof result->cut);
    return epnet_falsify_spec(space, options, &worst, result, error);
}

EpnetStatus epnet_falsify(const EpnetFalsifyOptions *options, const char *output, EpnetFalsifyResult *result,
                          EpnetError *error) {
    EpnetFalsifySpace space;
    EpnetOutfile file;
    memset(result, 0, sizeof *result);
    EpnetStatus status = epnet_falsify_space(options, &space, error);
    if (status == EPNET_OK && output != NULL)
        status = epnet_outfile_create(&file, output, error);
    if (status != EPNET_OK)
        return status;
    status = find_worst(&space, options, result, error);
    if (output == NULL)
        return status;
    if (status == EPNET_OK)
        status = write_spec(file.temporary, result->spec, error);
    if (status == EPNET_OK)
        return epnet_outfile_commit(&file, error);
    epnet_outfile_discard(&file);
    return status;
}
