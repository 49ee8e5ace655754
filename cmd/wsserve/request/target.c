#include "cmd/wsserve/request/target.h"

#include "cmd/common/options/secret.h"
#include "cmd/wsserve/options/settings_http.h"

#include <string.h>

struct ws_str target_authority(struct ws_str target)
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

struct ws_str target_path(const struct ws_request *request)
{
    struct ws_str path = request->target, authority = target_authority(path);
    if (authority.len > 0) {
        size_t skip = (size_t)(authority.p - path.p) + authority.len;
        path = (struct ws_str){path.p + skip, path.len - skip};
    }
    const char *query = path.len ? memchr(path.p, '?', path.len) : NULL;
    if (query)
        path.len = (size_t)(query - path.p);
    return path.len > 0 ? path : (struct ws_str){"/", 1};
}

bool target_asks_health(const struct ws_request *request, const struct settings_http *settings)
{
    return !request->upgrade && settings->health && !settings->admin &&
           ws_str_equal(target_path(request), settings->health);
}

const char *target_loggable(const struct ws_request *request, char *text, size_t size)
{
    secret_hide_token(request->target.p, request->target.len, text, size);
    return text;
}
