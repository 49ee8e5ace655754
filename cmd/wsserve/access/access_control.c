#include "cmd/wsserve/access/access_control.h"

#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/server/server.h"

#include <stdio.h>
#include <string.h>

enum { OWN_HEADERS_MAX = 8 };

static const struct access_rules *rules_of(const struct ws_conn *conn)
{
    return __atomic_load_n(&server_of(conn)->access_control, __ATOMIC_ACQUIRE);
}

bool entry_start(struct serve *serve, char *error, size_t size)
{
    struct access_rules *rules =
        entry_rules_new(&serve->settings->http, serve->mode->reaches_local, error, size);
    if (!rules)
        return false;
    if (serve->access_control)
        entry_rules_replace(rules, serve->access_control);
    __atomic_store_n(&serve->access_control, rules, __ATOMIC_RELEASE);
    return true;
}

/* --- answering --- */

enum ws_error entry_accept(struct ws_conn *conn, const struct ws_request *request)
{
    const struct access_rules *rules = rules_of(conn);
    struct ws_acceptance acceptance = {
        .subprotocol = ws_request_choose_subprotocol(request, rules->subprotocols),
        .headers = rules->headers_ws,
        .header_count = rules->header_ws_count,
    };
    uint64_t took_us = (uint64_t)ws_conn_phase_ms(conn) * 1000;
    enum ws_error error = ws_conn_accept(conn, &acceptance);
    if (error == WS_OK)
        totals_note(&worker_of(conn)->totals.handshake_us, TOTALS_TIMES, took_us);
    return error;
}

/* Ours, then the user's; returns how many. */
static size_t join_headers(const struct access_rules *rules, struct ws_header *all,
                           const struct ws_header *own, size_t own_count)
{
    if (own_count > 0)
        memcpy(all, own, own_count * sizeof *own);
    memcpy(all + own_count, rules->headers_http, rules->header_http_count * sizeof *all);
    return own_count + rules->header_http_count;
}

enum ws_error entry_refuse(struct ws_conn *conn, enum ws_error why, unsigned retry_after)
{
    const struct access_rules *rules = rules_of(conn);
    struct ws_header own[2], all[2 + ENTRY_HEADERS_MAX];
    size_t count = 0;
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", retry_after);
    if (retry_after > 0)
        own[count++] = (struct ws_header){"Retry-After", seconds};
    if (ws_error_info(why)->http_status == 401)
        own[count++] = (struct ws_header){"WWW-Authenticate", rules->realm};
    count = join_headers(rules, all, own, count);
    return ws_conn_refuse_with(conn, why, all, count);
}

/* `all` gets the headers of `answer` and the user's. */
static bool with_headers(const struct ws_conn *conn, struct ws_http_answer *answer,
                         struct ws_header all[OWN_HEADERS_MAX + ENTRY_HEADERS_MAX])
{
    if (answer->header_count > OWN_HEADERS_MAX)
        return false;
    answer->header_count = join_headers(rules_of(conn), all, answer->headers, answer->header_count);
    answer->headers = all;
    return true;
}

enum ws_error entry_answer(struct ws_conn *conn, const struct ws_http_answer *answer)
{
    struct ws_header all[OWN_HEADERS_MAX + ENTRY_HEADERS_MAX];
    struct ws_http_answer full = *answer;
    return with_headers(conn, &full, all) ? ws_conn_refuse(conn, &full) : WS_E_ARGUMENT;
}

enum ws_error entry_answer_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                                struct ws_body *body)
{
    struct ws_header all[OWN_HEADERS_MAX + ENTRY_HEADERS_MAX];
    struct ws_http_answer full = *answer;
    if (with_headers(conn, &full, all))
        return ws_conn_refuse_body(conn, &full, body);
    body->free(body);
    return WS_E_ARGUMENT;
}

/* --- the log --- */

enum { SHOWN_MAX = 128 }; /* bytes of what a peer sent */

static int shown(struct ws_str s)
{
    return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

/* `client` is the peer or somebody behind it. */
static const char *describe(const struct ws_conn *conn, const struct ws_address *client,
                            char text[ENTRY_WHO])
{
    char from[WS_ADDRESS_TEXT], name[80];
    struct ws_address peer;
    ws_conn_peer(conn, name, sizeof name);
    ws_address_of_peer(ws_conn_fd(conn), &peer);
    if (peer.kind == client->kind && memcmp(peer.ip, client->ip, sizeof peer.ip) == 0)
        snprintf(text, ENTRY_WHO, "%s", name);
    else
        snprintf(text, ENTRY_WHO, "%s by way of %s", ws_address_format(client, from), name);
    return text;
}

static void log_refusal(struct ws_conn *conn, enum ws_error why, const struct ws_request *request,
                        const struct ws_address *client, const char *user)
{
    const struct log *log = &server_of(conn)->log;
    const struct ws_error_info *info = ws_error_info(why);
    char who[ENTRY_WHO], what[SHOWN_MAX + 32] = "";
    if (!log_wants(log, info->level))
        return;
    switch (why) {
    case WS_E_HOST_REFUSED:
        snprintf(what, sizeof what, ": '%.*s'", shown(request->host), request->host.p);
        break;
    case WS_E_ORIGIN_REFUSED:
        if (ws_http_find(request->head, request->buffer, "Origin", 0) < 0)
            snprintf(what, sizeof what, ": there is none");
        else
            snprintf(what, sizeof what, ": '%.*s'", shown(request->origin), request->origin.p);
        break;
    case WS_E_CREDENTIALS_WRONG:
        if (user[0])
            snprintf(what, sizeof what, ": user '%s'", user);
        break;
    default:
        break;
    }
    log_line(log, info->level, ws_conn_id(conn), info->name, "%s%s; from %s; answered %u",
             info->explanation, what, describe(conn, client, who), info->http_status);
}

/* --- judging --- */

void entry_accepted(struct ws_conn *conn)
{
    struct ws_address peer;
    const struct access_rules *rules = rules_of(conn);
    if (rules->allow.count + rules->deny.count + rules->trusted.count == 0)
        return;
    ws_address_of_peer(ws_conn_fd(conn), &peer);
    /* All of a proxy's clients come from its address: they are counted when theirs is known. */
    if ((ws_conn_refusal(conn) == WS_E_TOO_MANY_FROM_ADDRESS ||
         ws_conn_refusal(conn) == WS_E_CONNECT_RATE) &&
        ws_networks_have(&rules->trusted, &peer))
        ws_conn_set_refusal(conn, WS_OK);
    enum ws_error error = entry_judge_address(rules, &peer);
    if (error == WS_OK)
        return;
    log_refusal(conn, error, NULL, &peer, "");
    ws_conn_fail(conn, error);
}

static bool pass(struct ws_conn *conn, enum ws_error error, const struct ws_request *request,
                 const struct ws_address *client, const char *user)
{
    if (error == WS_OK)
        return true;
    struct ws_address peer;
    if (rules_of(conn)->trusted.count == 0) {
        ws_address_of_peer(ws_conn_fd(conn), &peer); /* nobody has asked before */
        client = &peer;
    }
    if (ws_error_info(error)->category == WS_CAT_ACCESS)
        log_refusal(conn, error, request, client, user);
    entry_refuse(conn, error, 0);
    return false;
}

/* Connections from one address are counted by the client's, not by its proxy's. */
static enum ws_error attribute(struct ws_conn *conn, const struct ws_address *peer,
                               const struct ws_address *client)
{
    struct sockaddr_storage address;
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    ws_address_to_socket(client, &address);
    if (address.ss_family == AF_UNSPEC ||
        (client->kind == peer->kind && memcmp(client->ip, peer->ip, sizeof peer->ip) == 0))
        return WS_OK;
    struct extra *extra = extra_get(&worker_of(conn)->extras, ws_conn_id(conn));
    if (!cold || !extra)
        return WS_E_NO_MEMORY;
    extra->client = *client;
    return ws_admission_reassign(ws_server_admission(server_of(conn)->server),
                                 (const struct sockaddr *)&address, ws_clock_us(),
                                 &cold->client_entry);
}

enum entry_verdict entry_judge(struct ws_conn *conn, const struct ws_request *request)
{
    const struct access_rules *rules = rules_of(conn);
    struct ws_address peer = {.kind = WS_ADDRESS_UNKNOWN}, client;
    char user[WS_CREDENTIALS_USER] = "";
    enum ws_error fault = request->fault == WS_E_NOT_AN_UPGRADE ? WS_OK : request->fault;
    /* Most servers trust no proxy, and need not ask the system for every connection. */
    if (rules->trusted.count > 0)
        ws_address_of_peer(ws_conn_fd(conn), &peer);
    if (!pass(conn, fault, request, &peer, "") ||
        !pass(conn, entry_judge_request(rules, request, &peer, &client), request, &client, "") ||
        !pass(conn, attribute(conn, &peer, &client), request, &client, ""))
        return ENTRY_REFUSED;
    if (request->fault == WS_E_NOT_AN_UPGRADE)
        return ENTRY_PLAIN;
    enum ws_error error =
        entry_judge_upgrade(rules, request, ws_conn_tls(conn) != NULL, ws_clock_us(), user);
    return pass(conn, error, request, &client, user) ? ENTRY_UPGRADE : ENTRY_REFUSED;
}

bool entry_judge_plain(struct ws_conn *conn, const struct ws_request *request)
{
    struct ws_address client;
    char user[WS_CREDENTIALS_USER];
    entry_client(conn, request, &client);
    return pass(conn, entry_judge_credentials(rules_of(conn), request, user), request, &client,
                user);
}

bool entry_judge_admin(struct ws_conn *conn, const struct ws_request *request)
{
    struct ws_address peer;
    ws_address_of_peer(ws_conn_fd(conn), &peer);
    enum ws_error error = request->fault == WS_E_NOT_AN_UPGRADE ? WS_OK : request->fault;
    if (error == WS_OK && request->upgrade)
        error = WS_E_NOT_FOUND;
    if (error == WS_OK)
        error = entry_judge_host(rules_of(conn), request);
    return pass(conn, error, request, &peer, "");
}

const char *client_label(const struct ws_conn *conn, char text[ENTRY_WHO])
{
    const struct extra *extra = extra_find(&worker_of(conn)->extras, ws_conn_id(conn));
    if (extra && extra->client.kind != WS_ADDRESS_UNKNOWN)
        return describe(conn, &extra->client, text);
    return ws_conn_peer(conn, text, ENTRY_WHO);
}

void entry_client(const struct ws_conn *conn, const struct ws_request *request,
                  struct ws_address *client)
{
    struct ws_address peer;
    ws_address_of_peer(ws_conn_fd(conn), &peer);
    ws_forwarded_client(request, &rules_of(conn)->trusted, &peer, client);
}

void entry_user(const struct ws_conn *conn, const struct ws_request *request,
                char user[WS_CREDENTIALS_USER])
{
    entry_judge_credentials(rules_of(conn), request, user);
}
