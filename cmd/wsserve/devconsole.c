#include "cmd/wsserve/devconsole.h"

#include "cmd/wsserve/entry.h"
#include "libws/net/origin.h"

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
    size_t len;
    char page[];
};

static void hash(const char *text, char out[HASH_TEXT])
{
    uint8_t digest[32] = {0};
    char encoded[48];
    EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
    EVP_EncodeBlock((unsigned char *)encoded, digest, sizeof digest);
    snprintf(out, HASH_TEXT, "sha256-%s", encoded);
}

struct devconsole *devconsole_new(void)
{
    static const char style_mark[] = "{{style}}", script_mark[] = "{{script}}";
    const char *at_style = strstr(html, style_mark), *at_script = strstr(html, script_mark);
    if (!at_style || !at_script || at_script < at_style)
        return NULL;
    size_t room = sizeof html + sizeof style + sizeof script;
    struct devconsole *console = malloc(sizeof *console + room);
    if (!console)
        return NULL;
    const char *behind_style = at_style + strlen(style_mark);
    console->len = (size_t)snprintf(console->page, room, "%.*s%s%.*s%s%s", (int)(at_style - html),
                                    html, style, (int)(at_script - behind_style), behind_style,
                                    script, at_script + strlen(script_mark));
    hash(style, console->style_hash);
    hash(script, console->script_hash);
    return console;
}

void devconsole_free(struct devconsole *console)
{
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
    entry_answer(conn, &answer);
}
