/* A driver's library for gpu_check.sh: FAKE_CUDA is the code that cuInit() gives, FAKE_CUDA_DEVICES how many
 * devices of compute capability FAKE_CUDA_CAPABILITY (9.0 is 90) there are, FAKE_CUDA_VERSION the release
 * that it is for (12.8 is 12080). */
#include <stdio.h>
#include <stdlib.h>

static int setting(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text != NULL ? atoi(text) : otherwise;
}

int cuInit(unsigned flags) {
    (void)flags;
    return setting("FAKE_CUDA", 0);
}

int cuGetErrorName(int code, const char **text) {
    *text = code == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : NULL;
    return *text == NULL;
}

int cuGetErrorString(int code, const char **text) {
    *text = code == 803 ? "system has unsupported display driver / cuda driver combination" : NULL;
    return *text == NULL;
}

int cuDriverGetVersion(int *version) {
    *version = setting("FAKE_CUDA_VERSION", 13000);
    return 0;
}

int cuDeviceGetCount(int *count) {
    *count = setting("FAKE_CUDA_DEVICES", 1);
    return 0;
}

int cuDeviceGet(int *device, int index) {
    *device = index;
    return 0;
}

int cuDeviceGetName(char *name, int size, int device) {
    snprintf(name, (size_t)size, "Fake %d", device);
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    const int capability = setting("FAKE_CUDA_CAPABILITY", 90);
    (void)device;
    *value = attribute == 13 ? 1980000 : attribute == 75 ? capability / 10 : capability % 10;
    return 0;
}
