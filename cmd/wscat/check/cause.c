#include "cmd/wscat/check/cause.h"

#include <stddef.h>

static const char NO_UPGRADE[] =
    "a proxy does not pass the upgrade on. nginx: proxy_http_version 1.1; proxy_set_header Upgrade "
    "$http_upgrade; proxy_set_header Connection upgrade. Apache: mod_proxy_wstunnel, or ProxyPass "
    "with upgrade=websocket";

static const char MOVED[] = "it has moved: check the new address";
static const char MOVED_OR_LOGIN[] =
    "it has moved: check the new address, unless that is a page for logging in";

static const struct {
    const char *name, *cause;
} steps[CHECK_STEPS] = {
    [CHECK_CONNECT] = {"connect", "the name, the address or the port is wrong, a firewall drops "
                                  "the connection, or the server is not running"},
    [CHECK_TLS] = {"TLS",
                   "the certificate is from an authority of your own (--ca), out of date or for "
                   "another name, or what answers at this port does not speak TLS"},
    [CHECK_UPGRADE] = {"upgrade", NO_UPGRADE},
    [CHECK_SUBPROTOCOL] = {"subprotocol", "the server does not speak it, or a proxy drops the "
                                          "header Sec-WebSocket-Protocol"},
    [CHECK_ECHO] = {"echo", "the server closes connections whose messages it does not understand, "
                            "or a proxy closes the connection after the upgrade"},
    [CHECK_PING] = {"ping", "the server does not answer pings, or a proxy that understands frames "
                            "swallows them"},
    [CHECK_FRAGMENTS] = {"fragments", "the server or a proxy that understands frames does not "
                                      "support messages in fragments"},
    [CHECK_LARGE] = {"1 MiB", "a limit of the server or of a proxy on the size of messages"},
    [CHECK_IDLE] = {"idle", "a proxy closes connections that are silent. nginx: proxy_read_timeout "
                            "(60s). HAProxy: timeout tunnel. Apache: Timeout. A "
                            "load balancer: its idle timeout. Or send pings more often than that"},
    [CHECK_CLOSE] = {"close", "the server, or a proxy, drops the connection instead of answering "
                              "the close frame"},
    [CHECK_COMPRESSION] = {"compression", "the server or a proxy agrees to permessage-deflate and "
                                          "does not carry it out"},
};

static const struct {
    unsigned status;
    const char *cause;
} statuses[] = {
    {200,
     "something answers in plain HTTP: the path belongs to no WebSocket, or the proxy before it "
     "does not pass the upgrade on (nginx: proxy_http_version 1.1 and the headers Upgrade and "
     "Connection)"},
    {301, MOVED},
    {302, MOVED_OR_LOGIN},
    {303, MOVED_OR_LOGIN},
    {307, MOVED},
    {308, MOVED},
    {400, NO_UPGRADE},
    {401, "it wants credentials: --auth, --bearer or a cookie"},
    {403, "it does not accept these credentials, or this Origin (--origin)"},
    {404, "there is nothing at this path, or a proxy does not know it"},
    {405, "a handler for other methods answers: the path belongs to no WebSocket"},
    {426, NO_UPGRADE},
    {429, "too many connections from here"},
    {431, "the headers are too long for a proxy: a large cookie or token"},
    {500, "the server failed during the upgrade: its log has the reason"},
    {502, "the proxy does not reach the server after it, or did not understand its 101"},
    {503, "the server after the proxy is down, or has too many connections"},
    {504, "the server after the proxy does not answer"},
};

static const char *const findings[CHECK_FINDINGS] = {
    [CHECK_FOUND_VIOLATION] =
        "an error of the server, or of a proxy that changes frames: wscat without --check "
        "names the rule and its section",
    [CHECK_FOUND_OTHER_ECHO] =
        "the server, or a proxy that understands frames, changes or cuts messages",
    [CHECK_FOUND_SUBPROTOCOL] =
        "the server chooses a subprotocol by itself: name it with --subprotocol; or a proxy drops "
        "the header Sec-WebSocket-Protocol of the request, or adds one to the answer",
    [CHECK_FOUND_EXTENSION] =
        "the server, or a proxy, answers Sec-WebSocket-Extensions with what was not offered: "
        "browsers fail there too",
    [CHECK_FOUND_CERTIFICATE] =
        "the server lets in only clients with a certificate that it trusts: --cert and --key",
    [CHECK_FOUND_UNREACHABLE] =
        "this step has a connection of its own: the server ended after the first, or a firewall or "
        "a limit holds a second one back",
};

const char *check_step_name(enum check_step step)
{
    return steps[step].name;
}

const char *check_cause(enum check_step step, unsigned status, enum check_finding finding)
{
    if (findings[finding])
        return findings[finding];
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            return statuses[i].cause;
    return steps[step].cause;
}
