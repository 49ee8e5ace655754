/*
 * file: reads a file that is to be sent as one message. Any tool may call it; no state.
 */
#ifndef CMD_COMMON_FILE_H
#define CMD_COMMON_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_bytes;

#define FILE_NO_END  INT64_MAX
#define FILE_NO_WAIT 0

/* Appends the file's content, at most `max` bytes, to `*content`, which must be freed in any case.
 * `option` is the one that limits it, for the message, or NULL. What comes through a pipe is
 * waited for until `end_us` of ws_clock_us(), with no signal blocked. False after an error message;
 * errno is ETIMEDOUT where the end came. */
bool file_read(const char *path, size_t max, const char *option, int64_t end_us,
               struct ws_bytes **content);

#endif
