#include "libws/proto/deflate_offer.h"

#include <ws/handshake.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char NAME[] = "permessage-deflate";
static const char HEADER[] = "Sec-WebSocket-Extensions";

/* --- reading --- */

static struct ws_str unquoted(struct ws_str value)
{
    if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
        return (struct ws_str){value.p + 1, value.len - 2};
    return value;
}

/* 8 to 15, or 0 for anything else. */
static uint8_t window_bits(struct ws_str value)
{
    if (value.len == 1 && (value.p[0] == '8' || value.p[0] == '9'))
        return (uint8_t)(value.p[0] - '0');
    if (value.len == 2 && value.p[0] == '1' && value.p[1] >= '0' && value.p[1] <= '5')
        return (uint8_t)(10 + value.p[1] - '0');
    return 0;
}

/* One parameter; `value` NULL: it has none. */
static bool read_parameter(struct ws_str name, const struct ws_str *value, bool answer,
                           struct ws_deflate_offer *offer)
{
    uint8_t bits = value ? window_bits(unquoted(*value)) : 0;
    if (ws_str_equal(name, "server_no_context_takeover")) {
        if (value || offer->server_no_takeover)
            return false;
        offer->server_no_takeover = true;
    } else if (ws_str_equal(name, "client_no_context_takeover")) {
        if (value || offer->client_no_takeover)
            return false;
        offer->client_no_takeover = true;
    } else if (ws_str_equal(name, "server_max_window_bits")) {
        if (bits == 0 || offer->server_bits)
            return false;
        offer->server_bits = bits;
    } else if (ws_str_equal(name, "client_max_window_bits")) {
        if ((value ? bits == 0 : answer) || offer->client_bits_known)
            return false;
        offer->client_bits_known = true;
        offer->client_bits = bits;
    } else {
        return false;
    }
    return true;
}

bool ws_deflate_read_offer(struct ws_str params, bool answer, struct ws_deflate_offer *offer)
{
    *offer = (struct ws_deflate_offer){0};
    while (params.len > 0) {
        params.p++; /* the semicolon */
        params.len--;
        const char *end = memchr(params.p, ';', params.len);
        size_t len = end ? (size_t)(end - params.p) : params.len;
        const char *equals = memchr(params.p, '=', len);
        size_t name_len = equals ? (size_t)(equals - params.p) : len;
        struct ws_str name = ws_str_trim((struct ws_str){params.p, name_len});
        struct ws_str value = {NULL, 0};
        if (equals)
            value = ws_str_trim((struct ws_str){equals + 1, len - name_len - 1});
        if (!read_parameter(name, equals ? &value : NULL, answer, offer))
            return false;
        params.p += len;
        params.len -= len;
    }
    return true;
}

/* All extensions of all headers, one after the other. `*cursor` and `rest` begin as zero. */
static bool next_extension(const struct ws_http_head *head, const char *buffer, int *cursor,
                           struct ws_str *rest, struct ws_str *name, struct ws_str *params)
{
    while (ws_extension_next(rest, name, params) != WS_EXTENSION_FOUND) {
        int i = ws_http_find(head, buffer, HEADER, *cursor);
        if (i < 0)
            return false;
        *rest = ws_http_value(head, buffer, (size_t)i);
        *cursor = i + 1;
    }
    return true;
}

/* --- writing --- */

__attribute__((format(printf, 2, 3))) static void add(char text[WS_DEFLATE_TEXT_MAX],
                                                      const char *format, ...)
{
    size_t len = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + len, WS_DEFLATE_TEXT_MAX - len, format, args);
    va_end(args);
}

static void write_text(char text[WS_DEFLATE_TEXT_MAX], const struct ws_deflate_offer *offer)
{
    text[0] = '\0';
    add(text, "%s", NAME);
    if (offer->server_no_takeover)
        add(text, "; server_no_context_takeover");
    if (offer->client_no_takeover)
        add(text, "; client_no_context_takeover");
    if (offer->server_bits)
        add(text, "; server_max_window_bits=%u", offer->server_bits);
    if (offer->client_bits_known)
        add(text, "; client_max_window_bits");
    if (offer->client_bits)
        add(text, "=%u", offer->client_bits);
}

static uint8_t mentioned(uint8_t bits)
{
    return bits < WS_WINDOW_BITS_MAX ? bits : 0;
}

void ws_deflate_write_agreed(const struct ws_deflate_params *params, char text[WS_DEFLATE_TEXT_MAX])
{
    const struct ws_deflate_offer offer = {
        .server_no_takeover = params->server_no_takeover,
        .client_no_takeover = params->client_no_takeover,
        .server_bits = mentioned(params->server_bits),
        .client_bits = mentioned(params->client_bits),
        .client_bits_known = mentioned(params->client_bits) > 0,
    };
    write_text(text, &offer);
}

/* --- agreeing --- */

static uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* What is agreed on when this offer is accepted, and its text. A window of full size is not
 * mentioned unless the other end mentioned it: it is the default. */
static void accept_offer(const struct ws_deflate_offer *offer,
                         const struct ws_deflate_params *preference,
                         struct ws_deflate_params *params, char answer[WS_DEFLATE_TEXT_MAX])
{
    struct ws_deflate_offer said = {
        .server_no_takeover = offer->server_no_takeover || preference->server_no_takeover,
        .client_no_takeover = offer->client_no_takeover || preference->client_no_takeover,
    };
    *params = (struct ws_deflate_params){
        .server_no_takeover = said.server_no_takeover,
        .client_no_takeover = said.client_no_takeover,
        .server_bits = least(preference->server_bits, WS_WINDOW_BITS_MAX),
        .client_bits = WS_WINDOW_BITS_MAX,
    };
    if (offer->server_bits)
        params->server_bits = least(params->server_bits, offer->server_bits);
    if (offer->server_bits || params->server_bits < WS_WINDOW_BITS_MAX)
        said.server_bits = params->server_bits;
    if (offer->client_bits_known) {
        params->client_bits = least(preference->client_bits, WS_WINDOW_BITS_MAX);
        if (offer->client_bits)
            params->client_bits = least(params->client_bits, offer->client_bits);
        if (offer->client_bits || params->client_bits < WS_WINDOW_BITS_MAX) {
            said.client_bits_known = true;
            said.client_bits = params->client_bits;
        }
    }
    write_text(answer, &said);
}

bool ws_deflate_accept(const struct ws_http_head *head, const char *buffer,
                       const struct ws_deflate_config *config, struct ws_deflate_params *params,
                       char answer[WS_DEFLATE_TEXT_MAX])
{
    int cursor = 0;
    struct ws_str rest = {NULL, 0}, name, text;
    struct ws_deflate_offer offer;
    while (next_extension(head, buffer, &cursor, &rest, &name, &text)) {
        if (ws_str_equal(name, NAME) && ws_deflate_read_offer(text, false, &offer)) {
            accept_offer(&offer, &config->preference, params, answer);
            return true;
        }
    }
    return false;
}

/* Always says that we support client_max_window_bits, also where our own window is full size. */
static void make_offer(const struct ws_deflate_params *preference, struct ws_deflate_offer *offer)
{
    *offer = (struct ws_deflate_offer){
        .server_no_takeover = preference->server_no_takeover,
        .client_no_takeover = preference->client_no_takeover,
        .server_bits = preference->server_bits < WS_WINDOW_BITS_MAX ? preference->server_bits : 0,
        .client_bits = preference->client_bits < WS_WINDOW_BITS_MAX ? preference->client_bits : 0,
        .client_bits_known = true,
    };
}

void ws_deflate_write_offer(const struct ws_deflate_config *config, char text[WS_DEFLATE_TEXT_MAX])
{
    struct ws_deflate_offer offer;
    make_offer(&config->preference, &offer);
    write_text(text, &offer);
}

/* The server must have accepted all that we asked of it; of us it may ask for less than we offered.
 */
static enum ws_error judge_answer(const struct ws_deflate_offer *answer,
                                  const struct ws_deflate_params *preference,
                                  struct ws_deflate_params *params)
{
    struct ws_deflate_offer offer;
    make_offer(preference, &offer);
    if (offer.server_no_takeover && !answer->server_no_takeover)
        return WS_E_DEFLATE_MISMATCH;
    if (offer.server_bits && (!answer->server_bits || answer->server_bits > offer.server_bits))
        return WS_E_DEFLATE_MISMATCH;
    if (offer.client_bits && answer->client_bits > offer.client_bits)
        return WS_E_DEFLATE_MISMATCH;
    uint8_t ours = offer.client_bits ? offer.client_bits : WS_WINDOW_BITS_MAX;
    *params = (struct ws_deflate_params){
        .server_no_takeover = answer->server_no_takeover,
        .client_no_takeover = answer->client_no_takeover || offer.client_no_takeover,
        .server_bits = answer->server_bits ? answer->server_bits : WS_WINDOW_BITS_MAX,
        .client_bits = answer->client_bits ? answer->client_bits : ours,
    };
    return WS_OK;
}

enum ws_error ws_deflate_check_response(const struct ws_http_head *head, const char *buffer,
                                        const struct ws_deflate_config *config,
                                        struct ws_deflate_params *params, bool *agreed)
{
    int cursor = 0;
    struct ws_str rest = {NULL, 0}, name, text;
    *agreed = false;
    while (next_extension(head, buffer, &cursor, &rest, &name, &text)) {
        struct ws_deflate_offer answer;
        if (!ws_str_equal(name, NAME))
            return WS_E_EXTENSION_UNSOLICITED;
        if (*agreed)
            return WS_E_DEFLATE_DUPLICATE;
        if (!ws_deflate_read_offer(text, true, &answer))
            return WS_E_DEFLATE_PARAMETER;
        enum ws_error error = judge_answer(&answer, &config->preference, params);
        if (error != WS_OK)
            return error;
        *agreed = true;
    }
    return WS_OK;
}
