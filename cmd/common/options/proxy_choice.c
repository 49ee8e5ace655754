#include "cmd/common/options/proxy_choice.h"

#include <stdio.h>
#include <stdlib.h>

/* The value of the first of `names` that is set and not empty, with its name in `*name`; or
 * NULL. */
static const char *look_up(const char *const *names, const char **name)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value) {
            *name = *names;
            return value;
        }
    }
    return NULL;
}

bool proxy_choose(const struct ws_url *url, const char *typed, struct ws_proxy *proxy,
                  char *message, size_t size)
{
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                         NULL};
    static const char *const except[] = {"no_proxy", "NO_PROXY", NULL};
    const char *from = "option '--proxy'", *ignored;
    *proxy = (struct ws_proxy){0};
    if (typed && *typed && url->unix_path) {
        snprintf(message, size,
                 "option '--proxy': a unix socket cannot be reached through a proxy");
        return false;
    }
    if (url->unix_path)
        return true;
    const char *text = typed;
    if (!typed) {
        text = look_up(url->secure ? secure : secure + 2, &from);
        if (text && ws_proxy_bypassed(look_up(except, &ignored), url->host, url->port))
            text = NULL;
    }
    if (!text || !*text)
        return true;
    const char *wrong = ws_proxy_parse(text, proxy);
    if (wrong)
        snprintf(message, size, "%s: %s", from, wrong);
    return wrong == NULL;
}
