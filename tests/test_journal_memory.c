/* A journal that cannot be checked for want of memory is not taken for a damaged one, whose points would go.
 */
#include "journal.h"
#include "support/check.h"
#include "support/program.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

static const char spec[] = "[network]\nnodes = 9\n"
                           "[output]\ntrajectories = false\n"
                           "[sweep]\ncopy_total = { from = 1.0, to = 1000.0, points = 100000 }\n";

static int until_refused; /* calls; 0: none is */

/* In place of libcrypto's. */
EVP_MD_CTX *EVP_MD_CTX_new(void) {
    EVP_MD_CTX *(*next)(void) = (EVP_MD_CTX * (*)(void)) dlsym(RTLD_NEXT, "EVP_MD_CTX_new");
    assert_non_null(next);
    return until_refused > 0 && --until_refused == 0 ? NULL : next();
}

static void no_point_is_taken_for_damaged(void **state) {
    (void)state;
    char *folder = test_folder_make(), *path = test_path(folder, "grid.nc.journal");
    test_file_write(folder, "spec.toml", spec);
    const char *const command[] = {EPNET_PROGRAM, "run", "spec.toml",   "-o",      "grid.nc",
                                   "--batch",     "1",   "--max-hours", "0.00005", NULL};
    test_output_expect(test_program_run(folder, NULL, command), 75, "", "points are kept");
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    EpnetJournalHeader header;
    EpnetJournalContent whole, content;
    EpnetError error;
    assert_int_equal(epnet_journal_header_read(fd, path, &header, &error), EPNET_OK);
    assert_int_equal(epnet_journal_read(fd, path, &header, true, &whole, &error), EPNET_OK);
    assert_true(whole.entry_count > 0 && whole.damaged == 0);
    for (int k = 1; k <= 4; k++) { /* the session's record and a chunk's: a head and a payload each */
        until_refused = k;
        assert_int_equal(epnet_journal_read(fd, path, &header, true, &content, &error), EPNET_DEVICE);
        assert_int_equal(until_refused, 0);
    }
    epnet_journal_header_free(&header);
    until_refused = 1;
    assert_int_equal(epnet_journal_header_read(fd, path, &header, &error), EPNET_DEVICE);
    epnet_journal_content_free(&whole);
    close(fd);
    free(path);
    test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_point_is_taken_for_damaged)};
    return cmocka_run_group_tests_name("journal_memory", tests, NULL, NULL);
}
