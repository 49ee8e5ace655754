/*
 * URLs: what is taken has a host or a socket, a port and a target that may stand in a request as
 * they are, and is the same when it is written and parsed again. The input may be no string: it
 * ends at a NUL.
 */
#include "tests/fuzz/fuzz.h"
#include <ws/http.h>
#include <ws/url.h>

/* Can it be put into a line of a request without ending it, or a word of it? */
static void check_word(const char *text)
{
    CHECK(text);
    for (const char *c = text; *c; c++)
        CHECK((unsigned char)*c > ' ' && (unsigned char)*c < 0x7F);
}

static void check_again(const struct ws_url *url)
{
    struct ws_url again;
    size_t size = strlen(url->authority) + strlen(url->target) + 10;
    char *text = malloc(size);
    CHECK(text);
    snprintf(text, size, "%s://%s%s", url->secure ? "wss" : "ws", url->authority, url->target);
    CHECK(ws_url_parse(text, &again) == WS_URL_OK);
    CHECK(again.port == url->port && again.secure == url->secure);
    CHECK(strcmp(again.target, url->target) == 0);
    CHECK(strcmp(again.authority, url->authority) == 0);
    ws_url_free(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct ws_url url;
    CHECK(text);
    enum ws_url_error error = ws_url_parse(text, &url);
    if (error == WS_URL_OK) {
        check_word(url.target);
        check_word(url.authority);
        CHECK(url.target[0] == '/');
        CHECK(url.host && url.host[0]);
        if (!url.unix_path) {
            CHECK(url.port > 0);
            check_again(&url);
        }
        ws_url_free(&url);
    } else {
        const char *why = ws_url_error_text(error);
        CHECK(why && why[0] && !strchr(why, '\n'));
    }
    char *decoded = ws_url_decode(text, strlen(text));
    CHECK(decoded && strlen(decoded) <= strlen(text));
    free(decoded);
    free(text);
    return 0;
}
