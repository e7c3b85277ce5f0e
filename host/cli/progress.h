/* Progress of a run: a bar on a terminal, plain lines elsewhere (both on standard error), JSON events on
 * standard output, or nothing. */
#ifndef EPNET_CLI_PROGRESS_H
#define EPNET_CLI_PROGRESS_H

#include "epnet.h"

typedef enum EpnetProgressStyle {
    EPNET_PROGRESS_NONE,
    EPNET_PROGRESS_BAR,
    EPNET_PROGRESS_LINES,
    EPNET_PROGRESS_JSON
} EpnetProgressStyle;

typedef struct EpnetProgressView {
    EpnetProgressStyle style;
    bool unicode;        /* the terminal shows block characters */
    bool shown;          /* the bar stands on the screen */
    bool resumed;        /* it was said that the run goes on from another */
    bool damaged;        /* it was said that the journal is damaged */
    double shown_at;     /* [s] since the start of the run, of what was shown last */
    size_t shown_points; /* points done then */
} EpnetProgressView;

/* The view that fits the wishes and what standard error is. */
EpnetProgressView epnet_progress_view(bool json, bool quiet);

/* Show progress, unless it is too soon after the last time; `context` is the view. */
void epnet_progress_show(const EpnetProgress *progress, void *context);

/* Say once, whatever the style, that `damaged` places of the journal did not verify, unless there are none.
 */
void epnet_progress_tell_damage(EpnetProgressView *view, uint64_t damaged);

/* Take the bar off the screen, before other text is printed. */
void epnet_progress_clear(EpnetProgressView *view);

#endif
