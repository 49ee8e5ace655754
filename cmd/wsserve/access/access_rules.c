#include "cmd/wsserve/access/access_rules.h"

#include "cmd/common/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- made ready --- */

struct compile {
    struct access_rules *rules;
    char *error;
    size_t size;
};

#define fault(c, ...) (snprintf((c)->error, (c)->size, __VA_ARGS__), false)

static bool no_memory(const struct compile *c)
{
    return fault(c, "out of memory");
}

/* Keeps `string`, from malloc, as long as the rules; NULL without memory, and then it is gone. */
static char *keep(struct access_rules *rules, char *string)
{
    size_t count = 0;
    while (rules->owned && rules->owned[count])
        count++;
    char **owned = string ? reallocarray(rules->owned, count + 2, sizeof *owned) : NULL;
    if (!owned) {
        free(string);
        return NULL;
    }
    rules->owned = owned;
    owned[count] = string;
    owned[count + 1] = NULL;
    return string;
}

static bool read_networks(const struct compile *c, const char *name, const struct option_list *list,
                          struct ws_networks *networks)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t len;
        const char *wrong = ws_networks_add(networks, list->items[i], &len);
        if (wrong && len > 0)
            return fault(c, "option '--%s': '%.*s' is no network such as 10.0.0.0/8 or ::1", name,
                         (int)len, wrong);
        if (wrong)
            return no_memory(c);
    }
    return true;
}

static bool read_origins(const struct compile *c, const struct option_list *list)
{
    struct access_rules *rules = c->rules;
    for (size_t i = 0; i < list->count; i++) {
        struct ws_str rest = {list->items[i], strlen(list->items[i])}, access_control;
        while (ws_http_list_next(&rest, &access_control)) {
            struct ws_origin origin;
            rules->listed_origins = true;
            if (ws_str_equal(access_control, "*")) {
                rules->any_origin = true;
                continue;
            }
            if (!ws_origin_rule_parse(access_control, &origin))
                return fault(c,
                             "option '--origin': '%.*s' is no origin such as https://example.com",
                             (int)access_control.len, access_control.p);
            struct ws_origin *origins =
                reallocarray(rules->origins, rules->origin_count + 1, sizeof *origins);
            if (!origins)
                return no_memory(c);
            rules->origins = origins;
            origins[rules->origin_count++] = origin;
        }
    }
    if (list->count > 0 && !rules->listed_origins)
        return fault(c, "option '--origin': no origin is named");
    return true;
}

static bool read_hosts(const struct compile *c, const struct option_list *list)
{
    struct access_rules *rules = c->rules;
    for (size_t i = 0; i < list->count; i++) {
        struct ws_str rest = {list->items[i], strlen(list->items[i])}, access_control, host;
        uint16_t port;
        while (ws_http_list_next(&rest, &access_control)) {
            if (ws_str_equal(access_control, "*")) {
                rules->any_host = true;
                continue;
            }
            if (!ws_host_parse(access_control, &host, &port))
                return fault(c, "option '--host-allow': '%.*s' is no host", (int)access_control.len,
                             access_control.p);
            struct ws_str *hosts = reallocarray(rules->hosts, rules->host_count + 1, sizeof *hosts);
            if (!hosts)
                return no_memory(c);
            rules->hosts = hosts;
            hosts[rules->host_count++] = access_control;
        }
    }
    return true;
}

/* Calls `add` with every line of `text` that is not empty. */
static bool each_line(const char *text, bool (*add)(struct ws_credentials *, struct ws_str),
                      struct ws_credentials *credentials, unsigned *line)
{
    for (*line = 1; *text; ++*line) {
        size_t len = strcspn(text, "\n");
        size_t end = len > 0 && text[len - 1] == '\r' ? len - 1 : len;
        if (end > 0 && !add(credentials, (struct ws_str){text, end}))
            return false;
        text += text[len] ? len + 1 : len;
    }
    return true;
}

static bool read_credentials(const struct compile *c, const struct settings_http *s)
{
    struct ws_credentials *credentials = &c->rules->credentials;
    unsigned line;
    if (s->auth &&
        !ws_credentials_add_password(credentials, (struct ws_str){s->auth, strlen(s->auth)}))
        return fault(c, "option '--auth': expected USER:PASSWORD");
    if (s->token && !each_line(s->token, ws_credentials_add_token, credentials, &line))
        return no_memory(c);
    if (s->token && !credentials->tokens)
        return fault(c, "option '--token': it is empty");
    if (!s->auth_file)
        return true;
    char source[4096], why[160];
    snprintf(source, sizeof source, "@%s", s->auth_file);
    char *text = secret_resolve(source, why, sizeof why);
    if (!text)
        return fault(c, "option '--auth-file': %s", why);
    size_t before = credentials->count;
    bool read = each_line(text, ws_credentials_add_password, credentials, &line);
    secret_free(text);
    if (!read)
        return fault(c, "option '--auth-file': %s:%u: expected USER:PASSWORD", s->auth_file, line);
    if (credentials->count == before)
        return fault(c, "option '--auth-file': %s: nobody is in it", s->auth_file);
    return true;
}

/* What the handshake, the framing of answers and their cause say is not the user's to say. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {"Connection",        "Upgrade",          "Content-Length",
                                       "Transfer-Encoding", "Content-Type",     "Allow",
                                       "WWW-Authenticate",  "X-WebSocket-Error"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    return strncasecmp(name, "Sec-WebSocket-", 14) == 0;
}

static bool read_headers(const struct compile *c, const char *option,
                         const struct option_list *list, struct ws_header *headers, size_t *count)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i], *colon = strchr(text, ':');
        if (!colon)
            return fault(c, "option '--%s': '%s' is not 'NAME: VALUE'", option, text);
        char *name = keep(c->rules, strndup(text, (size_t)(colon - text)));
        if (!name)
            return no_memory(c);
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        if (!ws_header_valid(name, value) || is_ours(name))
            return fault(c, "option '--%s': '%s' is no header that may be sent", option, text);
        if (*count == ENTRY_HEADERS_MAX)
            return fault(c, "option '--%s': more than %d headers", option, ENTRY_HEADERS_MAX);
        headers[(*count)++] = (struct ws_header){name, value};
    }
    return true;
}

static bool read_all_headers(const struct compile *c, const struct settings_http *s)
{
    struct access_rules *r = c->rules;
    r->headers_ws = calloc(ENTRY_HEADERS_MAX, sizeof *r->headers_ws);
    r->headers_http = calloc(ENTRY_HEADERS_MAX, sizeof *r->headers_http);
    if (!r->headers_ws || !r->headers_http)
        return no_memory(c);
    return read_headers(c, "header", &s->header, r->headers_ws, &r->header_ws_count) &&
           read_headers(c, "header-ws", &s->header_ws, r->headers_ws, &r->header_ws_count) &&
           read_headers(c, "header", &s->header, r->headers_http, &r->header_http_count) &&
           read_headers(c, "header-http", &s->header_http, r->headers_http, &r->header_http_count);
}

static bool read_subprotocols(const struct compile *c, const struct option_list *list)
{
    const char **names = calloc(list->count + 1, sizeof *names);
    if (!names)
        return no_memory(c);
    c->rules->subprotocols = names;
    for (size_t i = 0; i < list->count; i++) {
        names[i] = list->items[i];
        if (!ws_http_is_token((struct ws_str){names[i], strlen(names[i])}))
            return fault(c, "option '--subprotocol': '%s' is no token", names[i]);
    }
    return true;
}

static bool make_ready(const struct compile *c, const struct settings_http *s, bool reaches_local)
{
    struct access_rules *r = c->rules;
    if (!read_networks(c, "allow", &s->allow, &r->allow) ||
        !read_networks(c, "deny", &s->deny, &r->deny) ||
        !read_networks(c, "trust-proxy", &s->trust_proxy, &r->trusted) ||
        !read_origins(c, &s->origin) || !read_hosts(c, &s->host_allow) || !read_credentials(c, s) ||
        !read_all_headers(c, s) || !read_subprotocols(c, &s->subprotocols))
        return false;
    /* Whoever names origins wants those alone, as with websocketd; where nothing was said only
     * pages are kept out, and a client that is none may enter. */
    r->same_origin = s->same_origin || (reaches_local && !r->listed_origins);
    r->without_origin = !s->same_origin && !r->listed_origins;
    r->check_host = !r->any_host && (reaches_local || r->host_count > 0);
    if (s->replay_window > 0 && !(r->replay = ws_replay_new(s->replay_window, 0)))
        return no_memory(c);
    r->owns_replay = true;
    if (asprintf(&r->realm, "%s%s%s",
                 r->credentials.passwords ? "Basic realm=\"wsserve\", charset=\"UTF-8\"" : "",
                 r->credentials.passwords && r->credentials.tokens ? ", " : "",
                 r->credentials.tokens ? "Bearer realm=\"wsserve\"" : "") < 0) {
        r->realm = NULL;
        return no_memory(c);
    }
    return true;
}

struct access_rules *entry_rules_new(const struct settings_http *settings, bool reaches_local,
                                     char *error, size_t size)
{
    struct compile c = {calloc(1, sizeof *c.rules), error, size};
    if (!c.rules) {
        no_memory(&c);
        return NULL;
    }
    c.rules->settings = settings;
    if (make_ready(&c, settings, reaches_local))
        return c.rules;
    entry_rules_free(c.rules);
    return NULL;
}

void entry_rules_replace(struct access_rules *rules, struct access_rules *older)
{
    if (older->replay && rules->replay) {
        ws_replay_free(rules->replay);
        rules->replay = older->replay;
        older->owns_replay = false;
    }
    rules->older = older;
}

static void free_one(struct access_rules *rules)
{
    ws_networks_free(&rules->allow);
    ws_networks_free(&rules->deny);
    ws_networks_free(&rules->trusted);
    ws_credentials_free(&rules->credentials);
    if (rules->owns_replay)
        ws_replay_free(rules->replay);
    for (char **string = rules->owned; string && *string; string++)
        free(*string);
    free(rules->owned);
    free(rules->origins);
    free(rules->hosts);
    free(rules->subprotocols);
    free(rules->headers_ws);
    free(rules->headers_http);
    free(rules->realm);
    free(rules);
}

void entry_rules_free(struct access_rules *rules)
{
    while (rules) {
        struct access_rules *older = rules->older;
        free_one(rules);
        rules = older;
    }
}

/* --- judging --- */

enum ws_error entry_judge_address(const struct access_rules *rules,
                                  const struct ws_address *address)
{
    if (ws_networks_have(&rules->deny, address))
        return WS_E_ADDRESS_REFUSED;
    /* Of an address that cannot be read nobody knows whether it is one to keep out. */
    if (address->kind == WS_ADDRESS_UNKNOWN && rules->deny.count + rules->allow.count > 0)
        return WS_E_ADDRESS_REFUSED;
    if (rules->allow.count > 0 && !ws_networks_have(&rules->allow, address))
        return WS_E_ADDRESS_REFUSED;
    return WS_OK;
}

/* "http://host/path" is a target too, and then its host is the one that counts (RFC 9112 3.2.2). */
static struct ws_str authority_of(struct ws_str target)
{
    const char *begin =
        target.len > 0 && target.p[0] != '/' ? memmem(target.p, target.len, "://", 3) : NULL;
    if (!begin)
        return (struct ws_str){target.p, 0};
    begin += 3;
    size_t left = target.len - (size_t)(begin - target.p), len = 0;
    while (len < left && !strchr("/?", begin[len]))
        len++;
    return (struct ws_str){begin, len};
}

static bool host_allowed(const struct access_rules *rules, struct ws_str host)
{
    if (ws_host_is_literal(host))
        return true;
    for (size_t i = 0; i < rules->host_count; i++)
        if (ws_host_matches(rules->hosts[i], host))
            return true;
    return false;
}

enum ws_error entry_judge_request(const struct access_rules *rules,
                                  const struct ws_request *request, const struct ws_address *peer,
                                  struct ws_address *client)
{
    /* The peer itself was judged when it connected. */
    if (ws_forwarded_client(request, &rules->trusted, peer, client) != WS_FORWARDED_NONE &&
        entry_judge_address(rules, client) != WS_OK)
        return WS_E_ADDRESS_REFUSED;
    return rules->check_host ? entry_judge_host(rules, request) : WS_OK;
}

enum ws_error entry_judge_host(const struct access_rules *rules, const struct ws_request *request)
{
    struct ws_str authority = authority_of(request->target);
    if (rules->any_host || (host_allowed(rules, request->host) &&
                            (authority.len == 0 || host_allowed(rules, authority))))
        return WS_OK;
    return WS_E_HOST_REFUSED;
}

enum ws_error entry_judge_credentials(const struct access_rules *rules,
                                      const struct ws_request *request,
                                      char user[WS_CREDENTIALS_USER])
{
    user[0] = '\0';
    if (rules->credentials.count == 0)
        return WS_OK;
    switch (ws_credentials_check(&rules->credentials, request, user)) {
    case WS_CREDENTIALS_RIGHT:
        return WS_OK;
    case WS_CREDENTIALS_WRONG:
        return WS_E_CREDENTIALS_WRONG;
    case WS_CREDENTIALS_MISSING:
        break;
    }
    return WS_E_CREDENTIALS_MISSING;
}

static enum ws_error judge_origin(const struct access_rules *rules,
                                  const struct ws_request *request, bool secure)
{
    struct ws_origin origin;
    if (rules->any_origin || (!rules->listed_origins && !rules->same_origin))
        return WS_OK;
    bool present = ws_http_find(request->head, request->buffer, "Origin", 0) >= 0;
    if (!present)
        return rules->without_origin ? WS_OK : WS_E_ORIGIN_REFUSED;
    if (!ws_origin_parse(request->origin, &origin))
        return WS_E_ORIGIN_REFUSED;
    if (rules->same_origin)
        return ws_origin_is_same(&origin, request->host, secure) ? WS_OK : WS_E_ORIGIN_REFUSED;
    for (size_t i = 0; i < rules->origin_count; i++)
        if (ws_origin_matches(&rules->origins[i], &origin))
            return WS_OK;
    return WS_E_ORIGIN_REFUSED;
}

enum ws_error entry_judge_upgrade(const struct access_rules *rules,
                                  const struct ws_request *request, bool secure, int64_t now_us,
                                  char user[WS_CREDENTIALS_USER])
{
    const struct settings_http *s = rules->settings;
    user[0] = '\0';
    if (s->path && !ws_str_equal(entry_path(request), s->path))
        return WS_E_NOT_FOUND;
    enum ws_error error = judge_origin(rules, request, secure);
    if (error == WS_OK)
        error = entry_judge_credentials(rules, request, user);
    if (error != WS_OK)
        return error;
    if (rules->replay && !ws_replay_fresh(rules->replay, request->key, now_us))
        return WS_E_REPLAYED;
    if (s->require_protocol && !ws_request_choose_subprotocol(request, rules->subprotocols))
        return WS_E_SUBPROTOCOL_REQUIRED;
    return WS_OK;
}

struct ws_str entry_path(const struct ws_request *request)
{
    struct ws_str path = request->target, authority = authority_of(path);
    if (authority.len > 0) {
        size_t skip = (size_t)(authority.p - path.p) + authority.len;
        path = (struct ws_str){path.p + skip, path.len - skip};
    }
    const char *query = path.len ? memchr(path.p, '?', path.len) : NULL;
    if (query)
        path.len = (size_t)(query - path.p);
    return path.len > 0 ? path : (struct ws_str){"/", 1};
}

const char *entry_loggable_target(const struct ws_request *request, char *text, size_t size)
{
    static const char name[] = "token=", hidden[] = "token=***";
    struct ws_str target = request->target;
    size_t len = 0;
    bool query = false, begins = false; /* a parameter begins here */
    for (size_t i = 0; i < target.len && len + 1 < size; i++) {
        if (begins && target.len - i >= strlen(name) &&
            memcmp(target.p + i, name, strlen(name)) == 0) {
            for (size_t k = 0; hidden[k] && len + 1 < size; k++)
                text[len++] = hidden[k];
            while (i + 1 < target.len && target.p[i + 1] != '&')
                i++;
            begins = false;
            continue;
        }
        query |= target.p[i] == '?';
        begins = target.p[i] == '?' || (query && target.p[i] == '&');
        text[len++] = target.p[i];
    }
    text[len] = '\0';
    return text;
}
