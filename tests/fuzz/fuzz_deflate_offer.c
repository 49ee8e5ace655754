/*
 * permessage-deflate's negotiation. The first byte chooses the role (bit 0) and disables takeovers
 * (bits 1 and 2), the second the preferred windows; the rest are values of
 * Sec-WebSocket-Extensions, one per line.
 */
#include "libws/proto/deflate_offer.h"
#include "tests/fuzz/fuzz.h"
#include <ws/handshake.h>

static const char HEADER[] = "Sec-WebSocket-Extensions: ";

/* Writes a head with the lines as headers; returns its length. */
static size_t write_head(char *to, bool response, const uint8_t *data, size_t size)
{
    char *at = stpcpy(to, response ? "HTTP/1.1 101 a\r\n" : "GET / HTTP/1.1\r\n");
    at = stpcpy(at, HEADER);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n')
            at = stpcpy(stpcpy(at, "\r\n"), HEADER);
        else
            *at++ = (char)data[i];
    }
    at = stpcpy(at, "\r\n\r\n");
    return (size_t)(at - to);
}

/* All extensions of the head in one array; the number is -1 for a syntax error. */
struct found {
    struct ws_str name, params;
};

static int find_all(const struct ws_http_head *head, const char *buffer, struct found *all, int max)
{
    int count = 0;
    for (uint32_t i = 0; i < head->count; i++) {
        struct ws_str list = ws_http_value(head, buffer, i);
        struct found one;
        enum ws_extension_result result;
        while ((result = ws_extension_next(&list, &one.name, &one.params)) == WS_EXTENSION_FOUND)
            if (count < max)
                all[count++] = one;
        if (result != WS_EXTENSION_END)
            return -1;
    }
    return count;
}

static bool is_deflate(const struct found *one)
{
    return ws_str_equal(one->name, "permessage-deflate");
}

static void check_bits(unsigned bits, unsigned most)
{
    CHECK(bits >= WS_WINDOW_BITS_MIN && bits <= WS_WINDOW_BITS_MAX && bits <= most);
}

static void check_accepted(const struct ws_deflate_offer *offer,
                           const struct ws_deflate_config *config,
                           const struct ws_deflate_params *params, const char *answer)
{
    struct ws_deflate_offer said;
    struct ws_str list = {answer, strlen(answer)}, name, text;
    CHECK(strlen(answer) < WS_DEFLATE_TEXT_MAX);
    CHECK(ws_extension_next(&list, &name, &text) == WS_EXTENSION_FOUND && list.len == 0);
    CHECK(ws_str_equal(name, "permessage-deflate"));
    CHECK(ws_deflate_read_offer(text, true, &said));
    CHECK(said.server_no_takeover == params->server_no_takeover);
    CHECK(said.client_no_takeover == params->client_no_takeover);
    CHECK(params->server_no_takeover ==
          (offer->server_no_takeover || config->preference.server_no_takeover));
    CHECK(params->client_no_takeover ==
          (offer->client_no_takeover || config->preference.client_no_takeover));
    check_bits(params->server_bits, config->preference.server_bits);
    check_bits(params->client_bits, WS_WINDOW_BITS_MAX);
    CHECK(params->server_bits == (said.server_bits ? said.server_bits : 15));
    CHECK(params->client_bits == (said.client_bits ? said.client_bits : 15));
    /* 7.1.2: an offered parameter is answered, and one that was not is not requested. */
    CHECK(!offer->server_bits || (said.server_bits && said.server_bits <= offer->server_bits));
    CHECK(!said.client_bits_known || offer->client_bits_known);
    CHECK(!offer->client_bits || params->client_bits <= offer->client_bits);
}

static void check_request(const struct ws_http_head *head, const char *buffer,
                          const struct ws_deflate_config *config)
{
    struct found all[512];
    struct ws_deflate_offer offer;
    struct ws_deflate_params params;
    char answer[WS_DEFLATE_TEXT_MAX];
    bool accepted = ws_deflate_accept(head, buffer, config, &params, answer);
    int count = find_all(head, buffer, all, 512);
    if (count < 0 || count == 512)
        return; /* refused before */
    for (int i = 0; i < count; i++) {
        if (is_deflate(&all[i]) && ws_deflate_read_offer(all[i].params, false, &offer)) {
            CHECK(accepted);
            check_accepted(&offer, config, &params, answer);
            return;
        }
    }
    CHECK(!accepted);
}

static void check_response(const struct ws_http_head *head, const char *buffer,
                           const struct ws_deflate_config *config)
{
    struct found all[512];
    struct ws_deflate_offer said;
    struct ws_deflate_params params;
    bool agreed;
    enum ws_error error = ws_deflate_check_response(head, buffer, config, &params, &agreed);
    int count = find_all(head, buffer, all, 512);
    if (count < 0 || count == 512)
        return;
    if (error == WS_OK) {
        CHECK(agreed == (count > 0) && count <= 1);
        if (!agreed)
            return;
        CHECK(is_deflate(&all[0]) && ws_deflate_read_offer(all[0].params, true, &said));
        check_bits(params.server_bits, config->preference.server_bits);
        check_bits(params.client_bits, config->preference.client_bits);
        CHECK(params.server_no_takeover == said.server_no_takeover);
        CHECK(params.client_no_takeover ==
              (said.client_no_takeover || config->preference.client_no_takeover));
    } else {
        CHECK(count > 0);
        CHECK(error == WS_E_EXTENSION_UNSOLICITED || error == WS_E_DEFLATE_DUPLICATE ||
              error == WS_E_DEFLATE_PARAMETER || error == WS_E_DEFLATE_MISMATCH);
        CHECK(error != WS_E_DEFLATE_DUPLICATE || count > 1);
        CHECK(error != WS_E_DEFLATE_MISMATCH || ws_deflate_read_offer(all[0].params, true, &said));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_http_head head;
    struct ws_deflate_config config;
    if (size < 2 || size > 8192)
        return 0;
    bool response = data[0] & 1;
    ws_deflate_config_init(&config);
    config.preference = (struct ws_deflate_params){
        .server_no_takeover = data[0] & 2,
        .client_no_takeover = data[0] & 4,
        .server_bits = (uint8_t)(8 + (data[1] & 7)),
        .client_bits = (uint8_t)(8 + (data[1] >> 4 & 7)),
    };
    data += 2;
    size -= 2;
    char *text = malloc(size * (sizeof HEADER + 2) + 200);
    CHECK(text);
    size_t len = write_head(text, response, data, size);
    char *exact = malloc(len);
    CHECK(exact);
    memcpy(exact, text, len);
    free(text);
    ws_http_init(&head, response, 1 << 20);
    if (ws_http_parse(&head, exact, len) == WS_OK)
        (response ? check_response : check_request)(&head, exact, &config);
    free(exact);
    return 0;
}
