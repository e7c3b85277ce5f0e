#include "journal.h"

#include "bytes.h"
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned char magic[8] = {0x89, 'E', 'P', 'N', 'J', '\r', '\n', 0x1a};

enum { NUMBERS = 9, LENGTHS_AT = 16 + 8 * NUMBERS, TEXTS_AT = LENGTHS_AT + 8 * EPNET_JOURNAL_TEXTS };

static const uint32_t largest_header = 1u << 28;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie in memory");

/* ---- making -------------------------------------------------------------------------------------------- */

/* The numbers of a header in the order of the file; shard and shards share one. */
static void numbers_of(const EpnetJournalHeader *header, uint64_t numbers[NUMBERS]) {
    const EpnetRowLayout *layout = &header->layout;
    const uint64_t all[NUMBERS] = {header->points,         header->shard | (uint64_t)header->shards << 32,
                                   header->override_count, layout->last,
                                   layout->extremes,       layout->point,
                                   layout->envelope,       layout->trajectory,
                                   layout->curve};
    memcpy(numbers, all, sizeof all);
}

static bool bytes_make(EpnetJournalHeader *header) {
    const uint32_t format = EPNET_JOURNAL_FORMAT;
    uint64_t numbers[NUMBERS], lengths[EPNET_JOURNAL_TEXTS];
    header->size = TEXTS_AT + EPNET_DIGEST;
    for (int t = 0; t < EPNET_JOURNAL_TEXTS; t++) {
        lengths[t] = strlen(header->texts[t]);
        header->size += (size_t)lengths[t] + 1;
    }
    header->bytes = epnet_calloc(header->size, 1);
    if (header->bytes == NULL)
        return false;
    const uint32_t size = (uint32_t)header->size;
    numbers_of(header, numbers);
    memcpy(header->bytes, magic, sizeof magic);
    memcpy(header->bytes + 8, &format, sizeof format);
    memcpy(header->bytes + 12, &size, sizeof size);
    memcpy(header->bytes + 16, numbers, sizeof numbers);
    memcpy(header->bytes + LENGTHS_AT, lengths, sizeof lengths);
    unsigned char *at = header->bytes + TEXTS_AT;
    for (int t = 0; t < EPNET_JOURNAL_TEXTS; t++) {
        memcpy(at, header->texts[t], (size_t)lengths[t] + 1);
        at += lengths[t] + 1;
    }
    EpnetDigest digest = epnet_digest_begin();
    epnet_digest_add(&digest, header->bytes, header->size - EPNET_DIGEST);
    epnet_digest_end(&digest, at, EPNET_DIGEST);
    return true;
}

EpnetStatus epnet_journal_header_make(const EpnetSpec *spec, const char *backend, uint32_t shard,
                                      uint32_t shards, EpnetJournalHeader *header, EpnetError *error) {
    const char *texts[EPNET_JOURNAL_TEXTS] = {
        [EPNET_JOURNAL_VERSION] = epnet_version(),
        [EPNET_JOURNAL_BACKEND] = backend,
        [EPNET_JOURNAL_SHA256] = spec->sha256,
        [EPNET_JOURNAL_SPEC] = spec->text,
        [EPNET_JOURNAL_FILES] = spec->files != NULL ? spec->files : "",
    };
    *header = (EpnetJournalHeader){.points = epnet_grid_points(spec->axes, spec->axis_count),
                                   .shard = shard,
                                   .shards = shards,
                                   .override_count = spec->override_count,
                                   .layout = epnet_row_layout(spec)};
    bool good = true;
    for (int t = 0; t < EPNET_JOURNAL_TEXTS; t++) {
        header->texts[t] = strdup(texts[t]);
        good = good && header->texts[t] != NULL;
    }
    if (good && bytes_make(header))
        return EPNET_OK;
    epnet_journal_header_free(header);
    return epnet_fail_memory(error, 2 * strlen(spec->text), "the header of a journal");
}

void epnet_journal_header_free(EpnetJournalHeader *header) {
    for (int t = 0; t < EPNET_JOURNAL_TEXTS; t++)
        free(header->texts[t]);
    free(header->bytes);
    memset(header, 0, sizeof *header);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

/* Take the parts out of bytes whose checksum is right. False: they do not fit together, or (*memory is false)
 * memory is exhausted. */
static bool parts_take(EpnetJournalHeader *header, bool *memory) {
    uint64_t numbers[NUMBERS], lengths[EPNET_JOURNAL_TEXTS];
    memcpy(numbers, header->bytes + 16, sizeof numbers);
    memcpy(lengths, header->bytes + LENGTHS_AT, sizeof lengths);
    header->points = numbers[0];
    header->shard = (uint32_t)numbers[1];
    header->shards = (uint32_t)(numbers[1] >> 32);
    header->override_count = numbers[2];
    header->layout = (EpnetRowLayout){.last = (size_t)numbers[3],
                                      .extremes = (size_t)numbers[4],
                                      .point = (size_t)numbers[5],
                                      .envelope = (size_t)numbers[6],
                                      .trajectory = (size_t)numbers[7],
                                      .curve = (size_t)numbers[8]};
    for (int k = 3; k < NUMBERS; k++) /* so that sums of them cannot overflow */
        if (numbers[k] > (uint64_t)1 << 48)
            return false;
    if (header->points == 0 || header->points > (uint64_t)1 << 48 || header->shard == 0 ||
        header->shard > header->shards)
        return false;
    const unsigned char *at = header->bytes + TEXTS_AT, *end = header->bytes + header->size;
    size_t room = (size_t)(end - at) - EPNET_DIGEST;
    for (int t = 0; t < EPNET_JOURNAL_TEXTS; t++) {
        if (lengths[t] >= room || memchr(at, '\0', (size_t)lengths[t] + 1) != at + lengths[t])
            return false;
        header->texts[t] = strdup((const char *)at);
        *memory = header->texts[t] != NULL;
        if (!*memory)
            return false;
        at += lengths[t] + 1;
        room -= (size_t)lengths[t] + 1;
    }
    return room == 0;
}

static EpnetStatus fail_damaged(EpnetError *error, const char *path) {
    return epnet_fail(error, EPNET_IO, "%s is damaged: its header does not match its checksum", path);
}

EpnetStatus epnet_journal_header_read(int fd, const char *path, EpnetJournalHeader *header,
                                      EpnetError *error) {
    unsigned char start[16], check[EPNET_DIGEST];
    uint32_t format, size;
    memset(header, 0, sizeof *header);
    if (!epnet_bytes_read(fd, start, sizeof start, 0)) {
        if (errno != 0)
            return epnet_fail_system(error, "cannot read %s", path);
        return epnet_fail(error, EPNET_IO, "%s is damaged: it is shorter than a header", path);
    }
    memcpy(&format, start + 8, sizeof format);
    memcpy(&size, start + 12, sizeof size);
    if (memcmp(start, magic, sizeof magic) != 0)
        return epnet_fail(error, EPNET_IO, "%s is not a journal of epnet, or its start is damaged", path);
    if (format != EPNET_JOURNAL_FORMAT)
        return epnet_fail(error, EPNET_IO,
                          "%s has format %" PRIu32 " or is damaged; this program knows format %d", path,
                          format, EPNET_JOURNAL_FORMAT);
    if (size < TEXTS_AT + EPNET_JOURNAL_TEXTS + EPNET_DIGEST || size > largest_header)
        return fail_damaged(error, path);
    header->bytes = epnet_calloc(size, 1);
    header->size = size;
    if (header->bytes == NULL)
        return epnet_fail_memory(error, size, "the header of a journal");
    const bool whole = epnet_bytes_read(fd, header->bytes, size, 0);
    const int reason = whole ? 0 : errno;
    EpnetDigest digest = epnet_digest_begin();
    epnet_digest_add(&digest, header->bytes, size - EPNET_DIGEST);
    epnet_digest_end(&digest, check, sizeof check);
    bool memory = true;
    if (whole && memcmp(check, header->bytes + size - EPNET_DIGEST, sizeof check) == 0 &&
        parts_take(header, &memory))
        return EPNET_OK;
    epnet_journal_header_free(header);
    if (!memory)
        return epnet_fail_memory(error, size, "the header of a journal");
    errno = reason;
    return reason != 0 ? epnet_fail_system(error, "cannot read %s", path) : fail_damaged(error, path);
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

/* The line at `text` in quotes, cut where it is too long to show; "nothing" at the end of a text. */
static void line_show(const char *text, char *shown, size_t size) {
    const int most = 200;
    const size_t length = strcspn(text, "\n");
    if (*text == '\0')
        snprintf(shown, size, "nothing");
    else
        snprintf(shown, size, "`%.*s'", length < (size_t)most ? (int)length : most, text);
}

/* The first line in which two texts differ, as "line 3 is `...' there and `...' here"; false: none. */
static bool first_difference(const char *there, const char *here, char *message, size_t size) {
    char one[256], other[256];
    for (int line = 1; *there != '\0' || *here != '\0'; line++) {
        const size_t length = strcspn(there, "\n");
        if (length != strcspn(here, "\n") || memcmp(there, here, length) != 0 ||
            there[length] != here[length]) {
            line_show(there, one, sizeof one);
            line_show(here, other, sizeof other);
            snprintf(message, size, "line %d is %s there and %s here", line, one, other);
            return true;
        }
        there += length + (there[length] != '\0');
        here += length + (here[length] != '\0');
    }
    return false;
}

EpnetStatus epnet_journal_header_same_job(const EpnetJournalHeader *found, const EpnetJournalHeader *expected,
                                          const char *path, EpnetError *error) {
    char what[600];
    char *const *there = found->texts, *const *here = expected->texts;
    if (strcmp(there[EPNET_JOURNAL_SHA256], here[EPNET_JOURNAL_SHA256]) != 0) {
        if (first_difference(there[EPNET_JOURNAL_SPEC], here[EPNET_JOURNAL_SPEC], what, sizeof what))
            return epnet_fail(error, EPNET_IO, "%s holds points of another spec: %s", path, what);
        if (!first_difference(there[EPNET_JOURNAL_FILES], here[EPNET_JOURNAL_FILES], what, sizeof what))
            snprintf(what, sizeof what, "identity %.64s", there[EPNET_JOURNAL_SHA256]);
        return epnet_fail(error, EPNET_IO, "%s holds points of another content of a file of the spec: %s",
                          path, what);
    }
    if (strcmp(there[EPNET_JOURNAL_VERSION], here[EPNET_JOURNAL_VERSION]) != 0)
        return epnet_fail(error, EPNET_IO, "%s holds points of epnet %.50s, this is %s", path,
                          there[EPNET_JOURNAL_VERSION], here[EPNET_JOURNAL_VERSION]);
    if (strcmp(there[EPNET_JOURNAL_BACKEND], here[EPNET_JOURNAL_BACKEND]) != 0)
        return epnet_fail(error, EPNET_IO, "%s holds points computed on %.50s, this run is on %s", path,
                          there[EPNET_JOURNAL_BACKEND], here[EPNET_JOURNAL_BACKEND]);
    return EPNET_OK;
}

/* Spec and version are the same, and yet the bytes are not: builds of one version that keep other values of a
 * point, most likely. */
static EpnetStatus fail_other_build(const EpnetJournalHeader *found, const EpnetJournalHeader *expected,
                                    const char *path, EpnetError *error) {
    static const char *const names[NUMBERS] = {
        "points",
        "shard",
        "overrides",
        "values of a point at the end",
        "extremes of a point",
        "values of a point over all times",
        "values of a point's envelope",
        "values of a point's trajectory",
        "values of the quench",
    };
    uint64_t there[NUMBERS], here[NUMBERS];
    numbers_of(found, there);
    numbers_of(expected, here);
    for (int k = 0; k < NUMBERS; k++)
        if (there[k] != here[k])
            return epnet_fail(error, EPNET_IO,
                              "%s is of another build of epnet %.50s: %s: %" PRIu64 " there and %" PRIu64
                              " here",
                              path, found->texts[EPNET_JOURNAL_VERSION], names[k], there[k], here[k]);
    return epnet_fail(error, EPNET_IO,
                      "%s is of another build of epnet %.50s: the text of the spec in its header differs",
                      path, found->texts[EPNET_JOURNAL_VERSION]);
}

EpnetStatus epnet_journal_header_compare(const EpnetJournalHeader *found, const EpnetJournalHeader *expected,
                                         const char *path, EpnetError *error) {
    if (found->size == expected->size && memcmp(found->bytes, expected->bytes, found->size) == 0)
        return EPNET_OK;
    EpnetStatus status = epnet_journal_header_same_job(found, expected, path, error);
    if (status != EPNET_OK)
        return status;
    if (found->shard != expected->shard || found->shards != expected->shards)
        return epnet_fail(error, EPNET_IO,
                          "%s holds points of shard %" PRIu32 " of %" PRIu32 ", this run is of shard %" PRIu32
                          " of %" PRIu32,
                          path, found->shard, found->shards, expected->shard, expected->shards);
    return fail_other_build(found, expected, path, error);
}
