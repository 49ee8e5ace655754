#include "cmd/common/options/target_tls.h"

#include "cmd/common/exit.h"
#include "cmd/common/options/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 253 };

#define S struct target_tls
const struct option_row target_tls_rows[TARGET_TLS_ROWS] = {
    {OPTION_GROUP("TLS, for wss")},
    {.name = "ca",
     .aliases = "cacert",
     OPTION_STRING(S, ca),
     .metavar = "FILE",
     .help = "trust the authorities in this PEM file or folder instead of the system's"},
    {.name = "cert",
     OPTION_STRING(S, certificate),
     .metavar = "FILE",
     .help = "present this client certificate, with its chain, if the server asks for one"},
    {.name = "key",
     OPTION_STRING(S, key),
     .metavar = "FILE",
     .help = "private key of the certificate (default: in the same file)"},
    {.name = "passphrase",
     OPTION_STRING(S, passphrase),
     .metavar = "TEXT",
     .flags = OPTION_SECRET,
     .help = "passphrase of the key; @FILE, @- or env:NAME keep it off the command line"},
    {.name = "insecure",
     .aliases = "no-check",
     .letters = "kn",
     OPTION_FLAG(S, insecure),
     .help = "accept any server certificate without verification"},
    {.name = "tls-domain",
     OPTION_STRING(S, domain),
     .metavar = "NAME",
     .help = "request this server name, and check the certificate against it (default: the URL's "
             "host)"},
    {.name = "tls-min",
     OPTION_CHOICE(S, least, "1.2|1.3"),
     .help = "refuse older versions of TLS (default 1.2)"},
};
#undef S

static struct ws_tls_identity *read_pair(const struct target_tls *t, char *error, size_t size)
{
    const char *key = t->key ? t->key : t->certificate;
    if (t->passphrase || !ws_tls_key_encrypted(key))
        return ws_tls_identity_read(t->certificate, t->key, t->passphrase, error, size);
    char prompt[256];
    snprintf(prompt, sizeof prompt, "Passphrase of %s: ", key);
    char *passphrase = secret_ask(prompt);
    struct ws_tls_identity *pair =
        ws_tls_identity_read(t->certificate, t->key, passphrase, error, size);
    secret_free(passphrase);
    return pair;
}

/* For decrypting captured traffic. A failure is only a warning: the connection works without it. */
static void open_key_log(struct target_tls *t)
{
    const char *path = secure_getenv("SSLKEYLOGFILE");
    if (!path || !*path)
        return;
    t->key_log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    t->logs = t->key_log >= 0;
    if (!t->logs)
        exit_warn("SSLKEYLOGFILE '%s': %s", path, strerror(errno));
}

/* OpenSSL accepts every subdomain for a name with a leading dot. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= NAME_MAX_LEN && text[0] != '.';
}

/* Does the file, of certificates, have no private key? A pipe cannot be read again. */
static bool lacks_key(const char *path)
{
    struct stat status;
    char line[256];
    if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    FILE *file = fopen(path, "re");
    bool certificate = false, key = false;
    while (file && fgets(line, sizeof line, file)) {
        certificate |= strstr(line, "CERTIFICATE-----") != NULL;
        key |= strstr(line, "PRIVATE KEY-----") != NULL;
    }
    if (file)
        fclose(file);
    return certificate && !key;
}

/* Says why there is no context. --cert is easily taken for the option that trusts a certificate. */
static void say_failure(const struct target_tls *t, const char *error)
{
    bool mistaken = t->certificate && !t->key && lacks_key(t->certificate);
    exit_warn("%s%s", error,
              mistaken
                  ? " (--key=FILE names it; to trust the server's certificate, write --ca=FILE)"
                  : "");
}

bool target_tls_read(struct target_tls *t, struct options *options, enum ws_role role, bool secure)
{
    char error[512];
    if (t->key && !t->certificate) {
        options->status = options_usage_error(options, "--key needs a --cert");
        return false;
    }
    if (t->passphrase && !t->certificate) {
        options->status = options_usage_error(options, "--passphrase needs a --cert");
        return false;
    }
    if (t->domain && !is_name(t->domain)) {
        options->status = options_usage_error(options, "option '--tls-domain': not a host name");
        return false;
    }
    if (!secure)
        return true;
    struct ws_tls_identity *pair = t->certificate ? read_pair(t, error, sizeof error) : NULL;
    if (pair || !t->certificate) {
        open_key_log(t);
        const struct ws_tls_options tls = {
            .role = role,
            .pair = pair,
            .ca = t->ca,
            .insecure = t->insecure,
            .least = t->least ? 13 : 12,
            .key_log = t->logs ? &t->key_log : NULL,
        };
        t->context = ws_tls_context_new(&tls, error, sizeof error);
        ws_tls_identity_free(pair);
    }
    if (t->context)
        return true;
    say_failure(t, error);
    options->status = WS_EXIT_FAILURE;
    return false;
}

void target_tls_free(struct target_tls *t)
{
    ws_tls_context_free(t->context);
    if (t->logs)
        close(t->key_log);
    t->context = NULL;
    t->logs = false;
}
