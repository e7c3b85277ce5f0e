/* Running programs and looking at what they leave: an own folder per test, standard output and error caught.
 */
#ifndef EPNET_TESTS_PROGRAM_H
#define EPNET_TESTS_PROGRAM_H

#include <stdio.h>
#include <sys/types.h>

/* A program that runs, its standard output readable as it comes. */
typedef struct TestProgram {
    pid_t pid;
    FILE *out;
    char error_path[64]; /* where its standard error goes */
} TestProgram;

/* What a program left. */
typedef struct TestOutput {
    int code;  /* exit code; 128 + n: killed by signal n */
    char *out; /* standard output */
    char *err; /* standard error */
} TestOutput;

/* Start argv[0] (searched in PATH) in `folder`. `output` replaces standard output when not NULL: a file to
 * open for writing, or "" to close it. */
TestProgram test_program_start(const char *folder, const char *output, const char *const argv[]);

/* Wait for the end and take the rest of the output. */
TestOutput test_program_finish(TestProgram *program);

/* Start and finish. */
TestOutput test_program_run(const char *folder, const char *output, const char *const argv[]);
/* Fails the test unless the program ended with `code` and printed these texts; frees the output. */
void test_output_expect(TestOutput output, int code, const char *in_out, const char *in_err);
void test_output_free(TestOutput *output);

/* An own folder, under the system's folder for temporary files; freed and removed with all in it. */
char *test_folder_make(void);
void test_folder_remove(char *folder);

/* Number of entries of a folder. */
int test_folder_count(const char *folder);

/* folder/name, to be freed. */
char *test_path(const char *folder, const char *name);
void test_file_write(const char *folder, const char *name, const char *text);
/* The bytes of a file, a zero byte after them; `size` may be NULL. Fails the test if there is none. */
char *test_file_read(const char *folder, const char *name, size_t *size);
int test_file_exists(const char *folder, const char *name);

#endif
