/* The shards of a sweep into its grid file. */
#include "dataset.h"
#include "journal_grid.h"
#include "journal_writer.h"
#include "outfile.h"
#include "result_glance.h"
#include "run_files.h"
#include "shard_files.h"
#include "status.h"
#include "threading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A shard's journal, held under its lock. */
typedef struct Part {
    const char *path;
    int fd;
    EpnetJournalHeader header;
    EpnetJournalContent content;
} Part;

typedef struct Merge {
    char *output;
    size_t part_count; /* opened */
    Part *parts;
    EpnetSpec *spec;
    EpnetStop stop;
    struct rlimit files; /* open ones, as many as were allowed before */
    bool files_raised;
    int lock; /* on the journal of an undivided run, -1: none */
    bool lock_created;
    char *lock_path;
} Merge;

static EpnetStatus part_open(Part *part, const char *path, const EpnetStop *stop, EpnetError *error) {
    bool created;
    EpnetError reason;
    *part = (Part){.path = path, .fd = -1};
    EpnetStatus status = epnet_journal_lock(path, false, &created, &part->fd, error);
    if (status != EPNET_OK)
        return status;
    if (part->fd < 0)
        return epnet_fail(error, EPNET_IO, "there is no %s", path);
    status = epnet_journal_header_read(part->fd, path, &part->header, &reason);
    if (status != EPNET_OK)
        return epnet_fail(error, status, "%.1900s%s", reason.message,
                          status == EPNET_IO ? "; run this shard again" : "");
    return epnet_journal_read(part->fd, path, &part->header, true, stop, &part->content, error);
}

static void part_close(Part *part) {
    epnet_journal_content_free(&part->content);
    epnet_journal_header_free(&part->header);
    if (part->fd >= 0)
        epnet_journal_unlock(part->fd);
}

/* All parts are of one sweep and of this version, divided alike, and every shard is there once. */
static EpnetStatus parts_check(const Merge *merge, EpnetError *error) {
    const EpnetJournalHeader *first = &merge->parts[0].header;
    char missing[400] = "";
    EpnetError reason;
    if (strcmp(first->texts[EPNET_JOURNAL_VERSION], epnet_version()) != 0)
        return epnet_fail(error, EPNET_IO, "%s holds points of epnet %.50s, this is %s", merge->parts[0].path,
                          first->texts[EPNET_JOURNAL_VERSION], epnet_version());
    for (size_t k = 1; k < merge->part_count; k++) {
        const Part *part = &merge->parts[k];
        if (part->header.shards != first->shards)
            return epnet_fail(error, EPNET_IO,
                              "%s is one of %" PRIu32 " shards, %s one of %" PRIu32
                              "; name those to merge after the output",
                              merge->parts[0].path, first->shards, part->path, part->header.shards);
        if (epnet_journal_header_same_job(&part->header, first, part->path, &reason) != EPNET_OK)
            return epnet_fail(error, EPNET_IO, "%s cannot be merged with %s: %.1200s", part->path,
                              merge->parts[0].path, reason.message);
        for (size_t other = 0; other < k; other++)
            if (merge->parts[other].header.shard == part->header.shard)
                return epnet_fail(error, EPNET_IO, "%s and %s are the same shard", merge->parts[other].path,
                                  part->path);
    }
    for (uint32_t shard = 1; shard <= first->shards && strlen(missing) + 16 < sizeof missing; shard++) {
        bool found = false;
        for (size_t k = 0; k < merge->part_count && !found; k++)
            found = merge->parts[k].header.shard == shard;
        if (!found)
            snprintf(missing + strlen(missing), sizeof missing - strlen(missing), " %" PRIu32, shard);
    }
    if (missing[0] == '\0')
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO, "of the %" PRIu32 " shards of %s, there is no journal of%s%s",
                      first->shards, merge->output, missing,
                      strlen(missing) + 16 < sizeof missing ? "" : " ...");
}

/* Every point is in a journal. */
static EpnetStatus points_check(const Merge *merge, EpnetError *error) {
    EpnetQueue queue;
    char lacking[400] = "";
    size_t missing = 0;
    const size_t points = (size_t)merge->parts[0].header.points;
    for (size_t p = 0; p < merge->part_count; p++) {
        const Part *part = &merge->parts[p];
        EpnetStatus status = epnet_queue_make(&queue, points, error);
        if (status != EPNET_OK)
            return status;
        epnet_shard_apply((EpnetShard){part->header.shard, part->header.shards}, &queue);
        for (size_t k = 0; k < part->content.entry_count; k++)
            epnet_queue_remove(&queue, (size_t)part->content.entries[k].head.first,
                               (size_t)part->content.entries[k].head.count);
        missing += queue.missing;
        if (queue.missing > 0 && strlen(lacking) + 48 < sizeof lacking)
            snprintf(lacking + strlen(lacking), sizeof lacking - strlen(lacking), "%s %zu in shard %" PRIu32,
                     lacking[0] == '\0' ? "" : ",", queue.missing, part->header.shard);
        epnet_queue_free(&queue);
    }
    return missing == 0
               ? EPNET_OK
               : epnet_fail(error, EPNET_IO, "%zu of %zu points are missing:%s; run these shards again",
                            missing, points, lacking);
}

/* The spec of the shards: its text is in every journal, the files that it names are read where it stands. */
static EpnetStatus spec_read(Merge *merge, const char *path, EpnetError *error) {
    const EpnetJournalHeader *header = &merge->parts[0].header;
    EpnetError reason = {.status = EPNET_OK};
    if (path == NULL)
        path = merge->parts[0].content.last.spec;
    EpnetStatus status = epnet_spec_read_text(path, header->texts[EPNET_JOURNAL_SPEC],
                                              (size_t)header->override_count, &merge->spec, &reason);
    if (status == EPNET_INTERNAL) /* nothing that a program of ours has written */
        return epnet_fail(error, EPNET_IO, "%s: %.1900s", merge->parts[0].path, reason.message);
    if (status != EPNET_OK)
        return epnet_fail(error, status, "%.1900s (where the spec stands now: --spec)", reason.message);
    if (strcmp(merge->spec->sha256, header->texts[EPNET_JOURNAL_SHA256]) == 0)
        return EPNET_OK;
    return epnet_fail(
        error, EPNET_IO,
        "a file that the spec names has changed since the shards were run; then it was:\n%.1500s",
        header->texts[EPNET_JOURNAL_FILES]);
}

/* Every header is the one that this program makes for its shard: only then do its records hold the rows that
 * the spec implies, and its points are those of the grid. */
static EpnetStatus headers_check(const Merge *merge, EpnetError *error) {
    EpnetStatus status = EPNET_OK;
    for (size_t k = 0; k < merge->part_count && status == EPNET_OK; k++) {
        const Part *part = &merge->parts[k];
        EpnetJournalHeader expected;
        status = epnet_journal_header_make(merge->spec, part->header.texts[EPNET_JOURNAL_BACKEND],
                                           part->header.shard, part->header.shards, &expected, error);
        if (status != EPNET_OK)
            return status;
        status = epnet_journal_header_compare(&part->header, &expected, part->path, error);
        epnet_journal_header_free(&expected);
    }
    return status;
}

/* No undivided run of the same output while its grid file is written. */
static EpnetStatus output_lock(Merge *merge, EpnetError *error) {
    merge->lock_path = epnet_journal_path(merge->output, (EpnetShard){1, 1});
    if (merge->lock_path == NULL)
        return epnet_fail_memory(error, strlen(merge->output), "the name of a journal");
    for (size_t k = 0; k < merge->part_count; k++)
        if (strcmp(merge->parts[k].path, merge->lock_path) == 0)
            return EPNET_OK; /* the journal of an undivided run is merged: it is locked already */
    EpnetStatus status = epnet_journal_lock(merge->lock_path, merge->part_count > 0, &merge->lock_created,
                                            &merge->lock, error);
    struct stat info;
    if (merge->lock >= 0 && fstat(merge->lock, &info) == 0 && info.st_size == 0)
        merge->lock_created = true; /* perhaps by a merge that was killed: it is ours to remove as well */
    return status;
}

static EpnetStatus grid_write(Merge *merge, EpnetFailures *failures, EpnetError *error) {
    EpnetJournalSource *sources = epnet_calloc(merge->part_count, sizeof *sources);
    if (sources == NULL)
        return epnet_fail_memory(error, merge->part_count * sizeof *sources, "the shards");
    for (size_t k = 0; k < merge->part_count; k++)
        sources[k] = (EpnetJournalSource){merge->parts[k].fd, merge->parts[k].path, &merge->parts[k].header,
                                          &merge->parts[k].content};
    epnet_outfile_clean(merge->output);
    EpnetStatus status = epnet_output_room(merge->output, epnet_dataset_bytes(merge->spec), error);
    if (status == EPNET_OK)
        status = epnet_journal_to_grid(merge->spec, sources, merge->part_count, merge->output, &merge->stop,
                                       failures, error);
    free(sources);
    return status;
}

static EpnetStatus parts_remove(const Merge *merge, EpnetError *error) {
    for (size_t k = 0; k < merge->part_count; k++)
        if (unlink(merge->parts[k].path) != 0)
            return epnet_fail_system(error, "%s is complete, but cannot remove %s", merge->output,
                                     merge->parts[k].path);
    return EPNET_OK;
}

/* Whether the output is complete and of the spec of all parts, whose last merge was then cut short between
 * its removals; its points and failed points go into the summary. */
static EpnetStatus output_look(const Merge *merge, EpnetRunSummary *summary, EpnetError *error) {
    EpnetGlance glance;
    if (access(merge->output, F_OK) != 0)
        return EPNET_OK;
    const EpnetStatus status = epnet_result_glance(merge->output, &merge->stop, &glance, error);
    if (status == EPNET_IO)
        return EPNET_OK; /* what is in the way is told when it is to be replaced */
    bool same = status == EPNET_OK;
    for (size_t k = 0; k < merge->part_count && same; k++)
        same = strcmp(merge->parts[k].header.texts[EPNET_JOURNAL_SHA256], glance.sha256) == 0;
    if (same) {
        summary->points = glance.points;
        summary->failed = glance.failed;
        summary->already_done = true;
    }
    return status;
}

static EpnetStatus merge_run(Merge *merge, const EpnetMergeOptions *options, EpnetRunSummary *summary,
                             EpnetFailures *failures, EpnetError *error) {
    EpnetStatus status = output_look(merge, summary, error);
    if (status == EPNET_OK && summary->already_done)
        status = output_lock(merge, error);
    if (status != EPNET_OK || summary->already_done)
        return status == EPNET_OK ? parts_remove(merge, error) : status;
    if (merge->part_count == 0)
        return epnet_fail(error, EPNET_IO, "there is no shard of %s (%s.shard-1-of-N.journal)", merge->output,
                          merge->output);
    status = parts_check(merge, error);
    if (status == EPNET_OK)
        status = spec_read(merge, options->spec, error);
    if (status == EPNET_OK)
        status = headers_check(merge, error);
    if (status == EPNET_OK)
        status = points_check(merge, error);
    if (status == EPNET_OK)
        status = output_lock(merge, error);
    if (status == EPNET_OK)
        status = epnet_output_examine(merge->spec, merge->output, options->force, &merge->stop,
                                      &summary->already_done, &summary->failed, error);
    if (status == EPNET_OK && !summary->already_done)
        status = grid_write(merge, failures, error);
    return status == EPNET_OK ? parts_remove(merge, error) : status;
}

/* The open part that is the file `path`, or NULL. */
static const char *part_find(const Merge *merge, const char *path) {
    struct stat here, there;
    if (stat(path, &here) != 0)
        return NULL;
    for (size_t k = 0; k < merge->part_count; k++)
        if (fstat(merge->parts[k].fd, &there) == 0 && here.st_dev == there.st_dev &&
            here.st_ino == there.st_ino)
            return merge->parts[k].path;
    return NULL;
}

/* All shards are held open, for their locks: the process may need more open files than it is used to. */
static EpnetStatus files_allow(Merge *merge, size_t count, EpnetError *error) {
    enum { OTHERS = 32 };
    const rlim_t needed = (rlim_t)count + OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &merge->files) != 0)
        return epnet_fail_system(error, "cannot tell how many files may be open");
    if (merge->files.rlim_cur >= needed)
        return EPNET_OK;
    const struct rlimit more = {needed, merge->files.rlim_max};
    merge->files_raised = merge->files.rlim_max >= needed && setrlimit(RLIMIT_NOFILE, &more) == 0;
    if (merge->files_raised)
        return EPNET_OK;
    return epnet_fail(error, EPNET_IO,
                      "merging %zu shards takes %llu open files, and this process may have %llu; allow more "
                      "(ulimit -n)",
                      count, (unsigned long long)needed, (unsigned long long)merge->files.rlim_max);
}

static EpnetStatus merge_open(Merge *merge, const char *const *journals, size_t count, EpnetError *error) {
    merge->parts = epnet_calloc(count, sizeof *merge->parts);
    if (merge->parts == NULL)
        return epnet_fail_memory(error, count * sizeof *merge->parts, "the shards");
    EpnetStatus status = files_allow(merge, count, error);
    while (merge->part_count < count && status == EPNET_OK) {
        const char *other = part_find(merge, journals[merge->part_count]);
        if (other != NULL)
            return epnet_fail(error, EPNET_IO, "%s and %s are the same file", other,
                              journals[merge->part_count]);
        const size_t k = merge->part_count++;
        status = part_open(&merge->parts[k], journals[k], &merge->stop, error);
    }
    return status;
}

/* The shards beside the output, where none are named. */
static EpnetStatus merge_found(Merge *merge, const EpnetMergeOptions *options, EpnetRunSummary *summary,
                               EpnetFailures *failures, EpnetError *error) {
    EpnetJournalFile *files = NULL;
    size_t count = 0, shards = 0;
    EpnetStatus status = epnet_journal_files(merge->output, &files, &count, error);
    const char **paths = status == EPNET_OK ? epnet_calloc(count, sizeof *paths) : NULL;
    if (status == EPNET_OK && paths == NULL)
        status = epnet_fail_memory(error, count * sizeof *paths, "the names of journals");
    for (size_t k = 0; k < count && status == EPNET_OK; k++)
        if (files[k].shard.count > 1)
            paths[shards++] = files[k].path;
    if (status == EPNET_OK)
        status = merge_open(merge, paths, shards, error);
    if (status == EPNET_OK)
        status = merge_run(merge, options, summary, failures, error);
    free(paths);
    epnet_journal_files_free(files, count);
    return status;
}

static void merge_close(Merge *merge) {
    for (size_t k = 0; k < merge->part_count; k++)
        part_close(&merge->parts[k]);
    if (merge->lock >= 0) {
        if (merge->lock_created)
            unlink(merge->lock_path);
        epnet_journal_unlock(merge->lock);
    }
    if (merge->files_raised)
        setrlimit(RLIMIT_NOFILE, &merge->files);
    free(merge->parts);
    free(merge->lock_path);
    free(merge->output);
    epnet_spec_free(merge->spec);
}

EpnetStatus epnet_merge(const char *output, const EpnetMergeOptions *options, EpnetRunSummary *summary,
                        EpnetError *error) {
    static const EpnetMergeOptions defaults = {0};
    EpnetRunSummary ignored;
    EpnetFailures failures = {0};
    Merge merge = {.lock = -1};
    const double start = epnet_seconds_now();
    options = options != NULL ? options : &defaults;
    merge.stop.flag = options->stop;
    summary = summary != NULL ? summary : &ignored;
    memset(summary, 0, sizeof *summary);
    EpnetStatus status = epnet_path_resolve(output, &merge.output, error);
    if (status == EPNET_OK && options->journal_count == 0) {
        status = merge_found(&merge, options, summary, &failures, error);
    } else if (status == EPNET_OK) {
        status = merge_open(&merge, options->journals, options->journal_count, error);
        if (status == EPNET_OK)
            status = merge_run(&merge, options, summary, &failures, error);
    }
    if (merge.spec != NULL) {
        summary->points = epnet_grid_points(merge.spec->axes, merge.spec->axis_count);
        summary->failed = summary->already_done ? summary->failed : failures.total;
        summary->states = (size_t)1 << merge.spec->network.nodes;
        epnet_failures_describe(&failures, merge.spec, summary->failures, sizeof summary->failures);
    }
    summary->elapsed = epnet_seconds_now() - start;
    if (status == EPNET_INTERRUPTED)
        epnet_fail(error, status, "interrupted; the shards are as they were, merge again");
    merge_close(&merge);
    if (status == EPNET_OK && failures.total > 0)
        return epnet_failures_report(&failures, summary->points, summary->failures, error);
    return status;
}
