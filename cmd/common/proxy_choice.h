/*
 * proxy_choice: which proxy a client goes through: --proxy, or what the environment says.
 *
 * For target.c, which has the option. The environment is read here and nowhere else.
 */
#ifndef CMD_COMMON_PROXY_CHOICE_H
#define CMD_COMMON_PROXY_CHOICE_H

#include <ws/proxy.h>
#include <ws/url.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the proxy for `url`; `typed` is the argument of --proxy, or NULL. What was typed counts
 * before all variables, NO_PROXY among them, and "" means no proxy. Without it: https_proxy and
 * HTTPS_PROXY for wss, then all_proxy and ALL_PROXY for both, unless no_proxy or NO_PROXY has the
 * host. A small name counts before a large one, and an empty variable as none. HTTP_PROXY is not
 * looked at: in a CGI program it is whatever a client sent as "Proxy:", and proxies for plain HTTP
 * rarely allow CONNECT to other ports than 443.
 *
 * True with what was found in `proxy`, its host NULL for none, to be freed with ws_proxy_free().
 * False with one line in `fault`, without any password: "option '--proxy': …" or "ALL_PROXY: …".
 */
bool proxy_choose(const struct ws_url *url, const char *typed, struct ws_proxy *proxy, char *fault,
                  size_t size);

#endif
