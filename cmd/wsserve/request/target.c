#include "cmd/wsserve/request/target.h"

#include "cmd/common/options/secret.h"
#include "cmd/wsserve/options/settings_http.h"

#include <string.h>

/* What follows "http://"; NULL for a target in another form. */
static const char *after_scheme(struct ws_str target)
{
    const char *mark =
        target.len > 0 && target.p[0] != '/' ? memmem(target.p, target.len, "://", 3) : NULL;
    return mark ? mark + 3 : NULL;
}

struct ws_str target_authority(struct ws_str target)
{
    const char *begin = after_scheme(target), *end = target.p + target.len;
    size_t len = 0;
    if (!begin)
        return (struct ws_str){target.p, 0};
    while (begin + len < end && begin[len] != '/' && begin[len] != '?')
        len++;
    return (struct ws_str){begin, len};
}

void target_split(struct ws_str target, struct ws_str *path, struct ws_str *query)
{
    struct ws_str authority = target_authority(target);
    if (after_scheme(target)) {
        size_t skip = (size_t)(authority.p - target.p) + authority.len;
        target = (struct ws_str){target.p + skip, target.len - skip};
    }
    const char *mark = target.len > 0 ? memchr(target.p, '?', target.len) : NULL;
    *path = target;
    *query = (struct ws_str){"", 0};
    if (mark) {
        path->len = (size_t)(mark - target.p);
        *query = (struct ws_str){mark + 1, target.len - path->len - 1};
    }
    if (path->len == 0)
        *path = (struct ws_str){"/", 1};
}

struct ws_str target_path(const struct ws_request *request)
{
    struct ws_str path, query;
    target_split(request->target, &path, &query);
    return path;
}

static bool asks(const struct ws_request *request, const struct settings_http *settings,
                 const char *path)
{
    return !request->upgrade && path && !settings->admin &&
           ws_str_equal(target_path(request), path);
}

bool target_asks_health(const struct ws_request *request, const struct settings_http *settings)
{
    return asks(request, settings, settings->health);
}

bool target_asks_metrics(const struct ws_request *request, const struct settings_http *settings)
{
    return asks(request, settings, settings->metrics);
}

const char *target_loggable(const struct ws_request *request, char *text, size_t size)
{
    secret_hide_token(request->target.p, request->target.len, text, size);
    return text;
}
