#include "cmd/common/options/target.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/proxy_choice.h"
#include "cmd/common/options/secret.h"
#include "cmd/common/options/suggest.h"
#include "cmd/common/units.h"
#include "libws/http2/http2.h"
#include "libws/io/address.h"

#include <errno.h>
#include <net/if.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

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

/* --- headers --- */

static void add_header(struct target *t, const char *name, const char *value)
{
    struct ws_header *headers =
        realloc(t->request_headers, (t->request_header_count + 1) * sizeof *headers);
    if (!headers)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    t->request_headers = headers;
    headers[t->request_header_count++] = (struct ws_header){name, value};
}

static bool is_named(const char *const *names, const char *name, size_t len)
{
    for (; *names; names++)
        if (strlen(*names) == len && strncasecmp(*names, name, len) == 0)
            return true;
    return false;
}

bool target_header_secret(const char *name, size_t len)
{
    static const char *const secrets[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                          "Set-Cookie", NULL};
    return is_named(secrets, name, len);
}

/* A request has one of each (RFC 9110 5.3, RFC 6455 11.3): the last that was given. */
static bool is_single(const char *name)
{
    static const char *const singles[] = {
        "Authorization",         "Host", "Origin", "User-Agent", "Sec-WebSocket-Key",
        "Sec-WebSocket-Version", NULL};
    return is_named(singles, name, strlen(name));
}

static void drop_header(struct target *t, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->request_header_count; i++)
        if (strcasecmp(t->request_headers[i].name, name) != 0)
            t->request_headers[kept++] = t->request_headers[i];
    t->request_header_count = kept;
}

/* A header that an option other than --header stands for; --header wins. */
static void add_default(struct target *t, const char *name, const char *value)
{
    for (size_t i = 0; i < t->request_header_count; i++)
        if (strcasecmp(t->request_headers[i].name, name) == 0)
            return;
    add_header(t, name, value);
}

/* --- subprotocols and extensions --- */

static bool offer(struct target *t, const char *option, const char *name)
{
    if (!ws_http_is_token((struct ws_str){name, strlen(name)}))
        return usage_error(t->options, "option '--%s': '%s' is not a token", option, name);
    for (size_t i = 0; i < t->offered_count; i++)
        if (strcmp(t->offered[i], name) == 0)
            return usage_error(t->options, "option '--%s': '%s' was given twice", option, name);
    const char **offered = realloc(t->offered, (t->offered_count + 2) * sizeof *offered);
    if (!offered)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    t->offered = offered;
    offered[t->offered_count++] = name;
    offered[t->offered_count] = NULL;
    return true;
}

/* A list separated by commas, as npm's wscat has it too. */
static bool offer_list(struct target *t, const char *option, const char *text)
{
    struct ws_str list = {text, strlen(text)}, one;
    if (!ws_http_list_next(&list, &one))
        return usage_error(t->options, "option '--%s': '%s' is not a token", option, text);
    do {
        if (!offer(t, option, keep(t, strndup(one.p, one.len))))
            return false;
    } while (ws_http_list_next(&list, &one));
    return true;
}

/* "" or what browsers send: "; client_max_window_bits". */
static bool browser_params(struct ws_str params)
{
    if (params.len == 0)
        return true;
    return ws_str_equal_case(ws_str_trim((struct ws_str){params.p + 1, params.len - 1}),
                             "client_max_window_bits");
}

/* Of all extensions only permessage-deflate can be spoken, and its parameters are those of
 * --compress; what browsers offer is its default. */
static bool offer_extension(struct target *t, const char *value)
{
    struct ws_str list = {value, strlen(value)}, name, params;
    if (ws_extension_next(&list, &name, &params) != WS_EXTENSION_FOUND || list.len > 0 ||
        !ws_str_equal_case(name, "permessage-deflate") || !browser_params(params))
        return usage_error(t->options,
                           "option '--header': Sec-WebSocket-Extensions is made by --compress");
    t->offers_deflate = true;
    return true;
}

/* Parses "NAME: VALUE"; "NAME:" removes a default header. What --header offers counts as offered.
 */
static bool parse_header(struct target *t, const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon)
        return usage_error(t->options, "option '--header': '%s' is not 'NAME: VALUE'", text);
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    char *name = keep(t, strndup(text, (size_t)(colon - text)));
    if (!ws_header_valid(name, value))
        return usage_error(t->options, "option '--header': '%s' is not a header that may be sent",
                           text);
    if (*value && strcasecmp(name, "Sec-WebSocket-Protocol") == 0)
        return offer_list(t, "header", value);
    if (*value && strcasecmp(name, "Sec-WebSocket-Extensions") == 0)
        return offer_extension(t, value);
    if (is_single(name))
        drop_header(t, name);
    add_header(t, name, *value ? value : NULL);
    return true;
}

/* --- credentials --- */

static void add_basic_auth(struct target *t, const char *credentials)
{
    size_t len = strlen(credentials);
    char *value = keep(t, malloc(len / 3 * 4 + 16));
    strcpy(value, "Basic ");
    EVP_EncodeBlock((unsigned char *)value + 6, (const unsigned char *)credentials, (int)len);
    add_default(t, "Authorization", value);
}

/* USER without a password: asks for it at the terminal, if there is one and `ask` is set; else it
 * is empty. */
static const char *with_password(struct target *t, const char *credentials, bool ask)
{
    char *whole = NULL, *password = NULL, prompt[128];
    if (strchr(credentials, ':'))
        return credentials;
    snprintf(prompt, sizeof prompt, "Password of %.64s: ", credentials);
    if (ask && !(password = secret_ask(prompt))) {
        if (errno == ECANCELED)
            exit_die(WS_EXIT_SIGINT, "no password was entered");
        exit_warn("there is no terminal to ask for the password of %.64s: an empty one is sent "
                  "(USER:PASSWORD, @FILE or env:NAME give one)",
                  credentials);
    }
    if (asprintf(&whole, "%s:%s", credentials, password ? password : "") < 0)
        whole = NULL;
    secret_free(password);
    return keep(t, whole);
}

static bool add_credentials(struct target *t)
{
    if (t->bearer) {
        char *value = NULL;
        if (t->auth)
            return usage_error(t->options, "--auth and --bearer exclude each other");
        if (!*t->bearer)
            return usage_error(t->options, "option '--bearer': it is empty");
        add_default(t, "Authorization",
                    keep(t, asprintf(&value, "Bearer %s", t->bearer) < 0 ? NULL : value));
    } else if (t->auth) {
        add_basic_auth(t, with_password(t, t->auth, true));
    } else if (t->url.user_info) {
        add_basic_auth(t, with_password(t, t->url.user_info, false));
    }
    return true;
}

bool target_read_subprotocols(struct target *t, struct options *options)
{
    t->options = options;
    for (size_t i = 0; i < t->subprotocols.count; i++)
        if (!offer_list(t, "subprotocol", t->subprotocols.items[i]))
            return false;
    return true;
}

static bool make_request(struct target *t)
{
    for (size_t i = 0; i < t->headers.count; i++)
        if (!parse_header(t, t->headers.items[i]))
            return false;
    if (!target_read_subprotocols(t, t->options))
        return false;
    if (t->host)
        add_default(t, "Host", t->host);
    if (t->origin)
        add_default(t, "Origin", t->origin);
    if (t->user_agent)
        add_default(t, "User-Agent", t->user_agent);
    return add_credentials(t);
}

/* --- where to --- */

/* Is it the host that was typed, in the form that URLs get? */
static bool is_host(const char *typed, size_t len, const char *host)
{
    char *name;
    uint16_t ignored;
    bool is_it =
        ws_url_host_port(typed, len, &name, &ignored) == WS_URL_OK && strcasecmp(name, host) == 0;
    free(name);
    return is_it;
}

/* The address for the URL's host and port in HOST:PORT:ADDRESS; NULL when it is for another. */
static const char *resolved(const char *entry, const struct ws_url *url)
{
    const char *port = strchr(entry, ':'), *address = port ? strchr(port + 1, ':') : NULL;
    if (!address)
        return NULL;
    bool host_fits =
        (port == entry + 1 && *entry == '*') || is_host(entry, (size_t)(port - entry), url->host);
    bool port_fits = (address == port + 2 && port[1] == '*') || atoi(port + 1) == url->port;
    return host_fits && port_fits ? address + 1 : NULL;
}

/* Checks the form of --resolve. */
static bool check_resolve(struct target *t, const char *entry)
{
    const char *port = strchr(entry, ':'), *address = port ? strchr(port + 1, ':') : NULL;
    struct ws_address ignored;
    size_t digits = port ? strspn(port + 1, "0123456789") : 0;
    bool port_good =
        address && (address == port + 1 + digits || (address == port + 2 && port[1] == '*'));
    size_t len = address ? strlen(address + 1) : 0;
    if (port != entry && port_good && address != port + 1 &&
        ws_address_parse((struct ws_str){address + 1, len}, &ignored))
        return true;
    return usage_error(t->options, "option '--resolve': '%s' is not HOST:PORT:ADDRESS", entry);
}

static bool choose_address(struct target *t)
{
    t->address = NULL;
    for (size_t i = 0; i < t->resolve.count; i++) {
        if (!check_resolve(t, t->resolve.items[i]))
            return false;
        const char *address = resolved(t->resolve.items[i], &t->url);
        if (!t->address && address) {
            /* [::1] is ::1 to the resolver. */
            size_t bracket = *address == '[';
            t->address = keep(t, strndup(address + bracket, strcspn(address + bracket, "]")));
        }
    }
    return true;
}

static bool check_local(struct target *t)
{
    struct ws_address address;
    if (options_given(t->options, "ipv4") && options_given(t->options, "ipv6"))
        return usage_error(t->options, "--ipv4 and --ipv6 exclude each other");
    if (t->interface && if_nametoindex(t->interface) == 0 &&
        !ws_address_parse((struct ws_str){t->interface, strlen(t->interface)}, &address))
        return usage_error(t->options,
                           "option '--interface': '%s' is neither an address nor an interface of "
                           "this computer",
                           t->interface);
    if (t->unix_socket &&
        (!*t->unix_socket || strlen(t->unix_socket) >= sizeof(((struct sockaddr_un *)0)->sun_path)))
        return usage_error(t->options, "option '--unix-socket': the path is empty or too long");
    if (t->unix_socket && options_given(t->options, "proxy"))
        return usage_error(t->options, "--proxy has no effect with --unix-socket");
    if (t->unix_socket && !t->url.unix_path)
        t->url.unix_path = strdup(t->unix_socket);
    return true;
}

/* Sets everything but the request's headers. */
static bool read_url(struct target *t, const char *url)
{
    enum ws_url_error error = ws_url_parse(url, &t->url);
    if (error == WS_URL_NO_MEMORY)
        exit_die(WS_EXIT_FAILURE, "%s", ws_url_error_text(error));
    if (error == WS_URL_SLASHES) {
        size_t scheme = strcspn(url, ":/");
        return usage_error(t->options, "'%s': did you mean '%.*s://%s'?", url, (int)scheme, url,
                           url + scheme + strspn(url + scheme, ":/"));
    }
    char hint[SUGGEST_URL_MAX];
    if (error != WS_URL_OK)
        return usage_error(t->options, "'%s' is not a WebSocket URL: %s%s", url,
                           ws_url_error_text(error), suggest_url(url, hint));
    char why[160];
    if (!proxy_choose(&t->url, t->proxy_typed, &t->proxy, why, sizeof why))
        return usage_error(t->options, "%s", why);
    if (!choose_address(t) || !check_local(t))
        return false;
    if (t->tls.context)
        return true;
    if (!target_tls_read(&t->tls, t->options, WS_ROLE_CLIENT, t->url.secure))
        return false;
    if (t->tls.context)
        ws_tls_context_offer_http2(t->tls.context, t->http2 != TARGET_HTTP2_OFF);
    return true;
}

/* An authority or a certificate means TLS; --insecure may stand in an alias. A redirect may lead to
 * wss. */
static bool check_tls_options(const struct target *t)
{
    if (t->url.secure || options_given(t->options, "location"))
        return true;
    for (size_t i = 0; i < TARGET_TLS_ROWS; i++) {
        const char *name = target_tls_rows[i].name;
        if (name && strcmp(name, "insecure") != 0 && options_given(t->options, name))
            return usage_error(t->options, "--%s has no effect without TLS: write wss://", name);
    }
    return true;
}

bool target_read(struct target *t, struct options *options, const char *url)
{
    t->options = options;
    if (url[0] == '-')
        return usage_error(options, "'%s' is an option, where a URL is expected", url);
    if (t->http2 != TARGET_HTTP2_OFF && !ws_http2_supported())
        return usage_error(options, "--http2: this program was built without HTTP/2");
    return read_url(t, url) && check_tls_options(t) && make_request(t);
}

/* --- redirects --- */

/* `location` as a whole URL; from malloc, NULL without memory. */
static char *absolute(const struct target *t, const char *location)
{
    char *base = target_url(t), *whole = NULL;
    if (!base)
        return NULL;
    size_t keep_len = 0; /* of the present URL */
    /* RFC 3986 4.2: it names no scheme. */
    if (location[strcspn(location, ":/?#")] != ':') {
        size_t authority = (size_t)(strchr(base, ':') + 3 - base);
        size_t path = authority + strcspn(base + authority, "/");
        size_t query = path + strcspn(base + path, "?");
        keep_len = path;
        if (strncmp(location, "//", 2) == 0)
            keep_len = authority - 2;
        else if (strchr("?#", *location)) /* or it is empty (RFC 3986 5.2.2) */
            keep_len = *location == '?' ? query : strlen(base);
        else if (*location != '/')
            for (size_t i = path; i < query; i++)
                keep_len = base[i] == '/' ? i + 1 : keep_len;
    }
    if (asprintf(&whole, "%.*s%s", (int)keep_len, base, location) < 0)
        whole = NULL;
    free(base);
    return whole;
}

/* A URL that is relative to ours goes to the same address, whose zone our URL does not show. */
static bool keep_zone(struct target *t, struct ws_url *before)
{
    char *host = t->url.host;
    size_t len = host ? strlen(host) : 0;
    if (len == 0 || strncmp(before->host, host, len) != 0 || before->host[len] != '%')
        return false;
    t->url.host = before->host;
    before->host = host;
    return true;
}

/* No server may point a client to a socket of the client's computer. */
static bool is_unix(const char *location)
{
    return strncasecmp(location, "ws+unix:", 8) == 0 || strncasecmp(location, "wss+unix:", 9) == 0;
}

bool target_redirect(struct target *t, const char *location)
{
    if (is_unix(location))
        return options_refuse(t->options, "a redirect to a unix socket is not followed");
    char *url = absolute(t, location), *fragment = url ? strchr(url, '#') : NULL;
    struct ws_url before = t->url, after;
    if (!url)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    if (fragment)
        *fragment = '\0';
    enum ws_url_error error = ws_url_parse(url, &after);
    ws_url_free(&after);
    /* Not localhost:80, as at the command line. */
    if (strncmp(url + strcspn(url, ":"), "://", 3) != 0)
        error = WS_URL_SCHEME;
    if (error != WS_URL_OK) {
        options_refuse(t->options, "the server redirects to '%s', which is not a WebSocket URL: %s",
                       url, ws_url_error_text(error));
        free(url);
        return false;
    }
    t->url = (struct ws_url){0};
    ws_proxy_free(&t->proxy);
    bool read = read_url(t, url);
    bool zone = keep_zone(t, &before);
    bool elsewhere = read && ((!zone && strcasecmp(before.host, t->url.host) != 0) ||
                              (before.secure && !t->url.secure));
    if (elsewhere) {
        drop_header(t, "Authorization");
        drop_header(t, "Cookie");
        drop_header(t, "Host");
    }
    free(url);
    ws_url_free(&before);
    return read;
}

char *target_url(const struct target *t)
{
    const struct ws_url *u = &t->url;
    const char *scheme = u->secure ? "wss" : "ws";
    char *text = NULL;
    int made = u->unix_path && !t->unix_socket
                   ? asprintf(&text, "%s+unix:%s:%s", scheme, u->unix_path, u->target)
                   : asprintf(&text, "%s://%s%s", scheme, u->authority, u->target);
    return made < 0 ? NULL : text;
}

char *target_url_shown(const struct target *t)
{
    char *url = target_url(t);
    char *shown = url ? secret_without_token(url, strlen(url)) : NULL;
    free(url);
    return shown;
}

void target_client(const struct target *t, struct ws_client_options *client)
{
    static const int families[] = {
        [TARGET_ANY] = AF_UNSPEC, [TARGET_IPV4] = AF_INET, [TARGET_IPV6] = AF_INET6};
    client->url = &t->url;
    client->subprotocols = t->offered;
    client->headers = t->request_headers;
    client->header_count = t->request_header_count;
    client->address = t->address;
    client->family = families[t->family];
    client->local_address = t->interface;
    client->proxy = t->proxy.host ? &t->proxy : NULL;
    client->tls = t->tls.context;
    client->http2_prior = t->http2 == TARGET_HTTP2_PRIOR;
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
