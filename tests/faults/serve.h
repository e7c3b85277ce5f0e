/* The program under test, loaded and linked once and run many times: most of a small command's time goes into
 * its dynamic libraries, before main() and before anything that an order counts. */
#ifndef EPNET_TESTS_FAULTS_SERVE_H
#define EPNET_TESTS_FAULTS_SERVE_H

/* Where EPNET_FAULT_SERVER names two descriptors ("3 4"): for every byte that comes from the first, fork a
 * process in which this returns, standard output and error going to the files ORDER.out and ORDER.err; when
 * it and all processes of its making have ended, its wait status goes to the second, an int. At the end of
 * the requests the server exits. Elsewhere: returns at once. */
void fault_serve(const char *order);

#endif
