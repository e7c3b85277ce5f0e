/* Whole runs of the program: what it prints, what it writes, its exit codes, its events, and how it stops. */
#include "seal.h"
#include "support/check.h"
#include "support/epnet_in.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Six points: the star has sources and targets of unequal degree. */
static const char sweep_spec[] = "title = \"a \\\"star\\\", \\u03b2 \\\\ swept\"\n"
                                 "[network]\nnodes = 3\ntopology = \"star\"\nflip_down = 1.5\n"
                                 "[observe]\ncut = [0]\n"
                                 "[solve]\nt_end = 2.0\nsamples = 5\n"
                                 "[sweep]\n"
                                 "drive = { values = [0.5, 2.0, inf] }\n"
                                 "copy_total = { values = [0.7, 1.9] }\n";

/* Without flips and copies every state is stationary: the second point fails. */
static const char failing_spec[] = "[network]\nnodes = 2\ntopology = \"none\"\nflip_down = 1.0\n"
                                   "[solve]\nkind = \"stationary\"\n"
                                   "[sweep]\nflip_up = { values = [0.0, 1.0, 2.0] }\n"
                                   "flip_down = { values = [0.0, 0.5] }\n";

/* More work than a test would wait for. */
static const char endless_spec[] = "[network]\nnodes = 9\n"
                                   "[output]\ntrajectories = false\n"
                                   "[sweep]\ncopy_total = { from = 1.0, to = 1000.0, points = 100000 }\n";

static int make_folder(void **state) {
    (void)state;
    folder = test_folder_make();
    test_file_write(folder, "sweep.toml", sweep_spec);
    return 0;
}

static int count_lines(const char *text) {
    int lines = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

static void a_run_tells_what_it_did(void **state) {
    (void)state;
    TestOutput output = epnet("run", "sweep.toml", "--threads", "1");
    assert_int_equal(strncmp(output.out, "sweep.nc\n", 9), 0);
    assert_non_null(strstr(output.out, "  points    6, each of 8 states, all ok\n"));
    assert_non_null(strstr(output.out, "  method    chebyshev\n"));
    assert_non_null(strstr(output.out, "  device    cpu"));
    assert_non_null(strstr(output.out, " points/s, "));
    assert_string_equal(output.err, "");
    test_output_expect(output, 0, " states/s\n", "");
    assert_int_equal(test_folder_count(folder), 2);
    TestOutput quiet = epnet("run", "sweep.toml", "-o", "other.nc", "--quiet");
    assert_string_equal(quiet.out, "");
    test_output_expect(quiet, 0, "", "");
    assert_true(test_file_exists(folder, "other.nc"));
}

static void a_plan_writes_nothing(void **state) {
    (void)state;
    test_output_expect(epnet("plan", "sweep.toml"), 0, "network     3 nodes, 4 edges, 2^3 = 8 states\n", "");
    test_output_expect(epnet("plan", "sweep.toml"), 0, "grid        6 points on 2 axes\n", "");
    test_output_expect(epnet("plan", "sweep.toml"), 0, "trajectory, 5 sampled times, kept", "");
    test_output_expect(epnet("plan", "sweep.toml"), 0, "in sweep.nc\n", "");
    test_output_expect(epnet("plan", "sweep.toml", "--set", "sweep.copy_total.values=[1.0,2.0,4.0]"), 0,
                       "9 points", "");
    test_output_expect(epnet("plan", "sweep.toml", "--json", "--batch", "4"), 0, "\"points\": 6", "");
    test_output_expect(epnet("plan", "sweep.toml", "--json", "--batch", "4"), 0, "\"batch\": 4", "");
    assert_int_equal(test_folder_count(folder), 1);
}

static void tables_come_three_ways_and_agree(void **state) {
    (void)state;
    test_output_expect(epnet("run", "sweep.toml", "--table", "run.csv"), 0, "  table     run.csv\n", "");
    test_output_expect(epnet("export", "sweep.nc", "-o", "export.csv"), 0, "", "");
    TestOutput output = epnet("export", "sweep.nc");
    char *from_run = test_file_read(folder, "run.csv", NULL);
    char *from_export = test_file_read(folder, "export.csv", NULL);
    assert_string_equal(from_run, output.out);
    assert_string_equal(from_export, output.out);
    assert_int_equal(count_lines(output.out), 1 + 6);
    assert_int_equal(strncmp(output.out, "drive,copy_total,status,entropy,multiinformation,", 49), 0);
    assert_non_null(strstr(output.out, "\ninf,"));
    free(from_run);
    free(from_export);
    test_output_expect(output, 0, "cut_mutual_information", "");
    TestOutput trajectory = epnet("export", "sweep.nc", "--table", "trajectory");
    assert_int_equal(count_lines(trajectory.out), 1 + 6 * 5);
    test_output_expect(trajectory, 0, "drive,copy_total,time,", "");
    test_output_expect(epnet("export", "sweep.nc", "--table", "chairs"), 2, "", "chairs");
    test_output_expect(epnet("export", "sweep.nc", "-o", "absent/t.csv"), 5, "", "absent/t.csv");
    test_output_expect(run_epnet("/dev/full", "export", "sweep.nc"), 5, "", "No space left on device");
    test_output_expect(run_epnet("", "export", "sweep.nc"), 5, "", "Bad file descriptor");
    test_output_expect(epnet("run", "sweep.toml", "--table", "absent/t.csv"), 5, "", "absent/t.csv");
    /* Told before the work, of which nothing is left. */
    test_output_expect(epnet("run", "sweep.toml", "-o", "new.nc", "--table", "absent/t.csv"), 5, "",
                       "absent/t.csv");
    assert_false(test_file_exists(folder, "new.nc") || test_file_exists(folder, "new.nc.journal"));
}

static void threads_and_batches_do_not_change_a_byte(void **state) {
    (void)state;
    test_output_expect(epnet("run", "sweep.toml", "-o", "a.nc", "--threads", "1", "--batch", "1"), 0, "", "");
    test_output_expect(epnet("run", "sweep.toml", "-o", "b.nc", "--threads", "3", "--batch", "4"), 0, "", "");
    size_t size_a = 0, size_b = 0;
    char *a = test_file_read(folder, "a.nc", &size_a), *b = test_file_read(folder, "b.nc", &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(a, b, size_a);
    free(a);
    free(b);
}

static void a_complete_output_is_left_alone(void **state) {
    (void)state;
    char *path = test_path(folder, "sweep.nc");
    struct stat before, after;
    test_output_expect(epnet("run", "sweep.toml"), 0, "", "");
    assert_int_equal(stat(path, &before), 0);
    test_output_expect(epnet("run", "sweep.toml"), 0, "left as it is", "");
    test_output_expect(epnet("run", "sweep.toml", "--json"), 0, "\"already_done\": true", "");
    test_output_expect(epnet("run", "sweep.toml", "--set", "network.flip_up=2.5"), 5, "", "--force");
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    test_output_expect(epnet("run", "sweep.toml", "--set", "network.flip_up=2.5", "--force"), 0, "all ok",
                       "");
    assert_int_equal(stat(path, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino);
    free(path);
}

/* Another program has been at it, or its end is lost: what is in it is not taken for what the run would give.
 */
static void an_output_without_its_checksum_is_not_taken_for_complete(void **state) {
    (void)state;
    char *path = test_path(folder, "sweep.nc");
    struct stat info;
    test_output_expect(epnet("run", "sweep.toml"), 0, "", "");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - EPNET_SEAL_LINE), 0);
    test_output_expect(epnet("run", "sweep.toml"), 5, "", "is without its checksum");
    test_output_expect(epnet("export", "sweep.nc"), 0, "status", "");
    test_output_expect(epnet("run", "sweep.toml", "--force"), 0, "all ok", "");
    test_output_expect(epnet("run", "sweep.toml"), 0, "left as it is", "");
    free(path);
}

static void failed_points_are_code_4_and_the_others_are_written(void **state) {
    (void)state;
    test_file_write(folder, "failing.toml", failing_spec);
    test_output_expect(epnet("run", "failing.toml", "--table", "f.csv"), 4, "6, each of 4 states, 1 failed\n",
                       "epnet: warning: 1 of 6 points failed: 1 not_unique; first: flip_up=0 flip_down=0");
    char *table = test_file_read(folder, "f.csv", NULL);
    assert_int_equal(count_lines(table), 1 + 6);
    assert_non_null(strstr(table, "\n0,0,1,nan,"));
    assert_non_null(strstr(table, "\n2,0.5,0,"));
    free(table);
    test_output_expect(epnet("run", "failing.toml", "-o", "g.nc", "--json"), 4,
                       "\"points_failed\": 1, \"failures\": \"1 not_unique", "");
}

/* Python reads every line strictly, checks the order of events and prints what the test compares. */
static const char event_reader[] =
    "import json, sys\n"
    "def refuse(name): raise ValueError(name)\n"
    "events = [json.loads(line, parse_constant=refuse) for line in open(sys.argv[1])]\n"
    "assert events[0]['event'] == 'start' and events[-1]['event'] in ('done', 'error'), events\n"
    "progress = events[1:-1]\n"
    "assert progress and all(e['event'] == 'progress' for e in progress)\n"
    "assert all(a['points_done'] < b['points_done'] for a, b in zip(progress, progress[1:]))\n"
    "assert progress[-1]['points_done'] == progress[-1]['points_total'] == events[-1]['points']\n"
    "assert progress[-1]['eta'] == 0 and progress[0]['eta'] is None\n"
    "print(events[0]['title'], events[0]['output'], events[-1]['points'], events[-1]['states'],\n"
    "      events[-1]['status'], events[-1]['table'], len(events[0]['sha256']))\n";

static void events_are_json(void **state) {
    (void)state;
    char *events = test_path(folder, "events");
    test_output_expect(run_epnet(events, "run", "sweep.toml", "--json"), 0, "", "");
    test_file_write(folder, "read.py", event_reader);
    const char *const python[] = {"python3", "-X", "utf8", "read.py", "events", NULL};
    TestOutput output = test_program_run(folder, NULL, python);
    assert_string_equal(output.err, "");
    assert_string_equal(output.out, "a \"star\", \xce\xb2 \\ swept sweep.nc 6 8 0 None 64\n");
    test_output_free(&output);
    free(events);
}

static void figures_lie_beside_the_grid(void **state) {
    (void)state;
    test_output_expect(epnet("run", "sweep.toml"), 0, "", "");
    test_output_expect(epnet("plot", "sweep.nc"), 0, "sweep.png\n", "");
    test_output_expect(epnet("plot", "sweep.nc", "-q", "entropy", "-o", "h.svg"), 0, "h.svg\n", "");
    assert_true(test_file_exists(folder, "sweep.gp") && test_file_exists(folder, "sweep.dat"));
    size_t size = 0;
    char *png = test_file_read(folder, "sweep.png", &size), *svg = test_file_read(folder, "h.svg", NULL);
    assert_true(size > 1000 && memcmp(png, "\x89PNG", 4) == 0);
    assert_non_null(strstr(svg, "</svg>"));
    free(png);
    free(svg);
    test_output_expect(epnet("plot", "sweep.nc", "-q", "colour"), 2, "", "colour");
    test_output_expect(epnet("plot", "sweep.nc", "-o", "h.bmp"), 2, "", "h.bmp");
    test_output_expect(epnet("plot", "sweep.nc", "-o", "absent/h.png"), 5, "", "absent/h.png");
}

/* With standard output closed no file may take its descriptor: the summary would end up in it. */
static void a_closed_output_costs_no_grid_file(void **state) {
    (void)state;
    test_output_expect(run_epnet("", "run", "sweep.toml", "-o", "closed.nc"), 5, "",
                       "standard output: Bad file descriptor");
    test_output_expect(run_epnet("/dev/full", "run", "sweep.toml", "-o", "full.nc"), 5, "",
                       "No space left on device");
    test_output_expect(epnet("run", "sweep.toml"), 0, "", "");
    size_t size = 0, closed_size = 0;
    char *good = test_file_read(folder, "sweep.nc", &size);
    char *closed = test_file_read(folder, "closed.nc", &closed_size);
    assert_int_equal(size, closed_size);
    assert_memory_equal(good, closed, size);
    free(good);
    free(closed);
}

/* What the program writes to a terminal of 70 columns. */
static char *run_on_terminal(const char *locale) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    const struct winsize size = {.ws_row = 24, .ws_col = 70};
    int other_end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(other_end >= 0 && ioctl(other_end, TIOCSWINSZ, &size) == 0);
    const char *const command[] = {"sh",
                                   "-c",
                                   "TERM=xterm LC_ALL=$2 exec \"$0\" run sweep.toml --batch 3 2>$1",
                                   EPNET_PROGRAM,
                                   ptsname(terminal),
                                   locale,
                                   NULL};
    test_output_expect(test_program_run(folder, NULL, command), 0, "all ok", "");
    char *text = calloc(1, 4096);
    assert_non_null(text);
    /* What was written comes in pieces; the last of it clears the line. */
    struct pollfd more = {.fd = terminal, .events = POLLIN};
    size_t length = 0;
    while (length < 4095 && (length < 4 || strcmp(text + length - 4, "\r\033[K") != 0) &&
           poll(&more, 1, 10000) == 1) {
        const ssize_t got = read(terminal, text + length, 4095 - length);
        assert_true(got > 0);
        length += (size_t)got;
    }
    close(other_end);
    close(terminal);
    return text;
}

static void a_terminal_shows_a_bar(void **state) {
    (void)state;
    char *text = run_on_terminal("C");
    assert_int_equal(strncmp(text, "\r|........", 10), 0);
    assert_non_null(strstr(text, "#| 100 %  6 of 6 points  "));
    assert_string_equal(text + strlen(text) - 4, "\r\033[K");
    free(text);
    char *grid = test_path(folder, "sweep.nc");
    assert_int_equal(unlink(grid), 0);
    free(grid);
    text = run_on_terminal("C.UTF-8");
    assert_non_null(strstr(text, "\u2588\u258f 100 %  6 of 6 points  "));
    free(text);
}

/* Start the endless run and read its events until it computes. */
static TestProgram start_endless(void) {
    test_file_write(folder, "endless.toml", endless_spec);
    TestProgram program = test_program_start(
        folder, NULL,
        (const char *const[]){EPNET_PROGRAM, "run", "endless.toml", "--json", "--batch", "2", NULL});
    char *line = NULL;
    size_t room = 0;
    do
        assert_true(getline(&line, &room, program.out) > 0);
    while (strstr(line, "\"progress\"") == NULL || strstr(line, "\"points_done\": 0,") != NULL);
    free(line);
    return program;
}

static void a_signal_stops_and_keeps_the_points(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        TestProgram program = start_endless();
        assert_int_equal(kill(program.pid, signals[i]), 0);
        test_output_expect(test_program_finish(&program), 75, "{\"event\": \"error\", \"status\": 75",
                           " of 100000 points are kept in endless.nc.journal, run again to go on");
        assert_int_equal(test_folder_count(folder), 3);
        assert_true(test_file_exists(folder, "endless.nc.journal"));
    }
}

/* Give a program two signals, both pending before it goes on: it cannot end between them. Two of one kind are
 * kept apart by going to the process and to its first thread. */
static void signal_twice(pid_t pid, int first, int second) {
    int status = 0;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(kill(pid, first), 0);
    assert_int_equal(syscall(SYS_tgkill, pid, pid, second), 0);
    assert_int_equal(kill(pid, SIGCONT), 0);
}

static void a_second_interrupt_ends_at_once(void **state) {
    (void)state;
    TestProgram program = start_endless();
    signal_twice(program.pid, SIGINT, SIGINT);
    test_output_expect(test_program_finish(&program), 130, "", "");
    assert_false(test_file_exists(folder, "endless.nc"));
}

/* `timeout` signals a program, then its group. */
static void a_second_termination_changes_nothing(void **state) {
    (void)state;
    TestProgram program = start_endless();
    signal_twice(program.pid, SIGTERM, SIGTERM);
    test_output_expect(test_program_finish(&program), 75, "{\"event\": \"error\", \"status\": 75",
                       " of 100000 points are kept in endless.nc.journal, run again to go on");
}

/* Jobs in the background of a script ignore Ctrl-C; SIGTERM stops them. */
static void an_ignored_interrupt_stays_ignored(void **state) {
    (void)state;
    signal(SIGINT, SIG_IGN);
    TestProgram program = start_endless();
    signal(SIGINT, SIG_DFL);
    signal_twice(program.pid, SIGINT, SIGINT);
    assert_int_equal(kill(program.pid, SIGTERM), 0);
    test_output_expect(test_program_finish(&program), 75, "", "run again to go on");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_tells_what_it_did, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_plan_writes_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(tables_come_three_ways_and_agree, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(threads_and_batches_do_not_change_a_byte, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_complete_output_is_left_alone, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_output_without_its_checksum_is_not_taken_for_complete, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(failed_points_are_code_4_and_the_others_are_written, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(events_are_json, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(figures_lie_beside_the_grid, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_closed_output_costs_no_grid_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_terminal_shows_a_bar, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_signal_stops_and_keeps_the_points, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_second_interrupt_ends_at_once, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_second_termination_changes_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_ignored_interrupt_stays_ignored, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
