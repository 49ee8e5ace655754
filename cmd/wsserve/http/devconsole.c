#include "cmd/wsserve/http/devconsole.h"

#include "cmd/wsserve/access/origin.h"
#include "cmd/wsserve/request/answer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made by the Makefile of the files of these names in devconsole/. */
static const char html[] = {
#include "build/devconsole/page.html.inc"
    0};
static const char style[] = {
#include "build/devconsole/page.css.inc"
    0};
static const char script[] = {
#include "build/devconsole/page.js.inc"
    0};

enum { HASH_TEXT = 64 }; /* "sha256-" and 44 characters of base64 */

struct devconsole {
    char style_hash[HASH_TEXT], script_hash[HASH_TEXT];
    char *page;
    size_t len;
};

static void hash(const char *text, char out[HASH_TEXT])
{
    uint8_t digest[32] = {0};
    char encoded[48];
    EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
    EVP_EncodeBlock((unsigned char *)encoded, digest, sizeof digest);
    snprintf(out, HASH_TEXT, "sha256-%s", encoded);
}

/* As an attribute's value may have it. */
static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        if (strchr("&<>\"'", *text))
            fprintf(out, "&#%d;", *text);
        else
            fputc(*text, out);
}

/* The page, with each {{mark}} replaced by what it stands for. */
static void write_page(FILE *out, const char *path)
{
    for (const char *at = html; *at;) {
        const char *mark = strstr(at, "{{");
        const char *end = mark ? strstr(mark, "}}") : NULL;
        if (!end) {
            fputs(at, out);
            return;
        }
        fwrite(at, 1, (size_t)(mark - at), out);
        if (strncmp(mark, "{{style}}", 9) == 0)
            fputs(style, out);
        else if (strncmp(mark, "{{script}}", 10) == 0)
            fputs(script, out);
        else
            put_escaped(out, path ? path : "");
        at = end + 2;
    }
}

struct devconsole *devconsole_new(const char *path)
{
    struct devconsole *console = calloc(1, sizeof *console);
    FILE *out = console ? open_memstream(&console->page, &console->len) : NULL;
    if (out)
        write_page(out, path);
    if (!out || fclose(out) != 0) {
        devconsole_free(console);
        return NULL;
    }
    hash(style, console->style_hash);
    hash(script, console->script_hash);
    return console;
}

void devconsole_free(struct devconsole *console)
{
    if (console)
        free(console->page);
    free(console);
}

const char *devconsole_page(const struct devconsole *console, size_t *len)
{
    *len = console->len;
    return console->page;
}

void devconsole_policy(const struct devconsole *console, struct ws_str host, char *text,
                       size_t size)
{
    struct ws_str name;
    uint16_t port;
    /* Not every browser takes 'self' for WebSockets. Only a sound host may stand in a policy. */
    bool sound = ws_host_parse(host, &name, &port);
    int len = sound ? (int)host.len : 0;
    snprintf(text, size,
             "default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; "
             "connect-src 'self'%s%.*s%s%.*s; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'",
             console->style_hash, console->script_hash, sound ? " ws://" : "", len, host.p,
             sound ? " wss://" : "", len, host.p);
}

void devconsole_answer(const struct devconsole *console, struct ws_conn *conn,
                       const struct ws_request *request)
{
    char policy[1024];
    devconsole_policy(console, request->host, policy, sizeof policy);
    struct ws_header headers[] = {
        {"Content-Security-Policy", policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-cache"},
    };
    struct ws_http_answer answer = {
        .status = 200,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0],
        .content_type = "text/html; charset=utf-8",
        .body = console->page,
        .body_len = console->len,
    };
    answer_send(conn, &answer);
}
