/* One plot, or two with a common horizontal axis: the vertical scale of curves, and where a panel stands. */
#ifndef EPNET_HOST_FIGURE_PANEL_H
#define EPNET_HOST_FIGURE_PANEL_H

#include "figure.h"

/* Where a panel stands: alone, in a pair, or either with room for a key under it. */
typedef enum EpnetPanelPlace {
    EPNET_PANEL_ALONE,
    EPNET_PANEL_OVER_KEY,
    EPNET_PANEL_UPPER,
    EPNET_PANEL_LOWER,
    EPNET_PANEL_UPPER_OVER_KEY,
    EPNET_PANEL_LOWER_OVER_KEY
} EpnetPanelPlace;

/* The vertical axis of a panel. */
typedef struct EpnetPanel {
    bool log; /* more than a few values are decades under the largest, and at most a few under the floor */
    double
        floor; /* where a logarithmic axis begins: the least positive value within `decades` of the largest */
    double least, most; /* of all values */
    size_t below;       /* finite values under the floor, which a logarithmic axis does not show */
} EpnetPanel;

/* The axis for all of `arrays` arrays of `count` values; what is not finite does not count. */
EpnetPanel epnet_panel_survey(double decades, size_t arrays, const double *const *values, size_t count);

/* Margins, and the label and scale of the vertical axis. */
void epnet_panel_describe(const EpnetPanel *panel, EpnetPanelPlace place, const char *label, FILE *script);

/* What a logarithmic axis leaves out, as a sentence for the third line of the titles; "" if nothing. */
void epnet_panel_note(const EpnetPanel *panel, char *text);

#endif
