/* Numbers with a point, whatever the language of the program that calls the library. */
#ifndef EPNET_HOST_PLAIN_LOCALE_H
#define EPNET_HOST_PLAIN_LOCALE_H

#include <locale.h>

typedef struct EpnetLocale {
    locale_t plain, before;
} EpnetLocale;

/* Give this thread the C locale until epnet_locale_leave. */
static inline EpnetLocale epnet_locale_enter(void) {
    EpnetLocale locale = {newlocale(LC_ALL_MASK, "C", (locale_t)0), (locale_t)0};
    locale.before = uselocale(locale.plain);
    return locale;
}

static inline void epnet_locale_leave(EpnetLocale locale) {
    uselocale(locale.before);
    if (locale.plain != (locale_t)0)
        freelocale(locale.plain);
}

#endif
