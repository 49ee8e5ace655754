/*
 * conn_name: the name of a connection in the log, in records, in /connections and in the
 * environment of a program.
 *
 * A server numbers its connections from 1 in each run. "mgx3k2a1-17" is number 17 of the run that
 * started at mgx3k2a1: the start time in milliseconds since the epoch, base 36. A restarted server
 * therefore never uses a name again. In a tool that does not call conn_name_start() the name is the
 * number alone.
 */
#ifndef CMD_COMMON_CONN_NAME_H
#define CMD_COMMON_CONN_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONN_NAME_MAX = 36 };

/* Sets the start time, in milliseconds since 1970. Call it once, before any thread is started. */
void conn_name_start(uint64_t utc_ms);

/* True after conn_name_start(): names are text, not plain numbers. */
bool conn_name_is_text(void);

/* Writes the name of number `id` into `text` and returns it. */
const char *conn_name(uint64_t id, char text[CONN_NAME_MAX]);

/* The number in a name of this run, `len` bytes; 0 when it is not such a name. */
uint64_t conn_name_parse(const char *name, size_t len);

#endif
