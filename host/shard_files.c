#include "shard_files.h"

#include "outfile.h"
#include "run_files.h"
#include "status.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether `name` is a journal of an output called `base`, and which. */
static bool name_parse(const char *name, const char *base, EpnetShard *shard) {
    const size_t length = strlen(base);
    char made[300];
    *shard = (EpnetShard){1, 1};
    if (strncmp(name, base, length) != 0)
        return false;
    if (strcmp(name + length, ".journal") == 0)
        return true;
    if (sscanf(name + length, ".shard-%" SCNu32 "-of-%" SCNu32 ".journal", &shard->number, &shard->count) !=
        2)
        return false;
    snprintf(made, sizeof made, ".shard-%" PRIu32 "-of-%" PRIu32 ".journal", shard->number, shard->count);
    return strcmp(name + length, made) == 0 && shard->number >= 1 && shard->number <= shard->count;
}

static int by_shard(const void *one, const void *other) {
    const EpnetShard a = ((const EpnetJournalFile *)one)->shard, b = ((const EpnetJournalFile *)other)->shard;
    if (a.count != b.count)
        return a.count < b.count ? -1 : 1;
    return a.number < b.number ? -1 : a.number > b.number;
}

static bool file_add(EpnetJournalFile **files, size_t *count, const char *output, EpnetShard shard) {
    EpnetJournalFile *longer = realloc(*files, (*count + 1) * sizeof *longer);
    if (longer == NULL)
        return false;
    *files = longer;
    longer[*count] = (EpnetJournalFile){epnet_journal_path(output, shard), shard};
    return longer[(*count)++].path != NULL;
}

EpnetStatus epnet_journal_files(const char *output, EpnetJournalFile **files, size_t *count,
                                EpnetError *error) {
    *files = NULL;
    *count = 0;
    char *folder = epnet_path_folder(output);
    if (folder == NULL)
        return epnet_fail_memory(error, strlen(output), "the name of a folder");
    EpnetStatus status = EPNET_OK;
    DIR *entries = opendir(*folder == '\0' ? "." : folder);
    if (entries == NULL)
        status = epnet_fail_system(error, "cannot read the folder of %s", output);
    EpnetShard shard;
    for (struct dirent *entry; status == EPNET_OK && (entry = readdir(entries)) != NULL;)
        if (name_parse(entry->d_name, epnet_path_base(output), &shard) &&
            !file_add(files, count, output, shard))
            status = epnet_fail_memory(error, (*count + 1) * sizeof **files, "the names of journals");
    if (entries != NULL)
        closedir(entries);
    free(folder);
    if (status != EPNET_OK) {
        epnet_journal_files_free(*files, *count);
        *files = NULL;
        *count = 0;
    } else if (*count > 0) {
        qsort(*files, *count, sizeof **files, by_shard);
    }
    return status;
}

void epnet_journal_files_free(EpnetJournalFile *files, size_t count) {
    for (size_t k = 0; k < count; k++)
        free(files[k].path);
    free(files);
}

EpnetStatus epnet_shard_check_division(const char *output, EpnetShard shard, EpnetError *error) {
    EpnetJournalFile *files;
    size_t count;
    EpnetStatus status = shard.count > 1 ? epnet_journal_files(output, &files, &count, error) : EPNET_OK;
    if (shard.count == 1 || status != EPNET_OK)
        return status;
    for (size_t k = 0; k < count && status == EPNET_OK; k++)
        if (files[k].shard.count > 1 && files[k].shard.count != shard.count)
            status = epnet_fail(error, EPNET_IO,
                                "%.1000s is of a division into %" PRIu32 " shards, this is shard %" PRIu32
                                " of %" PRIu32 ": go on with the same number, or remove what is there",
                                files[k].path, files[k].shard.count, shard.number, shard.count);
    epnet_journal_files_free(files, count);
    return status;
}
