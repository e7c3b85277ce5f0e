/* epnet info: what this program is and what it can compute on. */
#include "cli.h"
#include "json.h"

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
    argp_parse(&parser, argc, argv, 0, NULL, &json);
    if (json)
        print_json();
    else
        print_page();
    return EPNET_OK;
}
