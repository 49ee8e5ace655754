/*
 * stream: a non-blocking descriptor that bytes travel over: a TCP or unix socket, a pipe, a
 * terminal.
 *
 * One call, one system call: what the kernel says comes back as a count or a typed error. Used by
 * conn, which puts TLS on top where it is wanted, and by the tools for their own pipes.
 */
#ifndef LIBWS_IO_STREAM_H
#define LIBWS_IO_STREAM_H

#include "libws/io/queue.h"
#include <ws/error.h>
#include <ws/out.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Receives up to `size` bytes. Returns their number and WS_OK in `*error`; or 0 with WS_MORE
 * (nothing there now), WS_E_LOST (the end of the stream), WS_E_RESET, WS_E_NO_MEMORY or WS_E_IO. An
 * interrupted call is repeated.
 */
size_t ws_stream_receive(int fd, void *buffer, size_t size, enum ws_error *error);

/* Sends what is in `out`, as much as the kernel takes. Returns how many bytes went, with WS_OK in
 * `*error` (all of them, or the kernel refused the rest for now), or WS_E_RESET, WS_E_NO_MEMORY,
 * WS_E_IO. `out` is left as it was. A socket raises no SIGPIPE; for pipes whoever
 * uses them ignores it. */
size_t ws_stream_send(int fd, const struct ws_out *out, enum ws_error *error);

/* The same from the beginning of a queue, which is left as it was. */
size_t ws_stream_send_queue(int fd, const struct ws_queue *queue, enum ws_error *error);

/* Says that nothing more will be sent (a FIN); errors do not matter to anyone. */
void ws_stream_shutdown(int fd);

#endif
