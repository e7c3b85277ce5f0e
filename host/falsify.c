#include "falsify.h"

#include "outfile.h"
#include "status.h"
#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Write into `path`, which takes the place of `output`. */
static EpnetStatus write_spec(const char *path, const char *output, const char *text, EpnetError *error) {
    EpnetStream stream;
    bool good = epnet_stream_open(&stream, path);
    if (good) {
        fputs(text, stream.file);
        good = epnet_stream_close(&stream);
    }
    return good ? EPNET_OK : epnet_fail_system(error, "cannot write %s", output);
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
        status = epnet_outfile_create_locked(&file, output, error);
    if (status != EPNET_OK)
        return status;
    status = find_worst(&space, options, result, error);
    if (output == NULL)
        return status;
    if (status == EPNET_OK)
        status = write_spec(file.temporary, output, result->spec, error);
    if (status == EPNET_OK)
        return epnet_outfile_commit(&file, error);
    epnet_outfile_discard(&file);
    return status;
}
