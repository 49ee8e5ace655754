#include "cmd/common/options/target.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/proxy_choice.h"
#include "cmd/common/units.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

const struct option_row target_rows[TARGET_ROWS] = {
    {OPTION_GROUP("Connection")},
    {.name = "header",
     .letters = "H",
     OPTION_LIST(struct target, headers),
     .metavar = "NAME: VALUE",
     .flags = OPTION_HEADER,
     .help = "send this header; 'NAME:' removes a default one"},
    {.name = "auth",
     .letters = "u",
     .aliases = "user",
     OPTION_STRING(struct target, auth),
     .metavar = "USER:PASSWORD",
     .flags = OPTION_SECRET | OPTION_HEADER,
     .help = "use HTTP basic authentication; @FILE, @- or env:NAME keep it off the command line"},
    {.name = "origin",
     .letters = "o",
     OPTION_STRING(struct target, origin),
     .metavar = "ORIGIN",
     .flags = OPTION_HEADER,
     .help = "send this Origin header"},
    {.name = "subprotocol",
     .letters = "s",
     OPTION_LIST(struct target, subprotocols),
     .metavar = "NAME",
     .flags = OPTION_HEADER,
     .help = "offer this subprotocol; may be repeated"},
    {.name = "proxy",
     OPTION_STRING(struct target, proxy_typed),
     .metavar = "URL",
     .flags = OPTION_SECRET,
     .help = "connect through http://[USER:PASSWORD@]HOST[:PORT] or socks5://...; '' for no proxy, "
             "overriding HTTPS_PROXY and ALL_PROXY; @FILE and env:NAME as above"},
    {.name = "connect-timeout",
     OPTION_DURATION(struct target, connect_timeout_us),
     .help = "time limit for name, connection, proxy, TLS and upgrade together (default 10s)"},
};

/* Reports a usage error; false, so that it can be returned. */
#define usage_error(options, ...)                                                                  \
    ((options)->status = options_usage_error(options, __VA_ARGS__), false)

static char *keep(struct target *t, char *string)
{
    size_t count = 0;
    while (t->owned && t->owned[count])
        count++;
    char **owned = string ? realloc(t->owned, (count + 2) * sizeof *owned) : NULL;
    if (!owned)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    t->owned = owned;
    owned[count] = string;
    owned[count + 1] = NULL;
    return string;
}

static void add_header(struct target *t, const char *name, const char *value)
{
    struct ws_header *headers =
        realloc(t->request_headers, (t->request_header_count + 1) * sizeof *headers);
    if (!headers)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    t->request_headers = headers;
    headers[t->request_header_count++] = (struct ws_header){name, value};
}

/* Parses "NAME: VALUE"; "NAME:" removes a default header. */
static bool parse_header(struct target *t, struct options *options, const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon)
        return usage_error(options, "option '--header': '%s' is not 'NAME: VALUE'", text);
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    char *name = keep(t, strndup(text, (size_t)(colon - text)));
    if (!ws_header_valid(name, value))
        return usage_error(options, "option '--header': '%s' is not a header that may be sent",
                           text);
    add_header(t, name, *value ? value : NULL);
    return true;
}

static void add_basic_auth(struct target *t, const char *credentials)
{
    size_t len = strlen(credentials);
    char *value = keep(t, malloc(len / 3 * 4 + 16));
    strcpy(value, "Basic ");
    EVP_EncodeBlock((unsigned char *)value + 6, (const unsigned char *)credentials, (int)len);
    add_header(t, "Authorization", value);
}

static bool offer(struct target *t, struct options *options, const char *name, size_t count)
{
    if (!ws_http_is_token((struct ws_str){name, strlen(name)}))
        return usage_error(options, "option '--subprotocol': '%s' is not a token", name);
    for (size_t i = 0; i < count; i++)
        if (strcmp(t->offered[i], name) == 0)
            return usage_error(options, "option '--subprotocol': '%s' was given twice", name);
    t->offered[count] = name;
    return true;
}

/* Parses -s a -s b, or -s a,b as in npm's wscat. */
static bool offer_subprotocols(struct target *t, struct options *options)
{
    size_t count = 0, room = 1;
    for (size_t i = 0; i < t->subprotocols.count; i++)
        room += strlen(t->subprotocols.items[i]) + 1;
    t->offered = calloc(room, sizeof *t->offered);
    for (size_t i = 0; i < t->subprotocols.count; i++) {
        struct ws_str list = {t->subprotocols.items[i], strlen(t->subprotocols.items[i])}, one;
        if (!ws_http_list_next(&list, &one))
            return usage_error(options, "option '--subprotocol': '%s' is not a token",
                               t->subprotocols.items[i]);
        do {
            if (!offer(t, options, keep(t, strndup(one.p, one.len)), count))
                return false;
            count++;
        } while (ws_http_list_next(&list, &one));
    }
    return true;
}

static bool make_request(struct target *t, struct options *options)
{
    if (t->origin)
        add_header(t, "Origin", t->origin);
    if (!t->auth && t->url.user_info)
        t->auth = t->url.user_info;
    if (t->auth)
        add_basic_auth(t, t->auth);
    for (size_t i = 0; i < t->headers.count; i++)
        if (!parse_header(t, options, t->headers.items[i]))
            return false;
    return offer_subprotocols(t, options);
}

bool target_read(struct target *t, struct options *options, const char *url)
{
    enum ws_url_error error = ws_url_parse(url, &t->url);
    if (error == WS_URL_NO_MEMORY)
        exit_die(WS_EXIT_FAILURE, "%s", ws_url_error_text(error));
    if (error != WS_URL_OK)
        return usage_error(options, "'%s' is not a WebSocket URL: %s", url,
                           ws_url_error_text(error));
    char why[160];
    if (!proxy_choose(&t->url, t->proxy_typed, &t->proxy, why, sizeof why))
        return usage_error(options, "%s", why);
    return make_request(t, options) && target_tls_read(&t->tls, options, t->url.secure);
}

void target_client(const struct target *t, struct ws_client_options *client)
{
    client->url = &t->url;
    client->subprotocols = t->offered;
    client->headers = t->request_headers;
    client->header_count = t->request_header_count;
    client->proxy = t->proxy.host ? &t->proxy : NULL;
    client->tls = t->tls.context;
    client->tls_name = t->tls.domain ? t->tls.domain : t->url.host;
    client->connect_ms = units_milliseconds(t->connect_timeout_us);
}

void target_free(struct target *t)
{
    for (char **p = t->owned; p && *p; p++)
        free(*p);
    free(t->owned);
    free(t->request_headers);
    free(t->offered);
    ws_url_free(&t->url);
    ws_proxy_free(&t->proxy);
    target_tls_free(&t->tls);
}
