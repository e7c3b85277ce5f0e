/* epnet info: what this program is and what it can compute on. */
#include "cli.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

enum { JSON_OPTION = 256 };

static error_t parse(int key, char *value, struct argp_state *state) {
    bool *json = state->input;
    (void)value;
    if (key == JSON_OPTION) {
        *json = true;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* What a device is, or why it does not answer. */
static EpnetDeviceInfo device_info(size_t backend, int device) {
    EpnetDeviceInfo info = {"", ""};
    EpnetError error;
    if (epnet_backend_device(backend, device, &info, &error) != EPNET_OK)
        snprintf(info.details, sizeof info.details, "%.*s", (int)sizeof info.details - 1, error.message);
    return info;
}

static void print_json_devices(size_t backend, int count) {
    epnet_json_array_begin("devices");
    for (int device = 0; device < count; device++) {
        const EpnetDeviceInfo info = device_info(backend, device);
        epnet_json_object_begin(NULL);
        epnet_json_count("index", (uint64_t)device);
        epnet_json_text("name", info.name);
        epnet_json_text("details", info.details);
        epnet_json_object_end();
    }
    epnet_json_array_end();
}

static void print_json(void) {
    epnet_json_object_begin(NULL);
    epnet_json_text("version", epnet_version());
    epnet_json_text("build", epnet_build_info());
    epnet_json_array_begin("backends");
    for (size_t i = 0; i < epnet_backend_count(); i++) {
        EpnetBackendInfo backend = epnet_backend_info(i);
        epnet_json_object_begin(NULL);
        epnet_json_text("name", backend.name);
        epnet_json_flag("built", backend.built);
        epnet_json_text("description", backend.description);
        print_json_devices(i, backend.device_count);
        epnet_json_object_end();
    }
    epnet_json_array_end();
    epnet_json_object_end();
    epnet_json_line_end();
}

static void print_page(void) {
    printf("epnet %s\n\n  build     %s\n\n", epnet_version(), epnet_build_info());
    for (size_t i = 0; i < epnet_backend_count(); i++) {
        EpnetBackendInfo backend = epnet_backend_info(i);
        printf("  %-8s  %-9s  %s\n", backend.name, backend.built ? "built" : "not built",
               backend.description);
        for (int device = 0; device < backend.device_count; device++) {
            const EpnetDeviceInfo info = device_info(i, device);
            if (strstr(backend.description, info.name) == NULL) /* the host's own line names it */
                printf("    %s:%-4d  %s, %s\n", backend.name, device, info.name, info.details);
        }
    }
}

int epnet_cli_info(int argc, char **argv) {
    static const struct argp_option options[] = {
        {"json", JSON_OPTION, NULL, 0, "Print one JSON object", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse,
        .doc = "Print the version, the build, and the backends: which are built and what they run on.",
    };
    bool json = false;
    epnet_cli_parse(&parser, argc, argv, 0, &json);
    if (json)
        print_json();
    else
        print_page();
    return EPNET_OK;
}
