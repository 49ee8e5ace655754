#include "cmd/wsserve/server/certificates.h"

#include "cmd/common/exit.h"
#include "cmd/common/secret.h"
#include "cmd/wsserve/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 16, NAME_MAX_LEN = 256 };

/* --- making a context --- */

static struct ws_tls_identity *read_pair(const struct serve *serve, char *error, size_t size)
{
    const struct settings_tls *s = &serve->settings->tls;
    const char *passphrase = s->passphrase ? s->passphrase : serve->secure.passphrase;
    return ws_tls_identity_read(s->certificate, s->key, passphrase, error, size);
}

static struct ws_tls_context *make(const struct serve *serve, const struct ws_tls_identity *pair,
                                   char *error, size_t size)
{
    const struct ws_tls_options options = {
        .role = WS_ROLE_SERVER, .pair = pair, .ca = serve->settings->tls.client_ca};
    return ws_tls_context_new(&options, error, size);
}

/* The host of "HOST:PORT" or "[HOST]:PORT"; where that is everywhere, the machine's name. False for
 * what has none. */
static bool host_of(const char *where, char name[NAME_MAX_LEN])
{
    const char *colon = strrchr(where, ':');
    size_t len = colon ? (size_t)(colon - where) : strlen(where);
    if (strncmp(where, "unix:", 5) == 0 || strncmp(where, "fd:", 3) == 0)
        return false;
    if (len >= 2 && where[0] == '[' && where[len - 1] == ']') {
        where++;
        len -= 2;
    }
    if (len == 0 || len >= NAME_MAX_LEN)
        return false;
    memcpy(name, where, len);
    name[len] = '\0';
    if (strcmp(name, "0.0.0.0") == 0 || strcmp(name, "::") == 0)
        return gethostname(name, NAME_MAX_LEN - 1) == 0 && name[0];
    return true;
}

static struct ws_tls_identity *make_up(const struct settings *settings)
{
    char names[NAMES_MAX][NAME_MAX_LEN] = {{0}}, where[300];
    const char *list[NAMES_MAX];
    size_t count = 0;
    if (settings->listen.count == 0) {
        bool v6 = strchr(settings->address, ':') && settings->address[0] != '[';
        snprintf(where, sizeof where, v6 ? "[%s]:1" : "%s:1", settings->address);
        count += host_of(where, names[0]);
    }
    for (size_t i = 0; i < settings->listen.count && count < NAMES_MAX; i++)
        count += host_of(settings->listen.items[i], names[count]);
    for (size_t i = 0; i < count; i++)
        list[i] = names[i];
    return ws_tls_identity_self_signed(list, count);
}

/* --- the start --- */

static void ask_passphrase(struct serve *serve)
{
    const struct settings_tls *s = &serve->settings->tls;
    const char *key = s->key ? s->key : s->certificate;
    char prompt[256];
    if (s->passphrase || !ws_tls_key_encrypted(key))
        return;
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", key);
    serve->secure.passphrase = secret_ask(prompt);
}

bool secure_start(struct serve *serve)
{
    const struct settings *settings = serve->settings;
    char error[512] = "out of memory", fingerprint[WS_TLS_FINGERPRINT], until[16];
    struct ws_tls_identity *pair;
    if (!settings->tls.on)
        return true;
    if (settings->tls.self_signed) {
        pair = make_up(settings);
    } else {
        ask_passphrase(serve);
        pair = read_pair(serve, error, sizeof error);
    }
    if (pair)
        serve->secure.first = make(serve, pair, error, sizeof error);
    if (!serve->secure.first)
        exit_warn("%s", error);
    else if (settings->tls.self_signed)
        fprintf(stderr, "wsserve: self-signed until %s, SHA-256 %s\n",
                ws_tls_identity_until(pair, until), ws_tls_identity_fingerprint(pair, fingerprint));
    ws_tls_identity_free(pair);
    return serve->secure.first != NULL;
}

void secure_join(struct serve *serve, struct ws_conn_env *env)
{
    if (serve->secure.first)
        env->tls = ws_tls_context_again(serve->secure.first);
}

void secure_leave(struct ws_conn_env *env)
{
    ws_tls_context_free(env->tls);
    env->tls = NULL;
}

void secure_started(struct serve *serve)
{
    ws_tls_context_free(serve->secure.first);
    serve->secure.first = NULL;
}

/* --- again --- */

/* On each loop's thread, one after the other. */
static void take_context(struct ws_conn_env *env, void *context)
{
    struct ws_tls_context *again = ws_tls_context_again(context);
    if (!again)
        return;
    ws_tls_context_free(env->tls);
    env->tls = again;
}

static void all_have_it(void *context)
{
    ws_tls_context_free(context);
}

void secure_reload(struct serve *serve)
{
    const struct settings_tls *s = &serve->settings->tls;
    char error[512] = "out of memory", until[16] = "";
    if (!s->on || s->self_signed)
        return;
    struct ws_tls_identity *pair = read_pair(serve, error, sizeof error);
    struct ws_tls_context *context = pair ? make(serve, pair, error, sizeof error) : NULL;
    if (pair)
        ws_tls_identity_until(pair, until);
    ws_tls_identity_free(pair);
    if (context &&
        ws_server_ask(serve->server, serve->workers[0].env, take_context, all_have_it, context)) {
        log_line(&serve->log, WS_LOG_INFO, 0, "config",
                 "the certificate was read again: good until %s", until);
        return;
    }
    log_line(&serve->log, WS_LOG_ERROR, 0, "config", "%s; the old certificate stays", error);
    ws_tls_context_free(context);
}

void secure_free(struct secure *secure)
{
    ws_tls_context_free(secure->first);
    secret_free(secure->passphrase);
    *secure = (struct secure){0};
}
