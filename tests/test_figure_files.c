/* Figures as files: script, data and picture are made, the same every time and by hand, under any name; and
 * whatever is in the way of a figure is said. */
#include "columns.h"
#include "support/check.h"
#include "support/made_figure.h"
#include "support/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int shell(const char *format, const char *argument) {
    char command[1024];
    assert_true(snprintf(command, sizeof command, format, argument) < (int)sizeof command);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Twice the same bytes, and a third time by running the script by hand in its folder. */
static void reproduces(const MadeSpec *made, Formula *formula) {
    const char *const extensions[] = {"png", "svg"};
    const char *folder = scratch_make();
    figure_grid_write(made, formula, scratch_path("a.nc"));
    for (int k = 0; k < 2; k++) {
        char one[16], other[16];
        snprintf(one, sizeof one, "a.%s", extensions[k]);
        snprintf(other, sizeof other, "b.%s", extensions[k]);
        figure_draw("a.nc", NULL, one);
        assert_int_equal(rename(scratch_path(one), scratch_path(other)), 0);
        figure_draw("a.nc", NULL, one);
        assert_true(files_equal(scratch_path(one), scratch_path(other)));
        assert_int_equal(unlink(scratch_path(one)), 0);
        assert_int_equal(shell("cd '%s' && gnuplot -d a.gp", folder), 0);
        assert_true(files_equal(scratch_path(one), scratch_path(other)));
    }
    scratch_remove();
}

static void test_reproducible(void **state) {
    (void)state;
    const MadeSpec heatmap = figure_shape(EPNET_STATIONARY, 2), curves = figure_shape(EPNET_STATIONARY, 1);
    const MadeSpec trajectory = figure_shape(EPNET_TRAJECTORY, 0);
    reproduces(&heatmap, figure_powers);
    reproduces(&curves, figure_powers);
    reproduces(&trajectory, figure_course);
}

/* A title is text and nothing else: no command of gnuplot or the shell, no markup. */
static void test_hostile_title(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_STATIONARY, 1);
    char title[256];
    const char *folder = scratch_make();
    snprintf(title, sizeof title, "_a^b {x} @y & ~z it's \"q\" `touch %s/b` \\\n!", folder);
    made.title = title;
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw("a.nc", NULL, "a.png");
    figure_check_png("a.png");
    assert_int_equal(scratch_entries(), 4);
    assert_true(figure_contains("a.gp", "\\_a\\^b \\{x\\} \\@y \\& \\~z"));
    scratch_remove();
}

static void test_names(void **state) {
    (void)state;
    const MadeSpec made = figure_shape(EPNET_STATIONARY, 1);
    const char *const names[] = {"it's a figure.png", "-d.png", "A.PNG", ".hidden.svg"};
    const char *folder = scratch_make();
    char here[512];
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    for (int k = 0; k < 4; k++) {
        figure_draw("a.nc", NULL, names[k]);
        assert_true(file_exists(scratch_path(names[k])));
    }
    assert_int_equal(scratch_entries(), 13);
    figure_draw_fails(EPNET_USAGE, "a.nc", NULL, "a.pdf", "ends in .png or .svg");
    figure_draw_fails(EPNET_USAGE, "a.nc", NULL, "png", "ends in .png or .svg");
    figure_draw_fails(EPNET_USAGE, "a.nc", NULL, "a\n.png", "control character");
    /* in the current folder, and through a link to a picture elsewhere */
    EpnetError error;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(epnet_plot("a.nc", NULL, "here.png", &error), EPNET_OK);
    assert_int_equal(symlink("here.png", "link.png"), 0);
    assert_int_equal(epnet_plot("a.nc", NULL, "link.png", &error), EPNET_OK);
    assert_int_equal(chdir(here), 0);
    assert_true(files_equal(scratch_path("here.png"), scratch_path("link.png")));
    figure_check_png("here.png");
    scratch_remove();
}

/* A program called gnuplot that is not gnuplot. */
static void impostor_make(const char *script) {
    file_write(scratch_path("gnuplot"), script, strlen(script));
    assert_int_equal(chmod(scratch_path("gnuplot"), 0755), 0);
}

static void test_gnuplot_failures(void **state) {
    (void)state;
    const MadeSpec made = figure_shape(EPNET_STATIONARY, 1);
    char *path = strdup(getenv("PATH"));
    const char *folder = scratch_make();
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    file_write(scratch_path("a.png"), "old", 3);
    assert_int_equal(setenv("PATH", folder, 1), 0);
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "install gnuplot-nox");
    impostor_make("#!/bin/sh\necho 'a b' >&2\necho c\nexit 3\n");
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "a b c");
    impostor_make("#!/bin/sh\nexit 3\n");
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "it says nothing");
    impostor_make("#!/bin/sh\nexit 0\n");
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "incomplete");
    impostor_make("#!/bin/sh\nkill -9 $$\n");
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "a.png", "gnuplot failed");
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    /* the old picture is untouched; script and data stay for a look */
    char *old = file_bytes(scratch_path("a.png"), NULL);
    assert_string_equal(old, "old");
    free(old);
    assert_int_equal(scratch_entries(), 5);
    scratch_remove();
}

static void test_failures(void **state) {
    (void)state;
    MadeSpec made = figure_shape(EPNET_STATIONARY, 2);
    scratch_make();
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw_fails(EPNET_USAGE, "a.nc", "capacity", "a.png", "cut_capacity");
    figure_draw_fails(EPNET_USAGE, "a.nc", "capacity", "a.png", "\"capacity\"");
    figure_draw_fails(EPNET_IO, "missing.nc", NULL, "a.png", strerror(ENOENT));
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "no/a.png", strerror(ENOENT));
    assert_int_equal(mkdir(scratch_path("b.png"), 0755), 0);
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "b.png", "it is a directory");
    assert_int_equal(mkdir(scratch_path("c.dat"), 0755), 0);
    figure_draw_fails(EPNET_IO, "a.nc", NULL, "c.png", "it is a directory");
    assert_int_equal(scratch_entries(), 3);
    made = figure_shape(EPNET_STATIONARY, 0);
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw_fails(EPNET_USAGE, "a.nc", NULL, "a.png", "sweep a key of [network];");
    made = figure_shape(EPNET_TRAJECTORY, 0);
    made.keep = EPNET_KEEP_NO;
    figure_grid_write(&made, figure_linear, scratch_path("a.nc"));
    figure_draw_fails(EPNET_USAGE, "a.nc", NULL, "a.png", "[output] trajectories = true");
    scratch_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reproducible), cmocka_unit_test(test_hostile_title),
        cmocka_unit_test(test_names),        cmocka_unit_test(test_gnuplot_failures),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("figure_files", tests, NULL, NULL);
}
