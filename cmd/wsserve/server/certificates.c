#include "cmd/wsserve/server/certificates.h"

#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/common/options/secret.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/options/settings.h"
#include "libws/io/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 16, NAME_MAX_LEN = 256 };

struct certificates {
    struct ws_tls_context *initial; /* until every loop has its own */
    char *passphrase;               /* typed by the user; NULL: none */
};

/* --- making a context --- */

static struct ws_tls_identity *read_pair(const struct server *server, char *error, size_t size)
{
    const struct settings_tls *s = &server->settings->tls;
    const char *passphrase = s->passphrase ? s->passphrase : server->certificates->passphrase;
    return ws_tls_identity_read(s->certificate, s->key, passphrase, error, size);
}

static struct ws_tls_context *make(const struct server *server, const struct ws_tls_identity *pair,
                                   char *error, size_t size)
{
    const struct settings *settings = server->settings;
    const struct ws_tls_options options = {.role = WS_ROLE_SERVER,
                                           .http2 = settings->http2.use != HTTP2_OFF,
                                           .pair = pair,
                                           .ca = settings->tls.client_ca};
    return ws_tls_context_new(&options, error, size);
}

/* The host of "HOST:PORT" or "[HOST]:PORT"; for a wildcard address the machine's name. False if
 * there is none. */
static bool host_of(const char *where, char name[NAME_MAX_LEN])
{
    struct ws_host_port parts;
    if (strncmp(where, "unix:", 5) == 0 || strncmp(where, "fd:", 3) == 0 ||
        ws_host_port_parse((struct ws_str){where, strlen(where)}, &parts) != WS_HOST_PORT_OK ||
        parts.host.len == 0 || parts.host.len >= NAME_MAX_LEN)
        return false;
    memcpy(name, parts.host.p, parts.host.len);
    name[parts.host.len] = '\0';
    if (strcmp(name, "0.0.0.0") == 0 || strcmp(name, "::") == 0)
        return gethostname(name, NAME_MAX_LEN - 1) == 0 && name[0];
    return true;
}

static struct ws_tls_identity *make_self_signed(const struct settings *settings)
{
    char names[NAMES_MAX][NAME_MAX_LEN] = {{0}}, text[SETTINGS_WHERE_MAX];
    const char *list[NAMES_MAX], *where;
    size_t count = 0;
    for (size_t i = 0; count < NAMES_MAX && (where = serve_settings_where(settings, i, text)); i++)
        count += host_of(where, names[count]);
    for (size_t i = 0; i < count; i++)
        list[i] = names[i];
    return ws_tls_identity_self_signed(list, count);
}

/* --- the start --- */

static void ask_passphrase(struct server *server)
{
    const struct settings_tls *s = &server->settings->tls;
    const char *key = s->key ? s->key : s->certificate;
    char prompt[256];
    if (s->passphrase || !ws_tls_key_encrypted(key))
        return;
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", key);
    server->certificates->passphrase = secret_ask(prompt);
}

bool certificates_start(struct server *server)
{
    const struct settings *settings = server->settings;
    char error[512] = "out of memory", fingerprint[WS_TLS_FINGERPRINT], until[16];
    struct ws_tls_identity *pair;
    if (!settings->tls.on)
        return true;
    server->certificates = calloc(1, sizeof *server->certificates);
    if (!server->certificates) {
        exit_warn("%s", error);
        return false;
    }
    if (settings->tls.self_signed) {
        pair = make_self_signed(settings);
    } else {
        ask_passphrase(server);
        pair = read_pair(server, error, sizeof error);
    }
    if (pair)
        server->certificates->initial = make(server, pair, error, sizeof error);
    if (!server->certificates->initial)
        exit_warn("%s", error);
    else if (settings->tls.self_signed)
        fprintf(stderr, "wsserve: self-signed until %s, SHA-256 %s\n",
                ws_tls_identity_until(pair, until), ws_tls_identity_fingerprint(pair, fingerprint));
    ws_tls_identity_free(pair);
    return server->certificates->initial != NULL;
}

void certificates_join(struct server *server, struct ws_server_env *env)
{
    if (server->certificates)
        env->tls = ws_tls_context_again(server->certificates->initial);
}

void certificates_leave(struct ws_server_env *env)
{
    ws_tls_context_free(env->tls);
    env->tls = NULL;
}

void certificates_started(struct server *server)
{
    if (!server->certificates)
        return;
    ws_tls_context_free(server->certificates->initial);
    server->certificates->initial = NULL;
}

/* --- reload --- */

/* On each loop's thread, one after the other. */
static void take_context(struct ws_server_env *env, void *context)
{
    struct ws_tls_context *again = ws_tls_context_again(context);
    if (!again)
        return;
    ws_tls_context_free(env->tls);
    env->tls = again;
}

static void free_context(void *context)
{
    ws_tls_context_free(context);
}

/* What is no file or folder is read at the start only: a pipe's other end could be waited for. */
static bool can_be_read_again(const struct settings_tls *s, char *error, size_t size)
{
    const char *const paths[] = {s->certificate, s->key, s->client_ca};
    struct stat status;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (paths[i] && stat(paths[i], &status) == 0 && !S_ISREG(status.st_mode) &&
            !S_ISDIR(status.st_mode)) {
            snprintf(error, size, "'%s' is not a regular file, and can be read at the start only",
                     paths[i]);
            return false;
        }
    return true;
}

void certificates_reload(struct server *server)
{
    const struct settings_tls *s = &server->settings->tls;
    char error[512] = "out of memory", until[16] = "";
    if (!s->on || s->self_signed)
        return;
    struct ws_tls_identity *pair =
        can_be_read_again(s, error, sizeof error) ? read_pair(server, error, sizeof error) : NULL;
    struct ws_tls_context *context = pair ? make(server, pair, error, sizeof error) : NULL;
    if (pair)
        ws_tls_identity_until(pair, until);
    ws_tls_identity_free(pair);
    if (context && ws_server_ask(server->ws_server, server->workers[0].env, take_context,
                                 free_context, context)) {
        log_line(server->log, WS_LOG_INFO, 0, "config",
                 "the certificate was read again: good until %s", until);
        return;
    }
    log_line(server->log, WS_LOG_ERROR, 0, "config", "%s; the old certificate stays", error);
    ws_tls_context_free(context);
}

void certificates_free(struct server *server)
{
    if (!server->certificates)
        return;
    ws_tls_context_free(server->certificates->initial);
    secret_free(server->certificates->passphrase);
    free(server->certificates);
    server->certificates = NULL;
}
