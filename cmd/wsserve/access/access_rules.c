#include "cmd/wsserve/access/access_rules.h"

#include "cmd/common/options/secret.h"
#include "cmd/wsserve/request/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- compiling --- */

struct compile {
    struct access_rules *rules;
    char *error;
    size_t size;
};

/* Reports a usage error; false, so that it can be returned. */
#define wrong(c, ...) (snprintf((c)->error, (c)->size, __VA_ARGS__), false)

static bool no_memory(const struct compile *c)
{
    return wrong(c, "out of memory");
}

static bool read_networks(const struct compile *c, const char *name, const struct option_list *list,
                          struct ws_networks *networks)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t len, before = networks->count;
        const char *wrong = ws_networks_add(networks, list->items[i], &len);
        if (wrong && len > 0)
            return wrong(c, "option '--%s': '%.*s' is no network such as 10.0.0.0/8 or ::1", name,
                         (int)len, wrong);
        if (wrong)
            return no_memory(c);
        /* An empty variable in a script: without a network --allow would let all in. */
        if (networks->count == before)
            return wrong(c, "option '--%s': no network is named", name);
    }
    return true;
}

static bool read_origins(const struct compile *c, const struct option_list *list)
{
    struct access_rules *rules = c->rules;
    for (size_t i = 0; i < list->count; i++) {
        struct ws_str rest = {list->items[i], strlen(list->items[i])}, item;
        while (ws_http_list_next(&rest, &item)) {
            struct ws_origin origin;
            rules->listed_origins = true;
            if (ws_str_equal(item, "*")) {
                rules->any_origin = true;
                continue;
            }
            if (!ws_origin_rule_parse(item, &origin))
                return wrong(c,
                             "option '--origin': '%.*s' is no origin such as https://example.com%s",
                             (int)item.len, item.p,
                             item.p[item.len - 1] == '/' ? ", without a final slash" : "");
            struct ws_origin *origins =
                reallocarray(rules->origins, rules->origin_count + 1, sizeof *origins);
            if (!origins)
                return no_memory(c);
            rules->origins = origins;
            origins[rules->origin_count++] = origin;
        }
    }
    if (list->count > 0 && !rules->listed_origins)
        return wrong(c, "option '--origin': no origin is named");
    return true;
}

static bool read_hosts(const struct compile *c, const struct option_list *list)
{
    struct access_rules *rules = c->rules;
    for (size_t i = 0; i < list->count; i++) {
        struct ws_str rest = {list->items[i], strlen(list->items[i])}, item, host;
        uint16_t port;
        while (ws_http_list_next(&rest, &item)) {
            if (ws_str_equal(item, "*")) {
                rules->any_host = true;
                continue;
            }
            if (!ws_host_parse(item, &host, &port))
                return wrong(c, "option '--host-allow': '%.*s' is no host", (int)item.len, item.p);
            struct ws_str *hosts = reallocarray(rules->hosts, rules->host_count + 1, sizeof *hosts);
            if (!hosts)
                return no_memory(c);
            rules->hosts = hosts;
            hosts[rules->host_count++] = item;
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

/* Reads "@FILE". NULL after an error, which names the option. */
static char *read_file(const struct compile *c, const char *option, const char *source)
{
    char why[160];
    char *text = secret_resolve(source, why, sizeof why);
    if (!text)
        (void)wrong(c, "option '--%s': %s", option, why);
    return text;
}

static bool add_auth(const struct compile *c, const char *auth)
{
    struct ws_str password = {auth, strlen(auth)};
    if (strpbrk(auth, "\r\n"))
        return wrong(c, "option '--auth': a line end is within the password");
    return ws_credentials_add_password(&c->rules->credentials, password) ||
           wrong(c, "option '--auth': expected USER:PASSWORD");
}

static bool add_tokens(const struct compile *c, const char *tokens)
{
    struct ws_credentials *credentials = &c->rules->credentials;
    unsigned line;
    /* A line end may be CR LF; a CR elsewhere cannot come in a request. */
    for (const char *cr = strchr(tokens, '\r'); cr; cr = strchr(cr + 1, '\r'))
        if (cr[1] != '\n')
            return wrong(c, "option '--token': a line end is within the token");
    if (!each_line(tokens, ws_credentials_add_token, credentials, &line))
        return no_memory(c);
    return credentials->tokens || wrong(c, "option '--token': it is empty");
}

/* Adds a secret with `add`: from its file, as it is now, or as it was given. */
static bool add_secret(const struct compile *c, const char *option, const char *given,
                       const char *again, bool (*add)(const struct compile *, const char *))
{
    if (!again)
        return !given || add(c, given);
    char *text = read_file(c, option, again);
    bool added = text && add(c, text);
    secret_free(text);
    return added;
}

static bool read_credentials(const struct compile *c, const struct settings_http *s)
{
    struct ws_credentials *credentials = &c->rules->credentials;
    unsigned line;
    if (!add_secret(c, "auth", s->auth, s->auth_again, add_auth) ||
        !add_secret(c, "token", s->token, s->token_again, add_tokens))
        return false;
    if (!s->auth_file)
        return true;
    char source[4096];
    snprintf(source, sizeof source, "@%s", s->auth_file);
    char *text = read_file(c, "auth-file", source);
    if (!text)
        return false;
    size_t before = credentials->count;
    bool read = each_line(text, ws_credentials_add_password, credentials, &line);
    secret_free(text);
    if (!read)
        return wrong(c, "option '--auth-file': %s:%u: expected USER:PASSWORD", s->auth_file, line);
    if (credentials->count == before)
        return wrong(c, "option '--auth-file': %s: it has no entries", s->auth_file);
    return true;
}

static bool make_ready(const struct compile *c, const struct settings_http *s, bool reaches_local)
{
    struct access_rules *r = c->rules;
    if (!read_networks(c, "allow", &s->allow, &r->allow) ||
        !read_networks(c, "deny", &s->deny, &r->deny) ||
        !read_networks(c, "trust-proxy", &s->trust_proxy, &r->trusted) ||
        !read_origins(c, &s->origin) || !read_hosts(c, &s->host_allow) || !read_credentials(c, s) ||
        !(r->answers = answer_policy_new(s, c->error, c->size)))
        return false;
    /* As with websocketd, --origin lists all that may enter. Without it only foreign pages are
     * refused: a client without an Origin is no browser and may enter. */
    r->same_origin = s->same_origin || (reaches_local && !r->listed_origins);
    r->without_origin = !s->same_origin && !r->listed_origins;
    r->check_host = !r->any_host && (reaches_local || r->host_count > 0);
    if (s->replay_window_us > 0 && !(r->replay = ws_replay_new(s->replay_window_us, 0)))
        return no_memory(c);
    r->owns_replay = true;
    return true;
}

struct access_rules *access_rules_new(const struct settings_http *settings, bool reaches_local,
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
    access_rules_free(c.rules);
    return NULL;
}

bool access_rules_check(const struct settings_http *settings, char *error, size_t size)
{
    struct access_rules *rules = access_rules_new(settings, false, error, size);
    access_rules_free(rules);
    return rules != NULL;
}

void access_rules_replace(struct access_rules *rules, struct access_rules *older)
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
    free(rules->origins);
    free(rules->hosts);
    answer_policy_free(rules->answers);
    free(rules);
}

void access_rules_free(struct access_rules *rules)
{
    while (rules) {
        struct access_rules *older = rules->older;
        free_one(rules);
        rules = older;
    }
}

/* --- checking --- */

enum ws_error access_rules_check_address(const struct access_rules *rules,
                                         const struct ws_address *address)
{
    if (ws_networks_have(&rules->deny, address))
        return WS_E_ADDRESS_REFUSED;
    /* An unreadable address may be one to keep out. */
    if (address->kind == WS_ADDRESS_UNKNOWN && rules->deny.count + rules->allow.count > 0)
        return WS_E_ADDRESS_REFUSED;
    if (rules->allow.count > 0 && !ws_networks_have(&rules->allow, address))
        return WS_E_ADDRESS_REFUSED;
    return WS_OK;
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

enum ws_error access_rules_check_request(const struct access_rules *rules,
                                         const struct ws_request *request,
                                         const struct ws_address *peer, struct ws_address *client)
{
    /* The peer itself was checked when it connected. */
    if (ws_forwarded_client(request, &rules->trusted, peer, client) != WS_FORWARDED_NONE &&
        access_rules_check_address(rules, client) != WS_OK)
        return WS_E_ADDRESS_REFUSED;
    /* Probes of load balancers send any Host, or none, and learn nothing. */
    return rules->check_host && !target_asks_health(request, rules->settings)
               ? access_rules_check_host(rules, request)
               : WS_OK;
}

enum ws_error access_rules_check_host(const struct access_rules *rules,
                                      const struct ws_request *request)
{
    struct ws_str authority = target_authority(request->target);
    if (rules->any_host || (host_allowed(rules, request->host) &&
                            (authority.len == 0 || host_allowed(rules, authority))))
        return WS_OK;
    return WS_E_HOST_REFUSED;
}

enum ws_error access_rules_check_credentials(const struct access_rules *rules,
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

static enum ws_error check_origin(const struct access_rules *rules,
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

enum ws_error access_rules_check_upgrade(const struct access_rules *rules,
                                         const struct ws_request *request, bool secure,
                                         int64_t now_us, char user[WS_CREDENTIALS_USER])
{
    const struct settings_http *s = rules->settings;
    user[0] = '\0';
    if (s->path && !ws_str_equal(target_path(request), s->path))
        return WS_E_NOT_FOUND;
    enum ws_error error = check_origin(rules, request, secure);
    if (error == WS_OK)
        error = access_rules_check_credentials(rules, request, user);
    if (error != WS_OK)
        return error;
    /* Over HTTP/2 there is no key, and TLS lets no request be replayed. */
    if (rules->replay && !request->head->http2 &&
        !ws_replay_fresh(rules->replay, request->key, now_us))
        return WS_E_REPLAYED;
    if (s->require_protocol &&
        !ws_request_choose_subprotocol(request, rules->answers->subprotocols))
        return WS_E_SUBPROTOCOL_REQUIRED;
    return WS_OK;
}
