/*
 * file: reads a file that is to be sent as one message. Any tool may call it; no state.
 */
#ifndef CMD_COMMON_FILE_H
#define CMD_COMMON_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct ws_bytes;

/* Appends the file's content, at most `max` bytes, to `*content`, which must be freed in any case.
 * False after an error message. */
bool file_read(const char *path, size_t max, struct ws_bytes **content);

#endif
