#include "cmd/common/options/target_hint.h"

#include <stdio.h>

const char *target_hint_connect(const struct target *t, enum ws_error error,
                                char text[TARGET_HINT_MAX])
{
    bool tried_default =
        error == WS_E_CONNECT && !t->url.has_port && !t->url.unix_path && !t->proxy.host;
    text[0] = '\0';
    if (tried_default)
        snprintf(text, TARGET_HINT_MAX, " (port %u is the default; the URL names none)",
                 (unsigned)t->url.port);
    return text;
}

const char *target_hint_tls(enum ws_tls_rejection rejection)
{
    switch (rejection) {
    case WS_TLS_REJECTED_ISSUER:
        return " (--ca=FILE names an authority to trust; for tests only, -k, --insecure, accepts "
               "any certificate)";
    case WS_TLS_REJECTED_NAME:
        return " (--tls-domain=NAME checks it against another name)";
    case WS_TLS_REJECTED_NOT:
        break;
    }
    return "";
}
