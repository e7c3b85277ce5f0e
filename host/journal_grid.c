#include "journal_grid.h"

#include "dataset.h"
#include "outfile.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record of one of the journals. */
typedef struct Piece {
    const EpnetJournalSource *source;
    const EpnetJournalEntry *entry;
} Piece;

/* Rows on their way from the records to blocks of consecutive grid points. */
typedef struct Assembly {
    const EpnetSpec *spec;
    EpnetRowLayout layout;
    size_t points, block_points;
    size_t piece_count, piece; /* `piece`: the one that is loaded, if `loaded` */
    Piece *pieces;             /* by first point */
    bool loaded;
    EpnetChunk record, block;
} Assembly;

uint64_t epnet_journal_size(const EpnetSpec *spec, uint64_t points) {
    const EpnetRowLayout layout = epnet_row_layout(spec);
    const uint64_t payload = epnet_journal_payload(&layout, points);
    /* Heads, and the header with its session: what a run of a single chunk and one of many have in common. */
    const uint64_t rest = strlen(spec->text) + (1u << 14) + points / 64 * sizeof(EpnetJournalHead);
    return payload < UINT64_MAX - rest ? payload + rest : UINT64_MAX;
}

static int by_first_point(const void *one, const void *other) {
    const uint64_t a = ((const Piece *)one)->entry->head.first, b = ((const Piece *)other)->entry->head.first;
    return a < b ? -1 : a > b;
}

static EpnetStatus assembly_make(const EpnetSpec *spec, const EpnetJournalSource *sources,
                                 size_t source_count, Assembly *assembly, EpnetError *error) {
    const uint64_t block_bytes = (uint64_t)16 << 20;
    size_t longest = 1;
    *assembly = (Assembly){.spec = spec, .layout = epnet_row_layout(spec)};
    assembly->points = epnet_grid_points(spec->axes, spec->axis_count);
    for (size_t s = 0; s < source_count; s++)
        assembly->piece_count += sources[s].content->entry_count;
    assembly->pieces = epnet_calloc(assembly->piece_count, sizeof *assembly->pieces);
    if (assembly->pieces == NULL)
        return epnet_fail_memory(error, assembly->piece_count * sizeof *assembly->pieces,
                                 "the records of a journal");
    size_t at = 0;
    for (size_t s = 0; s < source_count; s++) {
        for (size_t e = 0; e < sources[s].content->entry_count; e++) {
            const EpnetJournalEntry *entry = &sources[s].content->entries[e];
            assembly->pieces[at++] = (Piece){&sources[s], entry};
            longest = entry->head.count > longest ? (size_t)entry->head.count : longest;
        }
    }
    qsort(assembly->pieces, assembly->piece_count, sizeof *assembly->pieces, by_first_point);
    const uint64_t fit = block_bytes / epnet_chunk_bytes(spec, 1);
    assembly->block_points = fit == 0 ? 1 : fit < assembly->points ? (size_t)fit : assembly->points;
    EpnetStatus status = epnet_chunk_alloc(spec, longest, &assembly->record, error);
    if (status == EPNET_OK)
        status = epnet_chunk_alloc(spec, assembly->block_points, &assembly->block, error);
    return status;
}

static void assembly_free(Assembly *assembly) {
    epnet_chunk_free(&assembly->record);
    epnet_chunk_free(&assembly->block);
    free(assembly->pieces);
}

/* Points whose rows come from records of the CPU in place of a device: as piece_load() picks them. */
static size_t assembly_fallback(const Assembly *assembly) {
    size_t count = 0, at = 0;
    for (size_t k = 0; k < assembly->piece_count; k++) {
        const EpnetJournalHead *head = &assembly->pieces[k].entry->head;
        const size_t end = (size_t)(head->first + head->count);
        const size_t first = (size_t)head->first > at ? (size_t)head->first : at;
        if (head->kind == EPNET_JOURNAL_FALLBACK && end > first)
            count += end - first;
        at = end > at ? end : at;
    }
    return count;
}

/* Load the record that holds point `point`, going on from the one before. */
static EpnetStatus piece_load(Assembly *assembly, size_t point, EpnetError *error) {
    const Piece *pieces = assembly->pieces;
    while (assembly->piece < assembly->piece_count) {
        const EpnetJournalHead *head = &pieces[assembly->piece].entry->head;
        if (head->first + head->count > point)
            break;
        assembly->piece++;
        assembly->loaded = false;
    }
    if (assembly->piece == assembly->piece_count || pieces[assembly->piece].entry->head.first > point)
        return epnet_fail(error, EPNET_IO, "point %zu of %zu is in no journal; run again to compute it",
                          point, assembly->points);
    if (assembly->loaded)
        return EPNET_OK;
    const EpnetJournalSource *source = pieces[assembly->piece].source;
    const EpnetJournalEntry *entry = pieces[assembly->piece].entry;
    EpnetStatus status = epnet_journal_chunk_read(source->fd, source->path, source->header, &entry->head,
                                                  entry->offset, &assembly->record, error);
    assembly->loaded = status == EPNET_OK;
    return status;
}

static void part_copy(double *to, size_t at, const double *from, size_t index, size_t count, size_t values) {
    if (values > 0)
        memcpy(to + at * values, from + index * values, count * values * sizeof(double));
}

/* Copy `count` points of the loaded record from its point `index` on to point `at` of the block. */
static void rows_copy(Assembly *assembly, size_t index, size_t count, size_t at) {
    const EpnetRowLayout *layout = &assembly->layout;
    const EpnetRows *from = &assembly->record.rows;
    EpnetRows *to = &assembly->block.rows;
    memcpy(to->status + at, from->status + index, count * sizeof *to->status);
    part_copy(to->last, at, from->last, index, count, layout->last);
    part_copy(to->extremes, at, from->extremes, index, count, layout->extremes);
    part_copy(to->point, at, from->point, index, count, layout->point);
    part_copy(to->envelope, at, from->envelope, index, count, layout->envelope);
    part_copy(to->trajectory, at, from->trajectory, index, count, layout->trajectory);
    part_copy(to->leak_curve, 0, from->leak_curve, 0, 1, layout->curve);
}

/* Fill the block with points [first, first + count). */
static EpnetStatus block_fill(Assembly *assembly, size_t first, size_t count, EpnetError *error) {
    for (size_t done = 0; done < count;) {
        EpnetStatus status = piece_load(assembly, first + done, error);
        if (status != EPNET_OK)
            return status;
        const EpnetJournalHead *head = &assembly->pieces[assembly->piece].entry->head;
        const size_t index = first + done - (size_t)head->first, rest = (size_t)head->count - index;
        const size_t some = rest < count - done ? rest : count - done;
        rows_copy(assembly, index, some, done);
        done += some;
    }
    epnet_chunk_set(&assembly->block, assembly->spec, first, count);
    return EPNET_OK;
}

/* Writing a grid file, as it crosses to the process that does it. */
typedef struct Writing {
    const EpnetSpec *spec;
    const EpnetJournalSource *sources;
    size_t source_count;
    const char *output;
    EpnetFailures *failures;
} Writing;

static EpnetStatus grid_write(void *context, EpnetError *error) {
    const Writing *writing = context;
    const EpnetSpec *spec = writing->spec;
    const char *backend = writing->sources[0].header->texts[EPNET_JOURNAL_BACKEND];
    char device[128];
    Assembly assembly;
    EpnetDataset *dataset = NULL;
    EpnetStatus status = assembly_make(spec, writing->sources, writing->source_count, &assembly, error);
    const size_t fallback = status == EPNET_OK ? assembly_fallback(&assembly) : 0;
    if (fallback == 0)
        snprintf(device, sizeof device, "%.60s", backend);
    else
        snprintf(device, sizeof device, "%.60s, with %zu of %zu points on cpu", backend, fallback,
                 assembly.points);
    if (status == EPNET_OK)
        status = epnet_dataset_create(spec, writing->output, device, &dataset, error);
    for (size_t first = 0; first < assembly.points && status == EPNET_OK; first += assembly.block_points) {
        const size_t rest = assembly.points - first,
                     count = rest < assembly.block_points ? rest : assembly.block_points;
        status = block_fill(&assembly, first, count, error);
        if (status == EPNET_OK)
            status = epnet_dataset_write(dataset, first, count, &assembly.block.rows, error);
        if (status == EPNET_OK)
            epnet_failures_add(writing->failures, first, count, assembly.block.points, &assembly.block.rows);
    }
    if (status == EPNET_OK)
        status = epnet_dataset_commit(dataset, error);
    else
        epnet_dataset_discard(dataset);
    assembly_free(&assembly);
    return status;
}

EpnetStatus epnet_journal_to_grid(const EpnetSpec *spec, const EpnetJournalSource *sources,
                                  size_t source_count, const char *output, const EpnetStop *stop,
                                  EpnetFailures *failures, EpnetError *error) {
    char action[1024];
    snprintf(action, sizeof action, "cannot write %.1000s", output);
    memset(failures, 0, sizeof *failures);
    if (epnet_stop_due(stop))
        return epnet_fail(error, EPNET_INTERRUPTED, "%s: interrupted", action);
    Writing writing = {spec, sources, source_count, output, failures};
    const EpnetIsolated isolated = {.work = grid_write,
                                    .context = &writing,
                                    .answer = failures,
                                    .answer_size = sizeof *failures,
                                    .action = action,
                                    .stop = stop != NULL ? stop->flag : NULL,
                                    .until = stop != NULL ? stop->until : 0};
    EpnetStatus status = epnet_isolate(&isolated, error);
    if (status != EPNET_OK) /* a process that has crashed has not cleaned up */
        epnet_outfile_clean(output);
    return status;
}

/* Count the failed ones of points [first, first + count) of the loaded record. */
static void record_count(Assembly *assembly, size_t first, size_t count, EpnetFailures *failures) {
    const size_t index = first - (size_t)assembly->pieces[assembly->piece].entry->head.first;
    const EpnetRows *rows = &assembly->record.rows;
    const EpnetRows some = {.status = rows->status + index,
                            .point = rows->point + index * assembly->layout.point};
    epnet_chunk_set(&assembly->record, assembly->spec, first, count);
    epnet_failures_add(failures, first, count, assembly->record.points, &some);
}

EpnetStatus epnet_journal_failures(const EpnetSpec *spec, const EpnetJournalSource *source,
                                   const EpnetStop *stop, EpnetFailures *failures, EpnetError *error) {
    Assembly assembly;
    EpnetStopLook look = {.stop = stop};
    memset(failures, 0, sizeof *failures);
    size_t at = 0; /* points before it are counted */
    EpnetStatus status = assembly_make(spec, source, 1, &assembly, error);
    for (size_t k = 0; k < assembly.piece_count && status == EPNET_OK; k++) {
        const EpnetJournalHead *head = &assembly.pieces[k].entry->head;
        const size_t end = (size_t)(head->first + head->count);
        const size_t first = (size_t)head->first > at ? (size_t)head->first : at;
        if (end <= first)
            continue;
        status = epnet_stop_after(&look, head->length)
                     ? epnet_fail(error, EPNET_INTERRUPTED, "cannot read %s: interrupted", source->path)
                     : piece_load(&assembly, first, error);
        if (status == EPNET_OK)
            record_count(&assembly, first, end - first, failures);
        at = end;
    }
    assembly_free(&assembly);
    return status;
}
