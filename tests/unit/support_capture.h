/*
 * support_capture: what is written to standard output or error, for tests of what prints.
 */
#ifndef TESTS_UNIT_SUPPORT_CAPTURE_H
#define TESTS_UNIT_SUPPORT_CAPTURE_H

/* From now on what is written to the descriptor is kept. One at a time. */
void capture_begin(int fd);

/* Until now: the text, which lives until the next capture. The descriptor is as it was. */
const char *capture_end(void);

#endif
