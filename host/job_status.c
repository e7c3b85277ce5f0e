/* What stands of a run: its grid file, its journals, who is at work. */
#include "journal_writer.h"
#include "outfile.h"
#include "result_glance.h"
#include "shard_files.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double wall_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Points that a journal is to hold, and those that are in it, each counted once. */
static EpnetStatus count_points(const EpnetJournalHeader *header, const EpnetJournalContent *content,
                                EpnetJournalStatus *journal, EpnetError *error) {
    EpnetQueue queue;
    EpnetStatus status = epnet_queue_make(&queue, (size_t)header->points, error);
    if (status != EPNET_OK)
        return status;
    epnet_shard_apply((EpnetShard){header->shard, header->shards}, &queue);
    journal->points = queue.missing;
    for (size_t k = 0; k < content->entry_count; k++)
        epnet_queue_remove(&queue, (size_t)content->entries[k].head.first,
                           (size_t)content->entries[k].head.count);
    journal->points_done = journal->points - queue.missing;
    epnet_queue_free(&queue);
    return EPNET_OK;
}

/* Fill in what an open journal says. */
static EpnetStatus journal_look(int fd, EpnetJobStatus *job, EpnetJournalStatus *journal, EpnetError *error) {
    EpnetJournalHeader header;
    EpnetJournalContent content;
    struct stat info;
    const bool before = epnet_journal_locked(fd);
    EpnetStatus status = epnet_journal_header_read(fd, journal->path, &header, error);
    if (status != EPNET_OK)
        return status;
    status = epnet_journal_read(fd, journal->path, &header, true, NULL, &content, error);
    if (status == EPNET_OK && fstat(fd, &info) != 0) {
        status = epnet_fail_system(error, "cannot read %s", journal->path);
        epnet_journal_content_free(&content);
    }
    journal->running = epnet_journal_locked(fd);
    if (status == EPNET_OK) {
        const double written = (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec;
        const double worked = (journal->running ? wall_now() : written) - 1e-9 * (double)content.last.started;
        status = count_points(&header, &content, journal, error);
        journal->shard = (int)header.shard;
        journal->shards = (int)header.shards;
        journal->points_failed = (size_t)content.failed;
        journal->points_fallback = (size_t)content.fallback;
        journal->damaged = content.damaged;
        journal->damaged_bytes = content.damaged_bytes;
        if ((before || journal->running) && content.torn_bytes > 0) { /* a record on its way */
            journal->damaged--;
            journal->damaged_bytes -= content.torn_bytes;
        }
        journal->bytes = (uint64_t)info.st_size;
        journal->age = wall_now() - written;
        journal->rate =
            content.last.started > 0 && worked > 0 ? (double)content.session_points / worked : NAN;
        journal->pid = content.last.pid;
        snprintf(journal->host, sizeof journal->host, "%s", content.last.host);
        snprintf(journal->device, sizeof journal->device, "%s", content.last.device);
        snprintf(journal->spec, sizeof journal->spec, "%s", content.last.spec);
        snprintf(journal->sha256, sizeof journal->sha256, "%.64s", header.texts[EPNET_JOURNAL_SHA256]);
        snprintf(journal->version, sizeof journal->version, "%.31s", header.texts[EPNET_JOURNAL_VERSION]);
        job->points = (size_t)header.points;
        epnet_journal_content_free(&content);
    }
    epnet_journal_header_free(&header);
    return status;
}

static bool can_be_read(int fd) {
    char byte;
    return pread(fd, &byte, 1, 0) >= 0;
}

/* A journal that cannot be read hides no other: it is listed with the reason. */
static EpnetStatus journals_look(EpnetJobStatus *job, const EpnetJournalFile *files, size_t count,
                                 EpnetError *error) {
    job->journals = epnet_calloc(count, sizeof *job->journals);
    if (job->journals == NULL)
        return epnet_fail_memory(error, count * sizeof *job->journals, "the state of journals");
    for (size_t k = 0; k < count; k++) {
        EpnetJournalStatus *journal = &job->journals[job->journal_count];
        EpnetError reason;
        struct stat info;
        snprintf(journal->path, sizeof journal->path, "%s", files[k].path);
        const int fd = open(files[k].path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT)
            continue; /* its run has ended meanwhile */
        EpnetStatus status = fd < 0 || fstat(fd, &info) != 0
                                 ? epnet_fail_system(&reason, "cannot read %s", files[k].path)
                                 : EPNET_OK;
        if (status == EPNET_OK && !S_ISREG(info.st_mode))
            status = epnet_fail(&reason, EPNET_IO, "cannot read %s: it is not a regular file", files[k].path);
        if (status == EPNET_OK && info.st_size == 0) {
            close(fd); /* nothing is in it: the lock of a merge, or a run that has just begun */
            continue;
        }
        job->journal_count++;
        journal->unreadable = status != EPNET_OK || !can_be_read(fd);
        if (status == EPNET_OK)
            status = journal_look(fd, job, journal, &reason);
        if (fd >= 0)
            close(fd);
        if (status != EPNET_OK && status != EPNET_IO)
            return epnet_fail(error, status, "%s", reason.message);
        if (status == EPNET_IO) {
            journal->shard = (int)files[k].shard.number;
            journal->shards = (int)files[k].shard.count;
            journal->rate = journal->age = NAN;
            snprintf(journal->problem, sizeof journal->problem, "%.511s", reason.message);
        }
    }
    return EPNET_OK;
}

/* What the grid file says, if there is one. */
static EpnetStatus grid_look(const char *output, EpnetJobStatus *job, EpnetError *error) {
    EpnetGlance glance;
    if (access(output, F_OK) != 0 && errno == ENOENT)
        return EPNET_OK;
    const EpnetStatus status = epnet_result_glance(output, NULL, &glance, error);
    if (status != EPNET_OK)
        return status;
    job->complete = true;
    job->points = glance.points;
    job->points_failed = glance.failed;
    memcpy(job->sha256, glance.sha256, sizeof job->sha256);
    return EPNET_OK;
}

EpnetStatus epnet_job_status(const char *output, EpnetJobStatus **job, EpnetError *error) {
    EpnetJournalFile *files = NULL;
    size_t count = 0;
    char *path = NULL;
    *job = NULL;
    EpnetJobStatus *made = epnet_calloc(1, sizeof *made);
    if (made == NULL)
        return epnet_fail_memory(error, sizeof *made, "the state of a run");
    EpnetStatus status = epnet_path_resolve(output, &path, error);
    if (status == EPNET_OK)
        status = epnet_journal_files(path, &files, &count, error);
    if (status == EPNET_OK)
        status = journals_look(made, files, count, error);
    if (status == EPNET_OK)
        status = grid_look(path, made, error);
    if (status == EPNET_OK && !made->complete && made->journal_count == 0)
        status = epnet_fail(error, EPNET_IO, "there is no %s, and no journal of a run of it", output);
    epnet_journal_files_free(files, count);
    free(path);
    if (status != EPNET_OK)
        epnet_job_status_free(made);
    else
        *job = made;
    return status;
}

void epnet_job_status_free(EpnetJobStatus *job) {
    if (job == NULL)
        return;
    free(job->journals);
    free(job);
}
