/*
 * conn_name: what a connection is called wherever people and programs see it: in the log, in
 * records, in /connections, in a process's environment.
 *
 * A server's connections are numbered from 1 in each of its runs; "mgx3k2a1-17" is number 17 of
 * the run that began at mgx3k2a1, milliseconds since 1970 to the base of 36. So a name is never
 * used twice, however often the server is started anew. A tool that does not say when it began
 * calls them by the number alone.
 */
#ifndef CMD_COMMON_CONN_NAME_H
#define CMD_COMMON_CONN_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONN_NAME_MAX = 36 };

/* The run began now, at `utc_ms`, milliseconds since 1970. To be called once, before any thread is
 * started. */
void conn_name_start(uint64_t utc_ms);

/* Has it been called: are names text, and no longer numbers? */
bool conn_name_is_text(void);

/* Writes the name of number `id` into `text` and returns it. */
const char *conn_name(uint64_t id, char text[CONN_NAME_MAX]);

/* The number behind a name of this run, `len` bytes; 0 when it is none. */
uint64_t conn_name_parse(const char *name, size_t len);

#endif
