#include "support/kept.h"
#include "journal.h"
#include "support/check.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

size_t test_kept(const char *path, bool *kept, size_t points) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    EpnetJournalHeader header;
    EpnetJournalContent content;
    size_t count = 0;
    memset(kept, 0, points * sizeof *kept);
    if (fd >= 0 && epnet_journal_header_read(fd, path, &header, NULL) == EPNET_OK) {
        assert_int_equal(header.points, points);
        assert_int_equal(epnet_journal_read(fd, path, &header, true, NULL, &content, NULL), EPNET_OK);
        for (size_t e = 0; e < content.entry_count; e++)
            memset(kept + content.entries[e].head.first, 1, content.entries[e].head.count * sizeof *kept);
        epnet_journal_content_free(&content);
        epnet_journal_header_free(&header);
    }
    if (fd >= 0)
        close(fd);
    for (size_t k = 0; k < points; k++)
        count += kept[k];
    return count;
}
