#include "cmd/wsserve/options/cluster_url.h"

#include "cmd/common/options/secret.h"
#include <ws/url.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_PORT = 6379 };

static const char no_memory[] = "out of memory";

void cluster_url_free(struct cluster_url *url)
{
    free(url->host);
    free(url->user);
    free(url->channel);
    secret_free(url->password);
    *url = (struct cluster_url){0};
}

/* A user or a password of `len` bytes, decoded, of at most `max`. */
static const char *decode(const char *text, size_t len, size_t max, char **to)
{
    for (size_t i = 0; i + 2 < len; i++)
        if (memcmp(text + i, "%00", 3) == 0)
            return "there is a %00 in the user name or the password";
    *to = ws_url_decode(text, len);
    if (!*to)
        return no_memory;
    return strlen(*to) > max ? "the user name or the password is too long" : NULL;
}

/* [user][:password], `len` bytes of it. */
static const char *take_user(const char *text, size_t len, struct cluster_url *url, char *error,
                             size_t size)
{
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : len;
    const char *wrong = NULL;
    if (!colon)
        return "there is a user name and no password";
    if (user_len > 0)
        wrong = decode(text, user_len, CLUSTER_URL_USER_MAX, &url->user);
    if (!wrong)
        wrong = decode(colon + 1, len - user_len - 1, CLUSTER_URL_PASSWORD_MAX, &url->password);
    if (wrong || strncmp(url->password, "env:", 4) != 0)
        return wrong;
    char *resolved = secret_resolve(url->password, error, size);
    secret_free(url->password);
    url->password = resolved;
    if (!resolved)
        return error;
    return strlen(resolved) > CLUSTER_URL_PASSWORD_MAX ? "the password is too long" : NULL;
}

/* The channels of groups begin with it, in braces. */
static const char *take_channel(const char *text, struct cluster_url *url)
{
    size_t len = strlen(text);
    if (len == 0)
        return "the channel is missing: redis://HOST:PORT/CHANNEL";
    if (len > CLUSTER_URL_CHANNEL_MAX)
        return "the channel's name is longer than 128 characters";
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("{}/?#", *c))
            return "the channel's name has a character other than visible ASCII without { } / ? #";
    url->channel = strdup(text);
    return url->channel ? NULL : no_memory;
}

static const char *parse(const char *text, struct cluster_url *url, char *error, size_t size)
{
    static const char plain[] = "redis://", secure[] = "rediss://";
    const char *rest;
    if (strncasecmp(text, plain, sizeof plain - 1) == 0) {
        rest = text + sizeof plain - 1;
    } else if (strncasecmp(text, secure, sizeof secure - 1) == 0) {
        rest = text + sizeof secure - 1;
        url->secure = true;
    } else {
        return "the scheme is neither redis nor rediss";
    }
    /* A password may have a slash: what is before the last @ belongs to it. */
    const char *at = strrchr(rest, '@');
    const char *host = at ? at + 1 : rest;
    size_t host_len = strcspn(host, "/");
    const char *wrong = at ? take_user(rest, (size_t)(at - rest), url, error, size) : NULL;
    if (wrong)
        return wrong;
    url->port = DEFAULT_PORT;
    enum ws_url_error failed = ws_url_host_port(host, host_len, &url->host, &url->port);
    if (failed != WS_URL_OK)
        return ws_url_error_text(failed);
    return take_channel(host[host_len] ? host + host_len + 1 : "", url);
}

const char *cluster_url_parse(const char *text, struct cluster_url *url, char *error, size_t size)
{
    *url = (struct cluster_url){0};
    const char *wrong = parse(text, url, error, size);
    if (wrong)
        cluster_url_free(url);
    return wrong;
}
