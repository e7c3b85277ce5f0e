#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *epnet_text_count(EpnetText *text, uint64_t count) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *to = text->text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text->text;
}

/* Three significant digits of a value below 1024. */
static void print_scaled(EpnetText *text, double value, const char *unit) {
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text->text, sizeof text->text, "%.*f%s%s", decimals, value, unit[0] != '\0' ? " " : "", unit);
}

const char *epnet_text_bytes(EpnetText *text, uint64_t bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1023.5 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1024;
    if (unit == 0)
        snprintf(text->text, sizeof text->text, "%" PRIu64 " bytes", bytes);
    else
        print_scaled(text, value, units[unit]);
    return text->text;
}

const char *epnet_text_quantity(EpnetText *text, double quantity) {
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t prefix = 0;
    for (; quantity >= 999.5 && prefix + 1 < sizeof prefixes / sizeof prefixes[0]; prefix++)
        quantity /= 1000;
    print_scaled(text, quantity, prefixes[prefix]);
    return text->text;
}

const char *epnet_text_seconds(EpnetText *text, double seconds) {
    const double minute = 60, hour = 3600, day = 86400;
    if (!(seconds < 100 * 365.25 * day))
        snprintf(text->text, sizeof text->text, "over a century");
    else if (seconds < 0.9995)
        snprintf(text->text, sizeof text->text, seconds < 0.00995 ? "%.1f ms" : "%.0f ms", seconds * 1000);
    else if (seconds < 59.95)
        snprintf(text->text, sizeof text->text, "%.1f s", seconds);
    else if (seconds < hour - 0.5) {
        long whole = lround(seconds);
        snprintf(text->text, sizeof text->text, "%ld min %02ld s", whole / 60, whole % 60);
    } else if (seconds < day - minute / 2) {
        long whole = lround(seconds / minute);
        snprintf(text->text, sizeof text->text, "%ld h %02ld min", whole / 60, whole % 60);
    } else {
        long whole = lround(seconds / hour);
        snprintf(text->text, sizeof text->text, "%ld d %ld h", whole / 24, whole % 24);
    }
    return text->text;
}
