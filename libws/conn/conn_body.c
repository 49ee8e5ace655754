#include "libws/conn/conn_private.h"

enum { BODY_CHUNK = 64 * 1024 }; /* a wake-up, so that other connections get their turn */

enum ws_error ws_conn_refuse_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                                  struct ws_body *body)
{
    struct ws_http_answer head = *answer;
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    head.body = NULL;
    head.body_len = body->left;
    enum ws_error error = cold ? ws_conn_refuse(conn, &head) : WS_E_NO_MEMORY;
    if (error != WS_OK || body->left == 0)
        body->free(body);
    else
        cold->body = body;
    return error;
}

void ws_conn_free_body(struct ws_conn *conn)
{
    if (!conn->cold->body)
        return;
    conn->cold->body->free(conn->cold->body);
    conn->cold->body = NULL;
}

void ws_conn_send_body(struct ws_conn *conn)
{
    struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    struct ws_body *body = conn->cold->body;
    /* Replies may still lie in the receive buffer, of another connection's read cycle. */
    ws_conn_free_out(scratch);
    uint8_t *buffer = scratch->receive + WS_HEADROOM;
    size_t want = body->left < BODY_CHUNK ? (size_t)body->left : BODY_CHUNK;
    size_t len = body->read(body, buffer, want);
    if (len == 0 || ws_out_borrow(ws_conn_take_out(conn), buffer, len) != WS_OK) {
        ws_conn_abort(conn, len == 0 ? WS_E_IO : WS_E_NO_MEMORY);
        return;
    }
    ws_conn_flush(conn);
    body->left -= len;
    if (body->left == 0) {
        ws_conn_free_body(conn);
        ws_conn_begin_closing(conn);
    }
}
