#include "cmd/wsserve/access/access_control.h"

#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/answer.h"
#include "cmd/wsserve/request/target.h"
#include "libws/conn/conn_owner.h"
#include <ws/server_env.h>

#include <stdio.h>
#include <string.h>

static const struct access_rules *rules_of(const struct ws_conn *conn)
{
    return atomic_load_explicit(&server_of(conn)->access_rules, memory_order_acquire);
}

/* Each loop passes here once, and is in the middle of nothing then. */
static void pass_by(struct ws_server_env *env, void *context)
{
    (void)env;
    (void)context;
}

static void free_rules(void *context)
{
    access_rules_free(context);
}

/* A loop may be reading the rules that were replaced, but none does so longer than for an event. */
static void retire(struct server *server, struct access_rules *rules)
{
    if (ws_server_ask(server->ws_server, server->workers[0].env, pass_by, free_rules, rules->older))
        rules->older = NULL;
}

bool access_control_start(struct server *server, bool reaches_local, char *error, size_t size)
{
    struct access_rules *older = atomic_load(&server->access_rules);
    struct access_rules *rules =
        access_rules_new(&server->settings->http, reaches_local, error, size);
    if (!rules)
        return false;
    if (older)
        access_rules_replace(rules, older);
    atomic_store_explicit(&server->access_rules, rules, memory_order_release);
    atomic_store_explicit(&server->answer_policy, rules->answers, memory_order_release);
    if (older)
        retire(server, rules);
    return true;
}

void access_control_stop(struct server *server)
{
    access_rules_free(atomic_exchange(&server->access_rules, NULL));
    atomic_store(&server->answer_policy, NULL);
}

/* --- the log --- */

enum { SHOWN_MAX = 128 }; /* bytes of what a peer sent */

static int shown(struct ws_str s)
{
    return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

/* `client` is the peer, or the client of a proxy. */
static const char *describe(const struct ws_conn *conn, const struct ws_address *client,
                            char text[CLIENT_LABEL_MAX])
{
    char from[WS_ADDRESS_TEXT], name[80];
    struct ws_address peer;
    ws_conn_peer(conn, name, sizeof name);
    ws_conn_peer_address(conn, &peer);
    if (ws_address_same_host(&peer, client))
        snprintf(text, CLIENT_LABEL_MAX, "%s", name);
    else
        snprintf(text, CLIENT_LABEL_MAX, "%s by way of %s", ws_address_format(client, from), name);
    return text;
}

/* What was compared, of the request, which is NULL where the address was refused before it. */
static void describe_cause(enum ws_error why, const struct ws_request *request, const char *user,
                           char what[2 * SHOWN_MAX + 64])
{
    enum { SIZE = 2 * SHOWN_MAX + 64 };
    struct ws_str authority;
    what[0] = '\0';
    switch (why) {
    case WS_E_HOST_REFUSED:
        authority = target_authority(request->target);
        if (authority.len > 0)
            snprintf(what, SIZE, ": the target's '%.*s'; Host is '%.*s'", shown(authority),
                     authority.p, shown(request->host), request->host.p);
        else
            snprintf(what, SIZE, ": '%.*s'", shown(request->host), request->host.p);
        break;
    case WS_E_ORIGIN_REFUSED:
        if (ws_http_find(request->head, request->buffer, "Origin", 0) < 0)
            snprintf(what, SIZE, ": there is none; Host is '%.*s'", shown(request->host),
                     request->host.p);
        else
            snprintf(what, SIZE, ": '%.*s'; Host is '%.*s'", shown(request->origin),
                     request->origin.p, shown(request->host), request->host.p);
        break;
    case WS_E_CREDENTIALS_WRONG:
        if (user[0])
            snprintf(what, SIZE, ": user '%s'", user);
        break;
    default:
        break;
    }
}

/* Logs a refusal by access control: the connection's end adds nothing to that. */
static void log_refusal(struct ws_conn *conn, enum ws_error why, const struct ws_request *request,
                        const struct ws_address *client, const char *user)
{
    const struct log *log = server_of(conn)->log;
    const struct ws_error_info *info = ws_error_info(why);
    char who[CLIENT_LABEL_MAX], what[2 * SHOWN_MAX + 64], peer[WS_ADDRESS_TEXT];
    char target[LOGGED_TARGET_MAX] = "";
    if (!log_wants(log, info->level))
        return;
    describe_cause(why, request, user, what);
    if (request)
        target_loggable(request, target, sizeof target);
    const struct log_field fields[] = {log_word("peer", ws_address_format(client, peer)),
                                       log_number("status", info->http_status),
                                       log_word("target", target)};
    log_fields(log, info->level, ws_conn_id(conn), info->name, fields, 2 + (request != NULL),
               "%s%s; from %s; answered %u", info->explanation, what, describe(conn, client, who),
               info->http_status);
}

/* --- checking --- */

void access_control_on_accept(struct ws_conn *conn)
{
    struct ws_address peer;
    const struct access_rules *rules = rules_of(conn);
    if (rules->allow.count + rules->deny.count + rules->trusted.count == 0)
        return;
    ws_conn_peer_address(conn, &peer);
    /* A trusted proxy's clients share its address: count them once their own is known. */
    if ((ws_conn_refusal(conn) == WS_E_TOO_MANY_FROM_ADDRESS ||
         ws_conn_refusal(conn) == WS_E_CONNECT_RATE) &&
        ws_networks_have(&rules->trusted, &peer))
        ws_conn_set_refusal(conn, WS_OK);
    enum ws_error error = access_rules_check_address(rules, &peer);
    if (error == WS_OK)
        return;
    log_refusal(conn, error, NULL, &peer, "");
    ws_conn_fail(conn, error);
}

/* True if `error` is WS_OK; else the request is refused and logged. */
static bool pass(struct ws_conn *conn, enum ws_error error, const struct ws_request *request,
                 const struct ws_address *client, const char *user)
{
    if (error == WS_OK)
        return true;
    if (ws_error_info(error)->category == WS_CAT_ACCESS)
        log_refusal(conn, error, request, client, user);
    answer_refuse(conn, error, 0);
    return false;
}

/* What a proxy says about its client contradicts itself, or cannot be read. */
static void log_unknown(struct ws_conn *conn, const struct ws_request *request,
                        const struct ws_address *client)
{
    static const char *const names[] = {"X-Forwarded-For", "Forwarded"};
    struct ws_str values[2] = {{0}};
    char who[CLIENT_LABEL_MAX];
    if (!log_wants(server_of(conn)->log, WS_LOG_INFO))
        return;
    for (int i = 0; i < 2; i++) {
        int at = ws_http_find(request->head, request->buffer, names[i], 0);
        if (at >= 0)
            values[i] = ws_http_value(request->head, request->buffer, (size_t)at);
    }
    log_line(server_of(conn)->log, WS_LOG_INFO, ws_conn_id(conn), "forwarded",
             "from %s: X-Forwarded-For '%.*s', Forwarded '%.*s'", describe(conn, client, who),
             shown(values[0]), values[0].p ? values[0].p : "", shown(values[1]),
             values[1].p ? values[1].p : "");
}

/* Counts the connection under its client's address instead of its proxy's. All that are unknown
 * count as one visitor, so that hiding is no way around the limits. */
static enum ws_error reassign(struct ws_conn *conn, const struct ws_request *request,
                              const struct ws_address *peer, const struct ws_address *client)
{
    struct sockaddr_storage address = {.ss_family = AF_INET}; /* 0.0.0.0: no client has it */
    if (ws_address_same_host(client, peer))
        return WS_OK;
    if (client->kind == WS_ADDRESS_UNKNOWN)
        log_unknown(conn, request, client);
    else
        ws_address_to_socket(client, &address);
    if (address.ss_family == AF_UNSPEC)
        return WS_OK;
    struct conn_annotations *notes =
        conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
    if (!notes)
        return WS_E_NO_MEMORY;
    notes->client = *client;
    notes->proxied = true;
    return ws_server_reassign(server_of(conn)->ws_server, conn, (const struct sockaddr *)&address);
}

enum access_verdict access_control_check(struct ws_conn *conn, const struct ws_request *request)
{
    const struct access_rules *rules = rules_of(conn);
    struct ws_address peer, client;
    char user[WS_CREDENTIALS_USER] = "";
    enum ws_error violation =
        request->violation == WS_E_NOT_AN_UPGRADE ? WS_OK : request->violation;
    ws_conn_peer_address(conn, &peer);
    if (!pass(conn, violation, request, &peer, "") ||
        !pass(conn, access_rules_check_request(rules, request, &peer, &client), request, &client,
              "") ||
        !pass(conn, reassign(conn, request, &peer, &client), request, &client, ""))
        return ACCESS_REFUSED;
    if (request->violation == WS_E_NOT_AN_UPGRADE)
        return ACCESS_PLAIN;
    enum ws_error error =
        access_rules_check_upgrade(rules, request, ws_conn_tls(conn) != NULL, ws_clock_us(), user);
    return pass(conn, error, request, &client, user) ? ACCESS_UPGRADE : ACCESS_REFUSED;
}

bool access_control_check_plain(struct ws_conn *conn, const struct ws_request *request)
{
    struct ws_address client;
    char user[WS_CREDENTIALS_USER];
    access_control_client(conn, request, &client);
    return pass(conn, access_rules_check_credentials(rules_of(conn), request, user), request,
                &client, user);
}

bool access_control_check_admin(struct ws_conn *conn, const struct ws_request *request)
{
    struct ws_address peer;
    ws_conn_peer_address(conn, &peer);
    enum ws_error error = request->violation == WS_E_NOT_AN_UPGRADE ? WS_OK : request->violation;
    if (error == WS_OK && request->upgrade)
        error = WS_E_NOT_FOUND;
    /* Nothing else logs the ends of these connections. */
    if (error != WS_OK)
        log_refusal(conn, error, request, &peer, "");
    return pass(conn, error, request, &peer, "");
}

bool access_control_check_admin_host(struct ws_conn *conn, const struct ws_request *request)
{
    struct ws_address own, peer;
    ws_address_of_socket(ws_conn_fd(conn), &own);
    if (!ws_address_is_loopback(&own))
        return true;
    ws_conn_peer_address(conn, &peer);
    return pass(conn, access_rules_check_host(rules_of(conn), request), request, &peer, "");
}

/* The client, once its request was checked; before that, the peer. */
static void client_of(const struct ws_conn *conn, struct ws_address *client)
{
    const struct conn_annotations *notes =
        conn_annotations_find(worker_of(conn)->annotations, ws_conn_id(conn));
    if (notes && notes->proxied)
        *client = notes->client;
    else
        ws_conn_peer_address(conn, client);
}

const char *client_label(const struct ws_conn *conn, char text[CLIENT_LABEL_MAX])
{
    struct ws_address client;
    client_of(conn, &client);
    return describe(conn, &client, text);
}

const char *client_address(const struct ws_conn *conn, char text[WS_ADDRESS_TEXT])
{
    struct ws_address client;
    client_of(conn, &client);
    return ws_address_format(&client, text);
}

void access_control_client(const struct ws_conn *conn, const struct ws_request *request,
                           struct ws_address *client)
{
    struct ws_address peer;
    ws_conn_peer_address(conn, &peer);
    ws_forwarded_client(request, &rules_of(conn)->trusted, &peer, client);
}

bool access_control_https(const struct ws_conn *conn, const struct ws_request *request)
{
    struct ws_address peer;
    struct ws_str list, scheme = {0};
    const struct access_rules *rules = rules_of(conn);
    if (rules->trusted.count == 0)
        return false;
    ws_conn_peer_address(conn, &peer);
    if (!ws_networks_have(&rules->trusted, &peer))
        return false;
    for (int i = -1;
         (i = ws_http_find(request->head, request->buffer, "X-Forwarded-Proto", i + 1)) >= 0;) {
        list = ws_http_value(request->head, request->buffer, (size_t)i);
        while (ws_http_list_next(&list, &scheme))
            ; /* the last one counts */
    }
    return ws_str_equal_case(scheme, "https") || ws_str_equal_case(scheme, "wss");
}

void access_control_user(const struct ws_conn *conn, const struct ws_request *request,
                         char user[WS_CREDENTIALS_USER])
{
    access_rules_check_credentials(rules_of(conn), request, user);
}
