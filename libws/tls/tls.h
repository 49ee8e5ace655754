/*
 * tls: the TLS end of one connection, without a socket: bytes in, bytes out.
 *
 * Driven by conn: received bytes are decrypted into plaintext, what is to be sent is encrypted into
 * records that collect in a ws_out, and both may add records of TLS's own there (alerts, key
 * updates). The handshake proceeds with whatever arrives. Input is not copied, only decrypted; an
 * idle connection keeps no buffers. Tools ask here what was negotiated. An endpoint is used by one
 * thread, its context's.
 */
#ifndef LIBWS_TLS_TLS_H
#define LIBWS_TLS_TLS_H

#include <ws/error.h>
#include <ws/out.h>
#include <ws/tls.h>
#include <ws/tls_context.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* One ws_tls_open() may write this many bytes more than it was given: a record whose beginning
 * arrived before. */
enum { WS_TLS_RECORD_MAX = 20 * 1024 };

/* A client checks the server's certificate against `name`, a host name or an IP address, and sends
 * it to the server (SNI); a server passes NULL. `context` is kept by reference. NULL without
 * memory.
 */
struct ws_tls *ws_tls_new(struct ws_tls_context *context, const char *name);

/* Frees it and releases its context. NULL is allowed. */
void ws_tls_free(struct ws_tls *tls);

/* Client: starts the handshake; its first records go to `sealed`. WS_OK, WS_E_NO_MEMORY or
 * WS_E_TLS.
 */
enum ws_error ws_tls_begin(struct ws_tls *tls, struct ws_out *sealed);

/*
 * Takes `len` bytes that were received, all of them. Their plaintext goes to `plain`, which has
 * room for len + WS_TLS_RECORD_MAX bytes; it may lie before `data` in the same memory, if `data`
 * begins at least WS_TLS_RECORD_MAX bytes further. Returns WS_OK with the plaintext's length in
 * `*plain_len`; or, with 0 there:
 *
 * - WS_MORE: no plaintext yet.
 * - WS_E_LOST: the peer ended its direction (close_notify).
 * - WS_E_TLS: TLS failed. ws_tls_failure() says why; an alert may be in `sealed`. A peer that
 *   renews keys many times over and sends no data in between fails too.
 * - WS_E_TLS_EXPECTED: server, a client that speaks HTTP without TLS; nothing was taken.
 * - WS_E_NO_MEMORY.
 *
 * The last plaintext before an end is returned with WS_OK: see ws_tls_ended().
 */
enum ws_error ws_tls_open(struct ws_tls *tls, const void *data, size_t len, void *plain,
                          struct ws_out *sealed, size_t *plain_len);

/* WS_OK; or what every further ws_tls_open() will return. */
enum ws_error ws_tls_ended(const struct ws_tls *tls);

/*
 * Makes records of up to `max` bytes of `pieces` and adds them to `sealed`. `*taken` is how many
 * bytes those were: all, unless there are more than `max` or an error is returned: WS_E_NO_MEMORY
 * or WS_E_TLS. To be called once the handshake is done.
 */
enum ws_error ws_tls_seal(struct ws_tls *tls, const struct iovec *pieces, int count, size_t max,
                          struct ws_out *sealed, size_t *taken);

/* Ends the sending direction (close_notify), once, unless the handshake is not done or TLS failed.
 * True when something was added to `sealed`. */
bool ws_tls_close(struct ws_tls *tls, struct ws_out *sealed);

/* The stream ended (WS_E_LOST) or was reset (WS_E_RESET): a handshake that is not done has failed.
 */
void ws_tls_cut(struct ws_tls *tls, enum ws_error why);

#endif
