/*
 * resp_command: a command of Redis's protocol (RESP2) as the bytes to send: an array of strings.
 *
 * hiredis has such a formatter, whose sprintf() took 2,400 instructions a message, a sixth of what
 * the delivery to ten clients takes; so commands are written here. Used by redis_link; no state.
 */
#ifndef CMD_WSSERVE_CLUSTER_RESP_COMMAND_H
#define CMD_WSSERVE_CLUSTER_RESP_COMMAND_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes a command of `count` words of these lengths takes. */
size_t resp_command_size(size_t count, const size_t *lengths);

/* Writes them to `to`. Words may hold any bytes. */
void resp_command_write(uint8_t *to, size_t count, const char *const *words, const size_t *lengths);

#endif
