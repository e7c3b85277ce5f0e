/* Figures of grid files whose values are formulas of the axes, and a look at what was drawn. Grid files and
 * figures go by their names in the scratch folder, but for the path that figure_grid_write takes. */
#ifndef EPNET_TESTS_MADE_FIGURE_H
#define EPNET_TESTS_MADE_FIGURE_H

#include "dataset.h"
#include "made_spec.h"

/* Value of one column: `x` and `y` are the axes' values (y the first axis), `t` the time. */
typedef double Formula(size_t index, double x, double y, double t);

/* Capacity and production across the cut such that capacity ln 2 = production where y = 0.7 x^0.25;
 * everything else spans decades. */
double figure_powers(size_t index, double x, double y, double t);

double figure_linear(size_t index, double x, double y, double t);

/* A trajectory as the paper's: dI/dt peaks at t = 2 with 0.4, the production is infinite at t = 0 and falls
 * below dI/dt from t = 8 on. */
double figure_course(size_t index, double x, double y, double t);

/* Up to three axes: drive (9 values) and copy_total (11) from 0.1 to 10, logarithmic, and flip_up (3). */
MadeSpec figure_shape(EpnetKind kind, size_t axis_count);

/* Write the grid file of a spec with rows from a formula; point 5 of several has failed. */
void figure_grid_write(const MadeSpec *made, Formula *formula, const char *path);

/* Draw, which must succeed; or fail with this status and a message that contains `reason`. */
void figure_draw(const char *grid, const char *quantity, const char *figure);
void figure_draw_fails(EpnetStatus status, const char *grid, const char *quantity, const char *figure,
                       const char *reason);

/* Whether a file contains a text. */
bool figure_contains(const char *name, const char *text);

/* Fail unless this is a picture of the size that all have, complete to its last byte. */
void figure_check_png(const char *name);

#endif
