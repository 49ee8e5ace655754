/*
 * Access control for any request: the address from proxies' headers, origin, host, credentials. No
 * input may grant access without the right to it.
 */
#include "cmd/wsserve/access/credentials.h"
#include "cmd/wsserve/access/forwarded.h"
#include "cmd/wsserve/access/origin.h"
#include "tests/fuzz/fuzz.h"

#define PASSWORD "ann:a password that no fuzzer guesses, 8bd1"
#define TOKEN    "a token that none guesses, 5c07"

static struct ws_str str(const char *text)
{
    return (struct ws_str){text, strlen(text)};
}

/* The client is named by a trusted proxy or is the peer; and the formatted address can be
 * parsed. */
static void check_forwarded(const struct ws_request *request)
{
    struct ws_networks trusted = {0};
    struct ws_address peer, stranger, client, again;
    char text[WS_ADDRESS_TEXT];
    size_t len;
    CHECK(!ws_networks_add(&trusted, "127.0.0.1,10.0.0.0/8", &len));
    CHECK(ws_address_parse(str("127.0.0.1"), &peer));
    CHECK(ws_address_parse(str("192.0.2.9"), &stranger));
    CHECK(ws_forwarded_client(request, &trusted, &stranger, &client) == WS_FORWARDED_NONE);
    CHECK(memcmp(client.ip, stranger.ip, sizeof client.ip) == 0);
    switch (ws_forwarded_client(request, &trusted, &peer, &client)) {
    case WS_FORWARDED_NONE:
        CHECK(memcmp(client.ip, peer.ip, sizeof client.ip) == 0);
        break;
    case WS_FORWARDED_BROKEN:
        CHECK(client.kind == WS_ADDRESS_UNKNOWN);
        break;
    case WS_FORWARDED_CLIENT:
        CHECK(client.kind == WS_ADDRESS_IP);
        CHECK(ws_address_parse(str(ws_address_format(&client, text)), &again));
        CHECK(memcmp(client.ip, again.ip, sizeof client.ip) == 0);
    }
    ws_networks_free(&trusted);
}

static void check_origin(const struct ws_request *request)
{
    struct ws_origin rule, origin;
    struct ws_str host;
    uint16_t port;
    CHECK(ws_origin_rule_parse(str("https://app.example"), &rule));
    if (ws_origin_parse(request->origin, &origin)) {
        CHECK(origin.scheme.len > 0 && origin.host.len > 0);
        CHECK(ws_origin_matches(&origin, &origin) || origin.port == 0);
        if (ws_origin_matches(&rule, &origin))
            CHECK(ws_str_equal_case(request->origin, "https://app.example") ||
                  ws_str_equal_case(request->origin, "https://app.example:443") ||
                  strtol(request->origin.p + strlen("https://app.example:"), NULL, 10) == 443);
        ws_origin_is_same(&origin, request->host, true);
    }
    ws_origin_rule_parse(request->origin, &rule);
    if (ws_host_is_literal(request->host)) {
        CHECK(ws_host_parse(request->host, &host, &port));
        CHECK(!ws_host_matches(str("app.example"), request->host));
    }
    if (ws_host_parse(request->host, &host, &port))
        for (size_t i = 0; i < host.len; i++)
            CHECK(host.p[i] > ' ' && !strchr("'\";,/@\\?#", host.p[i]));
}

static void check_credentials(const struct ws_request *request)
{
    struct ws_credentials credentials = {0};
    char user[WS_CREDENTIALS_USER];
    struct ws_str value;
    CHECK(ws_credentials_add_password(&credentials, str(PASSWORD)));
    CHECK(ws_credentials_add_token(&credentials, str(TOKEN)));
    CHECK(ws_credentials_check(&credentials, request, user) != WS_CREDENTIALS_RIGHT);
    CHECK(strlen(user) < sizeof user);
    if (ws_query_find(request->target, "token", &value))
        CHECK(value.p >= request->target.p &&
              value.p + value.len <= request->target.p + request->target.len);
    ws_credentials_free(&credentials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_http_head head;
    struct ws_request request;
    struct ws_networks networks = {0};
    size_t len;
    char *buffer = malloc(size + 1);
    CHECK(buffer);
    memcpy(buffer, data, size);
    buffer[size] = '\0';
    ws_networks_add(&networks, buffer, &len); /* an option's value too */
    ws_networks_free(&networks);
    ws_http_init(&head, false, WS_HTTP_REQUEST_MAX);
    if (ws_http_parse(&head, buffer, size) == WS_OK) {
        ws_handshake_read_request(&head, buffer, &request);
        check_forwarded(&request);
        check_origin(&request);
        check_credentials(&request);
    }
    free(buffer);
    return 0;
}
