/*
 * proxy_choice: selects a client's proxy: --proxy, or the environment's variables.
 *
 * Called by target.c, which has the option. No other file reads these variables.
 */
#ifndef CMD_COMMON_OPTIONS_PROXY_CHOICE_H
#define CMD_COMMON_OPTIONS_PROXY_CHOICE_H

#include <ws/proxy_url.h>
#include <ws/url.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the proxy for `url`; `typed` is the argument of --proxy, or NULL. It takes precedence over
 * all variables, NO_PROXY included, and "" means no proxy. Without it: https_proxy and HTTPS_PROXY
 * for wss, then all_proxy and ALL_PROXY for both, unless no_proxy or NO_PROXY has the host.
 * Lower-case names take precedence over upper-case ones; an empty variable counts as unset.
 * HTTP_PROXY is ignored: in a CGI program a client sets it with a "Proxy:" header, and HTTP proxies
 * rarely allow CONNECT to other ports than 443.
 *
 * True with the result in `proxy`, to be freed with ws_proxy_free(); its host is NULL for no proxy.
 * False with one line in `message`, without any password: "option '--proxy': …" or "ALL_PROXY: …".
 */
bool proxy_choose(const struct ws_url *url, const char *typed, struct ws_proxy *proxy,
                  char *message, size_t size);

#endif
