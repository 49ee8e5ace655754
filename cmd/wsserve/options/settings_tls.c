#include "cmd/wsserve/options/settings_tls.h"

#define S struct settings_tls
const struct option_row settings_tls_rows[SETTINGS_TLS_ROWS] = {
    {OPTION_GROUP("TLS")},
    {.name = "tls",
     .aliases = "ssl",
     OPTION_FLAG(S, on),
     .help = "speak TLS: clients connect to wss:// and https://"},
    {.name = "cert",
     .aliases = "sslcert",
     OPTION_STRING(S, certificate),
     .metavar = "FILE",
     .flags = OPTION_RELOADABLE,
     .help = "certificate, followed by its chain in the same file; SIGHUP reads it again"},
    {.name = "key",
     .aliases = "sslkey",
     OPTION_STRING(S, key),
     .metavar = "FILE",
     .flags = OPTION_RELOADABLE,
     .help = "key of the certificate (default: in the same file)"},
    {.name = "passphrase",
     OPTION_STRING(S, passphrase),
     .metavar = "TEXT",
     .flags = OPTION_SECRET | OPTION_RELOADABLE,
     .help = "passphrase of the key; @FILE, @- or env:NAME keep it off the command line"},
    {.name = "client-ca",
     .aliases = "sslca",
     OPTION_STRING(S, client_ca),
     .metavar = "FILE",
     .flags = OPTION_RELOADABLE,
     .help = "require a client certificate of one of these authorities"},
    {.name = "self-signed",
     OPTION_FLAG(S, self_signed),
     .help = "generate a certificate at the start, and print its SHA-256"},
};
#undef S

bool settings_tls_check(struct settings_tls *s, struct options *options)
{
    if (s->certificate && s->self_signed)
        return usage_error(options, "--cert and --self-signed exclude each other");
    if (s->key && !s->certificate)
        return usage_error(options, "--key needs a --cert");
    if (s->passphrase && !s->certificate)
        return usage_error(options, "--passphrase needs a --cert");
    s->on |= s->certificate || s->self_signed;
    if (s->on && !s->certificate && !s->self_signed)
        return usage_error(options, "--tls needs a --cert, or --self-signed");
    if (s->client_ca && !s->on)
        return usage_error(options, "--client-ca needs --tls");
    return true;
}
