/*
 * stream: a non-blocking descriptor: a TCP or unix socket, a pipe, a terminal.
 *
 * Each function is one system call whose result is a count and a typed error. Used by conn, below
 * TLS, and by the tools for pipes. No state.
 */
#ifndef LIBWS_IO_STREAM_H
#define LIBWS_IO_STREAM_H

#include "libws/io/queue.h"
#include <ws/error.h>
#include <ws/out.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Receives up to `size` bytes; `*received` is their number, 0 unless WS_OK is returned. WS_MORE:
 * nothing is there now; WS_E_LOST: the end of the stream; WS_E_RESET, WS_E_NO_MEMORY, WS_E_IO. An
 * interrupted call is repeated.
 */
enum ws_error ws_stream_receive(int fd, void *buffer, size_t size, size_t *received);

/*
 * Sends what is in `out`, as much as the kernel takes; `*sent` is the number of bytes taken, also
 * with an error. WS_OK: all of them, or the kernel refused the rest for now; WS_E_RESET,
 * WS_E_NO_MEMORY, WS_E_IO. `out` is left as it was. A socket raises no SIGPIPE; users of pipes
 * ignore that signal.
 */
enum ws_error ws_stream_send(int fd, const struct ws_out *out, size_t *sent);

/* The same from the beginning of a queue, which is left as it was. */
enum ws_error ws_stream_send_queue(int fd, const struct ws_queue *queue, size_t *sent);

/*
 * Bytes that were sent and that the other end has not taken: of TCP those that its system has not
 * acknowledged, of a unix socket those that were not read, with the kernel's own memory for them.
 * They become fewer only because the other end takes some. 0 where the system does not say.
 */
size_t ws_stream_in_flight(int fd);

/* Of a socket: is there nothing to receive, and will nothing come? */
bool ws_stream_at_end(int fd);

/* Ends the sending direction (a FIN). Errors are ignored: a peer that is gone needs none. */
void ws_stream_shutdown(int fd);

#endif
