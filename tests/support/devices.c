/* Tests run on the CPU wherever they are not about devices: where there is a GPU, `--device auto` would take
 * it, with other chunks, other bytes and another device line than the tests expect. Every test program starts
 * so, by ctest or by hand, and what it starts inherits it; the emulated devices do not look. What the device
 * itself has to be held to is the test "device_check". */
#include <stdlib.h>

__attribute__((constructor)) void test_hide_devices(void);

void test_hide_devices(void) {
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
}
