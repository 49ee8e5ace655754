#include "cmd/wsserve/request/answer_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct compile {
    struct answer_policy *policy;
    char *error;
    size_t size;
};

/* Reports a usage error; false, so that it can be returned. */
#define wrong(c, ...) (snprintf((c)->error, (c)->size, __VA_ARGS__), false)

static bool no_memory(const struct compile *c)
{
    return wrong(c, "out of memory");
}

/* Takes ownership of `string`, from malloc. NULL without memory; `string` is freed then. */
static char *keep(struct answer_policy *policy, char *string)
{
    size_t count = 0;
    while (policy->owned && policy->owned[count])
        count++;
    char **owned = string ? reallocarray(policy->owned, count + 2, sizeof *owned) : NULL;
    if (!owned) {
        free(string);
        return NULL;
    }
    policy->owned = owned;
    owned[count] = string;
    owned[count + 1] = NULL;
    return string;
}

/* Headers of the handshake, of the framing of answers and of their cause are not the user's to set.
 */
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
            return wrong(c, "option '--%s': '%s' is not 'NAME: VALUE'", option, text);
        char *name = keep(c->policy, strndup(text, (size_t)(colon - text)));
        if (!name)
            return no_memory(c);
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        if (!ws_header_valid(name, value) || is_ours(name))
            return wrong(c, "option '--%s': '%s' is no header that may be sent", option, text);
        if (*count == ANSWER_HEADERS_MAX)
            return wrong(c, "option '--%s': more than %d headers", option, ANSWER_HEADERS_MAX);
        headers[(*count)++] = (struct ws_header){name, value};
    }
    return true;
}

static bool read_all_headers(const struct compile *c, const struct settings_http *s)
{
    struct answer_policy *policy = c->policy;
    policy->headers_ws = calloc(ANSWER_HEADERS_MAX, sizeof *policy->headers_ws);
    policy->headers_http = calloc(ANSWER_HEADERS_MAX, sizeof *policy->headers_http);
    if (!policy->headers_ws || !policy->headers_http)
        return no_memory(c);
    return read_headers(c, "header", &s->header, policy->headers_ws, &policy->header_ws_count) &&
           read_headers(c, "header-ws", &s->header_ws, policy->headers_ws,
                        &policy->header_ws_count) &&
           read_headers(c, "header", &s->header, policy->headers_http,
                        &policy->header_http_count) &&
           read_headers(c, "header-http", &s->header_http, policy->headers_http,
                        &policy->header_http_count);
}

static bool read_subprotocols(const struct compile *c, const struct settings_http *s)
{
    const struct option_list *list = &s->subprotocols;
    const char **names = calloc(list->count + 2, sizeof *names);
    if (!names)
        return no_memory(c);
    c->policy->subprotocols = names;
    for (size_t i = 0; i < list->count; i++) {
        names[i] = list->items[i];
        if (!ws_http_is_token((struct ws_str){names[i], strlen(names[i])}))
            return wrong(c, "option '--subprotocol': '%s' is no token", names[i]);
    }
    names[list->count] = s->mode_subprotocol;
    return true;
}

static bool make_realm(const struct compile *c, const struct settings_http *s)
{
    bool passwords = s->auth || s->auth_file, tokens = s->token != NULL;
    if (asprintf(&c->policy->realm, "%s%s%s",
                 passwords ? "Basic realm=\"wsserve\", charset=\"UTF-8\"" : "",
                 passwords && tokens ? ", " : "", tokens ? "Bearer realm=\"wsserve\"" : "") >= 0)
        return true;
    c->policy->realm = NULL;
    return no_memory(c);
}

struct answer_policy *answer_policy_new(const struct settings_http *settings, char *error,
                                        size_t size)
{
    struct compile c = {calloc(1, sizeof *c.policy), error, size};
    if (!c.policy) {
        no_memory(&c);
        return NULL;
    }
    if (read_all_headers(&c, settings) && read_subprotocols(&c, settings) &&
        make_realm(&c, settings))
        return c.policy;
    answer_policy_free(c.policy);
    return NULL;
}

void answer_policy_free(struct answer_policy *policy)
{
    if (!policy)
        return;
    for (char **string = policy->owned; string && *string; string++)
        free(*string);
    free(policy->owned);
    free(policy->subprotocols);
    free(policy->headers_ws);
    free(policy->headers_http);
    free(policy->realm);
    free(policy);
}
