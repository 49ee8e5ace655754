#include "cmd/wsserve/request/answer.h"

#include "cmd/wsserve/context.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/observe/totals.h"
#include "cmd/wsserve/request/answer_policy.h"

#include <stdio.h>
#include <string.h>

enum { OWN_HEADERS_MAX = 8 };

static const struct answer_policy *policy_of(const struct ws_conn *conn)
{
    return atomic_load_explicit(&server_of(conn)->answer_policy, memory_order_acquire);
}

enum ws_error answer_accept(struct ws_conn *conn, const struct ws_request *request)
{
    const struct answer_policy *policy = policy_of(conn);
    struct ws_acceptance acceptance = {
        .subprotocol = ws_request_choose_subprotocol(request, policy->subprotocols),
        .headers = policy->headers_ws,
        .header_count = policy->header_ws_count,
    };
    uint64_t took_us = ws_conn_upgrading_us(conn);
    enum ws_error error = ws_conn_accept(conn, &acceptance);
    if (error != WS_OK)
        return error;
    totals_note(&worker_of(conn)->totals->handshake_us, TOTALS_TIMES, took_us);
    if (acceptance.subprotocol && server_of(conn)->admin) {
        struct conn_annotations *notes =
            conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
        if (notes && !notes->subprotocol) /* the policy's does not last as long */
            notes->subprotocol = strdup(acceptance.subprotocol);
    }
    return error;
}

/* Ours, then the user's; returns how many. */
static size_t join_headers(const struct answer_policy *policy, struct ws_header *all,
                           const struct ws_header *own, size_t own_count)
{
    if (own_count > 0)
        memcpy(all, own, own_count * sizeof *own);
    memcpy(all + own_count, policy->headers_http, policy->header_http_count * sizeof *all);
    return own_count + policy->header_http_count;
}

enum ws_error answer_refuse(struct ws_conn *conn, enum ws_error why, unsigned retry_after_s)
{
    const struct answer_policy *policy = policy_of(conn);
    struct ws_header own[2], all[2 + ANSWER_HEADERS_MAX];
    size_t count = 0;
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", retry_after_s);
    if (retry_after_s > 0)
        own[count++] = (struct ws_header){"Retry-After", seconds};
    if (ws_error_info(why)->http_status == 401)
        own[count++] = (struct ws_header){"WWW-Authenticate", policy->realm};
    count = join_headers(policy, all, own, count);
    return ws_conn_refuse_with(conn, why, all, count);
}

/* `all` gets the headers of `answer` and the user's. */
static bool with_headers(const struct ws_conn *conn, struct ws_http_answer *answer,
                         struct ws_header all[OWN_HEADERS_MAX + ANSWER_HEADERS_MAX])
{
    if (answer->header_count > OWN_HEADERS_MAX)
        return false;
    answer->header_count =
        join_headers(policy_of(conn), all, answer->headers, answer->header_count);
    answer->headers = all;
    return true;
}

enum ws_error answer_send(struct ws_conn *conn, const struct ws_http_answer *answer)
{
    struct ws_header all[OWN_HEADERS_MAX + ANSWER_HEADERS_MAX];
    struct ws_http_answer full = *answer;
    return with_headers(conn, &full, all) ? ws_conn_refuse(conn, &full) : WS_E_ARGUMENT;
}

enum ws_error answer_send_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                               struct ws_body *body)
{
    struct ws_header all[OWN_HEADERS_MAX + ANSWER_HEADERS_MAX];
    struct ws_http_answer full = *answer;
    if (with_headers(conn, &full, all))
        return ws_conn_refuse_body(conn, &full, body);
    body->free(body);
    return WS_E_ARGUMENT;
}

enum ws_error answer_busy(struct ws_conn *conn, uint32_t wait_ms, bool full)
{
    return answer_refuse(conn, full ? WS_E_TOO_MANY_PROGRAMS : WS_E_BACKING_OFF,
                         (wait_ms + 999) / 1000);
}

enum ws_error answer_text(struct ws_conn *conn, unsigned status, const char *type, const void *text,
                          size_t len)
{
    struct ws_header headers[] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Allow", status == 405 ? "GET, HEAD" : NULL},
    };
    struct ws_http_answer answer = {
        .status = status,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0],
        .content_type = type,
        .body = text,
        .body_len = len,
    };
    return answer_send(conn, &answer);
}
