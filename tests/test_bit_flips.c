/* One flipped bit in any byte of a grid file or of a journal is detected, or it changes nothing that is read:
 * never a wrong number. With EPNET_TEST_LONG every bit of every byte. */
#include "journal.h"
#include "result.h"
#include "support/check.h"
#include "support/made_grid.h"
#include "support/scratch.h"
#include "support/spec_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Counts {
    size_t tried, detected, harmless;
} Counts;

static bool every_bit(void) {
    return getenv("EPNET_TEST_LONG") != NULL;
}

/* The bits of a byte that are flipped, as a mask: all, or one that looks random. */
static unsigned bits_of(size_t at) {
    return every_bit() ? 0xFF : 1u << (at * 2654435761u >> 7) % 8;
}

static void print_counts(const char *what, size_t size, const Counts *counts) {
    print_message("%s of %zu bytes: %zu bits flipped, %zu detected, %zu harmless\n", what, size,
                  counts->tried, counts->detected, counts->harmless);
    assert_int_equal(counts->tried, counts->detected + counts->harmless);
}

static void byte_put(int fd, size_t at, unsigned char byte) {
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* ---- grid file ------------------------------------------------------------------------------------------
 */

/* Everything that is read of a grid file: texts, axes, times, columns of both tables. */
static char *content_of(const EpnetResult *result, size_t *size) {
    char *text = NULL;
    FILE *stream = open_memstream(&text, size);
    EpnetError error;
    const size_t points = epnet_result_points(result), times = epnet_result_time_count(result);
    double *values = calloc(points > times ? points : times, sizeof *values);
    assert_true(stream != NULL && values != NULL);
    for (size_t k = 0; k < result->text_count; k++)
        fprintf(stream, "%s=%s\n", result->texts[k].name, result->texts[k].text);
    for (size_t a = 0; a < result->axis_count; a++) {
        fprintf(stream, "%s %s\n", result->axes[a].name, result->axes[a].unit);
        fwrite(result->axes[a].values, sizeof(double), result->axes[a].size, stream);
    }
    fwrite(epnet_result_times(result), sizeof(double), times, stream);
    for (size_t c = 0; c < epnet_result_column_count(result); c++) {
        const char *name = epnet_result_column_name(result, c);
        fprintf(stream, "%s %s\n", name, epnet_result_column_unit(result, c));
        assert_int_equal(epnet_result_column(result, name, values, &error), EPNET_OK);
        fwrite(values, sizeof(double), points, stream);
        for (size_t p = 0; p < points && epnet_result_has(result, EPNET_TABLE_TRAJECTORY, c); p++) {
            assert_int_equal(epnet_result_trajectory(result, name, p, values, &error), EPNET_OK);
            fwrite(values, sizeof(double), times, stream);
        }
    }
    assert_int_equal(fclose(stream), 0);
    free(values);
    return text;
}

/* Open the file as it is now: refused in words, or the same content. */
static void grid_try(const char *path, const char *content, size_t content_size, Counts *counts) {
    EpnetResult *result;
    EpnetError error = {0};
    counts->tried++;
    if (epnet_result_open(path, &result, &error) != EPNET_OK) {
        assert_int_equal(error.status, EPNET_IO);
        assert_non_null(strstr(error.message, path));
        counts->detected++;
        return;
    }
    size_t size;
    char *found = content_of(result, &size);
    assert_int_equal(size, content_size);
    assert_memory_equal(found, content, size);
    free(found);
    epnet_result_close(result);
    counts->harmless++;
}

static void grid_file(void **state) {
    (void)state;
    MadeSpec made = made_shape(2);
    made.cut_count = 1;
    made.sizes[0] = 3;
    made.sizes[1] = 2;
    EpnetSpec *spec = made_spec(&made);
    char path[512];
    size_t size, content_size;
    Counts counts = {0, 0, 0};
    snprintf(path, sizeof path, "%s", scratch_path("a.nc"));
    made_grid_write(spec, path, 6, false);
    EpnetResult *result = made_result_open(path);
    char *content = content_of(result, &content_size), *bytes = file_bytes(path, &size);
    epnet_result_close(result);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            if ((bits_of(at) & bit) == 0)
                continue;
            byte_put(fd, at, (unsigned char)((unsigned char)bytes[at] ^ bit));
            grid_try(path, content, content_size, &counts);
        }
        byte_put(fd, at, (unsigned char)bytes[at]);
    }
    close(fd);
    print_counts("a grid file", size, &counts);
    assert_true(counts.harmless <=
                14 * 8); /* the words before the checksum: the file is then one without it */
    free(content);
    free(bytes);
    made_spec_free(spec);
}

/* ---- journal --------------------------------------------------------------------------------------------
 */

static const char spec_text[] =
    "[network]\nnodes = 2\ncopy_total = 1.3\nflip_up = 0.7\n[observe]\ncut = [0]\n"
    "[solve]\nt_end = 1.0\nsamples = 2\n[output]\ntrajectories = true\n"
    "[sweep]\ndrive = { from = 0.5, to = 3.0, points = 9 }\n";

/* The points that a journal holds, with their rows. */
typedef struct Kept {
    EpnetJournalHeader header;
    EpnetJournalContent content;
    EpnetChunk *chunks; /* one per entry */
} Kept;

/* Read a journal with every row. False: its header is refused in words. */
static bool kept_read(int fd, const char *path, const EpnetSpec *spec, Kept *kept) {
    EpnetError error = {0};
    if (epnet_journal_header_read(fd, path, &kept->header, &error) != EPNET_OK) {
        assert_int_equal(error.status, EPNET_IO);
        assert_non_null(strstr(error.message, path));
        return false;
    }
    assert_int_equal(epnet_journal_read(fd, path, &kept->header, true, NULL, &kept->content, &error),
                     EPNET_OK);
    kept->chunks = calloc(kept->content.entry_count + 1, sizeof *kept->chunks);
    assert_non_null(kept->chunks);
    for (size_t e = 0; e < kept->content.entry_count; e++) {
        const EpnetJournalEntry *entry = &kept->content.entries[e];
        assert_int_equal(epnet_chunk_alloc(spec, (size_t)entry->head.count, &kept->chunks[e], &error),
                         EPNET_OK);
        assert_int_equal(epnet_journal_chunk_read(fd, path, &kept->header, &entry->head, entry->offset,
                                                  &kept->chunks[e], &error),
                         EPNET_OK);
    }
    return true;
}

static void kept_free(Kept *kept) {
    for (size_t e = 0; e < kept->content.entry_count; e++)
        epnet_chunk_free(&kept->chunks[e]);
    free(kept->chunks);
    epnet_journal_content_free(&kept->content);
    epnet_journal_header_free(&kept->header);
}

static void chunks_equal(const EpnetRowLayout *layout, const EpnetChunk *one, const EpnetChunk *other,
                         size_t count) {
    assert_memory_equal(one->rows.status, other->rows.status, count * sizeof(int));
    assert_memory_equal(one->rows.last, other->rows.last, count * layout->last * sizeof(double));
    assert_memory_equal(one->rows.extremes, other->rows.extremes, count * layout->extremes * sizeof(double));
    assert_memory_equal(one->rows.point, other->rows.point, count * layout->point * sizeof(double));
    assert_memory_equal(one->rows.envelope, other->rows.envelope, count * layout->envelope * sizeof(double));
    assert_memory_equal(one->rows.trajectory, other->rows.trajectory,
                        count * layout->trajectory * sizeof(double));
}

/* Read the journal as it is now: refused, or damaged and the rest right, or as it was. */
static void journal_try(int fd, const char *path, const EpnetSpec *spec, const Kept *whole, Counts *counts) {
    Kept found;
    counts->tried++;
    if (!kept_read(fd, path, spec, &found)) {
        counts->detected++;
        return;
    }
    const size_t lost = whole->content.entry_count - found.content.entry_count;
    assert_true(found.content.entry_count <= whole->content.entry_count && lost <= 1);
    assert_true(lost == 0 || found.content.damaged == 1);
    for (size_t e = 0, w = 0; e < found.content.entry_count; e++, w++) {
        if (whole->content.entries[w].offset != found.content.entries[e].offset)
            w++; /* the one that was lost */
        assert_int_equal(found.content.entries[e].head.first, whole->content.entries[w].head.first);
        chunks_equal(&whole->header.layout, &found.chunks[e], &whole->chunks[w],
                     (size_t)found.content.entries[e].head.count);
    }
    assert_true(found.content.damaged > 0); /* every byte counts */
    counts->detected++;
    kept_free(&found);
}

static EpnetStatus run_shard(const EpnetSpec *spec, int shard, bool restart, EpnetError *error) {
    EpnetRunOptions options = {.threads = 1, .batch = 2, .shard = shard, .shards = 2, .restart = restart};
    return epnet_run(spec, scratch_path("j.nc"), &options, NULL, error);
}

/* The journal with one bit flipped is gone on from as a run would: the grid file has the same bytes. */
static void resume_try(const EpnetSpec *spec, const char *bytes, size_t size, size_t at, size_t *refused) {
    char path[512];
    EpnetError error = {0};
    EpnetRunSummary summary;
    char *flipped = malloc(size);
    assert_non_null(flipped);
    memcpy(flipped, bytes, size);
    flipped[at] = (char)(flipped[at] ^ (char)bits_of(at));
    snprintf(path, sizeof path, "%s", scratch_path("j.nc.shard-1-of-2.journal"));
    file_write(path, flipped, size);
    free(flipped);
    EpnetStatus status = run_shard(spec, 1, false, &error);
    if (status != EPNET_OK) {
        assert_int_equal(status, EPNET_IO);
        assert_non_null(strstr(error.message, "--restart"));
        ++*refused;
        assert_int_equal(run_shard(spec, 1, true, &error), EPNET_OK);
    }
    const char *output = scratch_path("j.nc");
    if (epnet_merge(output, NULL, &summary, &error) != EPNET_OK)
        fail_msg("%s", error.message);
    assert_true(files_equal(scratch_path("reference.nc"), scratch_path("j.nc")));
    remove(scratch_path("j.nc"));
}

static void journal(void **state) {
    (void)state;
    EpnetSpec *spec = spec_text_good(spec_text, NULL);
    EpnetError error;
    Kept whole;
    Counts counts = {0, 0, 0};
    char path[512];
    size_t size, refused = 0;
    assert_int_equal(epnet_run(spec, scratch_path("reference.nc"), NULL, NULL, &error), EPNET_OK);
    for (int shard = 1; shard <= 2; shard++)
        if (run_shard(spec, shard, false, &error) != EPNET_OK)
            fail_msg("%s", error.message);
    snprintf(path, sizeof path, "%s", scratch_path("j.nc.shard-1-of-2.journal"));
    char *bytes = file_bytes(path, &size), *other = NULL;
    size_t other_size;
    other = file_bytes(scratch_path("j.nc.shard-2-of-2.journal"), &other_size);
    assert_non_null(bytes);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && kept_read(fd, path, spec, &whole));
    assert_true(whole.content.entry_count >= 2 && whole.content.damaged == 0);
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            if ((bits_of(at) & bit) == 0)
                continue;
            byte_put(fd, at, (unsigned char)((unsigned char)bytes[at] ^ bit));
            journal_try(fd, path, spec, &whole, &counts);
        }
        byte_put(fd, at, (unsigned char)bytes[at]);
    }
    close(fd);
    print_counts("a journal", size, &counts);
    const size_t stride = every_bit() ? 7 : size / 24;
    size_t resumed = 0;
    for (size_t at = 3; at < size; at += stride, resumed++) {
        file_write(scratch_path("j.nc.shard-2-of-2.journal"), other, other_size);
        resume_try(spec, bytes, size, at, &refused);
    }
    print_message("%zu runs went on from it, %zu refused until --restart: the same bytes\n", resumed,
                  refused);
    kept_free(&whole);
    free(bytes);
    free(other);
    epnet_spec_free(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(grid_file, spec_text_setup, spec_text_teardown),
        cmocka_unit_test_setup_teardown(journal, spec_text_setup, spec_text_teardown),
    };
    return cmocka_run_group_tests_name("bit_flips", tests, NULL, NULL);
}
