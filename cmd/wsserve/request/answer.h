/*
 * answer: HTTP answers to a request: the 101, refusals, and answers with a body.
 *
 * Every answer goes through here, so that it carries the user's headers (answer_policy). On the
 * thread of the connection's loop; once a request. Errors as ws_conn_accept() and ws_conn_refuse().
 */
#ifndef CMD_WSSERVE_REQUEST_ANSWER_H
#define CMD_WSSERVE_REQUEST_ANSWER_H

#include <ws/conn.h>

#include <stdint.h>

/* Accepts the upgrade with the first offered subprotocol of --subprotocol. `request` is the one
 * that handler.request() got; it lives until it is answered. */
enum ws_error answer_accept(struct ws_conn *conn, const struct ws_request *request);

/* Refuses the request with the HTTP status of `why`. `retry_after_s` 0: without Retry-After. */
enum ws_error answer_refuse(struct ws_conn *conn, enum ws_error why, unsigned retry_after_s);

/* Refuses it with 503 and a Retry-After of `wait_ms`, rounded up to seconds. `full`: because of
 * --maxforks; else what serves it failed too often. */
enum ws_error answer_busy(struct ws_conn *conn, uint32_t wait_ms, bool full);

/* Sends `answer`, which has at most 8 headers of its own; else WS_E_ARGUMENT. */
enum ws_error answer_send(struct ws_conn *conn, const struct ws_http_answer *answer);

/* The same with a body that is read as the connection takes it: see ws_conn_refuse_body(). `body`
 * is freed in any case. */
enum ws_error answer_send_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                               struct ws_body *body);

/* Sends `len` bytes of text (copied) with Cache-Control: no-store. `type` NULL: text/plain. */
enum ws_error answer_text(struct ws_conn *conn, unsigned status, const char *type, const void *text,
                          size_t len);

#endif
