#include "support/epnet_in.h"

char *folder;

int remove_folder(void **state) {
    (void)state;
    test_folder_remove(folder);
    return 0;
}
