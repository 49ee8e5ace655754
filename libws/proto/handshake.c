#include <ws/handshake.h>

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

/* --- the key --- */

bool ws_handshake_accept(const char *key, size_t key_len, char accept[WS_ACCEPT_LEN + 1])
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    char text[256 + sizeof WS_GUID];
    if (key_len > 256)
        return false;
    memcpy(text, key, key_len);
    memcpy(text + key_len, WS_GUID, sizeof WS_GUID - 1);
    if (!EVP_Digest(text, key_len + sizeof WS_GUID - 1, digest, NULL, EVP_sha1(), NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    return true;
}

void ws_handshake_key(const uint8_t nonce[16], char key[WS_KEY_LEN + 1])
{
    EVP_EncodeBlock((unsigned char *)key, nonce, 16);
}

bool ws_handshake_key_valid(struct ws_str key)
{
    /* 16 bytes are 21 characters and one that carries 2 bits, its other 4 being zero; then "==". */
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (key.len != WS_KEY_LEN || key.p[22] != '=' || key.p[23] != '=')
        return false;
    for (int i = 0; i < 21; i++)
        if (!memchr(alphabet, key.p[i], 64))
            return false;
    return memchr("AQgw", key.p[21], 4) != NULL;
}

/* --- reading a request --- */

static int count_of(const struct ws_http_head *head, const char *buffer, const char *name,
                    struct ws_str *value)
{
    int count = 0;
    *value = (struct ws_str){NULL, 0};
    for (int i = ws_http_find(head, buffer, name, 0); i >= 0;
         i = ws_http_find(head, buffer, name, i + 1))
        if (count++ == 0)
            *value = ws_http_value(head, buffer, (size_t)i);
    return count;
}

bool ws_request_subprotocol(const struct ws_request *request, int *cursor, struct ws_str *rest,
                            struct ws_str *subprotocol)
{
    if (*cursor == 0)
        *rest = (struct ws_str){NULL, 0};
    while (!ws_http_list_next(rest, subprotocol)) {
        int i = ws_http_find(request->head, request->buffer, "Sec-WebSocket-Protocol", *cursor);
        if (i < 0)
            return false;
        *rest = ws_http_value(request->head, request->buffer, (size_t)i);
        *cursor = i + 1;
    }
    return true;
}

const char *ws_request_choose_subprotocol(const struct ws_request *request,
                                          const char *const *offered)
{
    int cursor = 0;
    struct ws_str rest, wanted;
    while (offered && ws_request_subprotocol(request, &cursor, &rest, &wanted))
        for (const char *const *o = offered; *o; o++)
            if (ws_str_equal(wanted, *o))
                return *o;
    return NULL;
}

/* Tokens, none of them twice (4.1). Each is compared with all others, so lists of more than 64 are
 * refused: an attacker could make them long. */
static enum ws_error check_subprotocols(const struct ws_request *request)
{
    struct ws_str seen[64], rest, one;
    size_t count = 0;
    int cursor = 0;
    while (ws_request_subprotocol(request, &cursor, &rest, &one)) {
        if (!ws_http_is_token(one) || count == sizeof seen / sizeof seen[0])
            return WS_E_SUBPROTOCOL_SYNTAX;
        for (size_t i = 0; i < count; i++)
            if (seen[i].len == one.len && memcmp(seen[i].p, one.p, one.len) == 0)
                return WS_E_SUBPROTOCOL_SYNTAX;
        seen[count++] = one;
    }
    return WS_OK;
}

/* token [= token | "quoted token"] of an extension's parameter (9.1) */
static bool is_parameter(struct ws_str p)
{
    const char *equals = memchr(p.p, '=', p.len);
    size_t name_len = equals ? (size_t)(equals - p.p) : p.len;
    if (!ws_http_is_token(ws_str_trim((struct ws_str){p.p, name_len})))
        return false;
    if (!equals)
        return true;
    struct ws_str value = ws_str_trim((struct ws_str){equals + 1, p.len - name_len - 1});
    if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"') {
        value.p++;
        value.len -= 2;
    }
    return ws_http_is_token(value);
}

enum ws_extension_result ws_extension_next(struct ws_str *list, struct ws_str *name,
                                           struct ws_str *params)
{
    struct ws_str element;
    if (!ws_http_list_next(list, &element))
        return WS_EXTENSION_END;
    const char *semicolon = memchr(element.p, ';', element.len);
    size_t name_len = semicolon ? (size_t)(semicolon - element.p) : element.len;
    *name = ws_str_trim((struct ws_str){element.p, name_len});
    *params = (struct ws_str){element.p + name_len, element.len - name_len};
    if (!ws_http_is_token(*name))
        return WS_EXTENSION_MALFORMED;
    /* A quoted value must be a token once unquoted, so no semicolon hides in one. */
    struct ws_str rest = *params;
    while (rest.len > 0) {
        rest.p++;
        rest.len--;
        const char *end = memchr(rest.p, ';', rest.len);
        size_t len = end ? (size_t)(end - rest.p) : rest.len;
        if (!is_parameter(ws_str_trim((struct ws_str){rest.p, len})))
            return WS_EXTENSION_MALFORMED;
        rest.p += len;
        rest.len -= len;
    }
    return WS_EXTENSION_FOUND;
}

static bool extensions_well_formed(const struct ws_http_head *head, const char *buffer)
{
    for (int i = ws_http_find(head, buffer, "Sec-WebSocket-Extensions", 0); i >= 0;
         i = ws_http_find(head, buffer, "Sec-WebSocket-Extensions", i + 1)) {
        struct ws_str list = ws_http_value(head, buffer, (size_t)i), name, params;
        enum ws_extension_result result;
        while ((result = ws_extension_next(&list, &name, &params)) == WS_EXTENSION_FOUND)
            ;
        if (result == WS_EXTENSION_MALFORMED)
            return false;
    }
    return true;
}

/* A length may be there more than once, or as a list, if it is the same one each time (RFC
 * 9110 8.6): otherwise a proxy and we might see different ends of the request. */
static enum ws_error check_body(const struct ws_http_head *head, const char *buffer)
{
    struct ws_str length = {0};
    for (int i = -1; (i = ws_http_find(head, buffer, "Content-Length", i + 1)) >= 0;) {
        struct ws_str list = ws_http_value(head, buffer, (size_t)i), one;
        if (list.len == 0)
            return WS_E_HTTP_LENGTH;
        while (ws_http_list_next(&list, &one)) {
            bool differs = length.p && (one.len != length.len || memcmp(one.p, length.p, one.len));
            for (size_t k = 0; k < one.len; k++)
                differs |= one.p[k] < '0' || one.p[k] > '9';
            if (differs)
                return WS_E_HTTP_LENGTH;
            length = one;
        }
    }
    bool coded = ws_http_find(head, buffer, "Transfer-Encoding", 0) >= 0;
    return coded || (length.p && !ws_str_equal(length, "0")) ? WS_E_HTTP_BODY : WS_OK;
}

static bool is_ipv6(const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static bool is_port(const char *text, size_t len)
{
    unsigned number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (unsigned)(text[i] - '0');
        if (number > 65535)
            return false;
    }
    return true;
}

/* uri-host [ ":" port ] (RFC 3986 3.2.2, 3.2.3), without the comma, which would make it a list.
 * Whether that host exists, and is ours, is not looked at. */
static bool is_host(struct ws_str host)
{
    const char *end = host.p + host.len, *p = host.p;
    if (host.len > 0 && *p == '[') {
        const char *bracket = memchr(p, ']', host.len);
        if (!bracket || !is_ipv6(p + 1, (size_t)(bracket - p) - 1))
            return false;
        p = bracket + 1;
    } else {
        for (; p < end && *p != ':'; p++) {
            bool alnum = (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z');
            if (!alnum && (*p == '\0' || !strchr("-._~%!$&'()*+;=", *p)))
                return false;
        }
    }
    if (p == host.p)
        return false;
    return p == end || (*p == ':' && is_port(p + 1, (size_t)(end - p) - 1));
}

/* The length of the scheme of a target in absolute form (RFC 9112 3.2.2), with its "://"; or 0. */
static size_t scheme_len(struct ws_str target)
{
    static const char *const schemes[] = {"http://", "https://", "ws://", "wss://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        if (target.len >= len && ws_str_equal_case((struct ws_str){target.p, len}, schemes[i]))
            return len;
    }
    return 0;
}

/* In absolute form it names the host in place of the Host header: the same holds for that one, and
 * nothing that may be before it or is a URL's own (RFC 9110 4.2.1, 4.2.4). */
static bool names_bad_host(struct ws_str target)
{
    size_t begin = scheme_len(target), end = begin;
    while (end < target.len && !strchr("/?#", target.p[end]))
        end++;
    return begin > 0 && !is_host((struct ws_str){target.p + begin, end - begin});
}

/* A fragment is the client's alone (RFC 6455 3). */
static bool is_target(struct ws_str target)
{
    return target.len > 0 && (target.p[0] == '/' || scheme_len(target) > 0) &&
           !memchr(target.p, '#', target.len);
}

/* Over HTTP/2 there is none (RFC 8441 5). */
static enum ws_error judge_key(struct ws_str key, int keys)
{
    return keys == 0                     ? WS_E_KEY_MISSING
           : keys > 1                    ? WS_E_KEY_DUPLICATE
           : ws_handshake_key_valid(key) ? WS_OK
                                         : WS_E_KEY_INVALID;
}

static enum ws_error judge_request(const struct ws_request *r, int hosts, int keys, int origins)
{
    const struct ws_http_head *head = r->head;
    const char *buffer = r->buffer;
    struct ws_str version;
    int versions = count_of(head, buffer, "Sec-WebSocket-Version", &version);

    if (hosts > 1)
        return WS_E_HOST_DUPLICATE;
    if (head->minor >= 1 && hosts == 0)
        return WS_E_HOST_MISSING;
    if (hosts == 1 && !is_host(r->host))
        return WS_E_HOST_INVALID;
    if (names_bad_host(r->target))
        return WS_E_TARGET;
    enum ws_error error = check_body(head, buffer);
    if (error != WS_OK)
        return error;
    /* As RFC 9220 has it for HTTP/3; RFC 8441 says nothing about it. */
    if (head->http2 && ws_str_equal(r->method, "CONNECT") &&
        ws_http_find(head, buffer, "Upgrade", 0) >= 0)
        return WS_E_PROTOCOL;
    if (!r->upgrade)
        return WS_E_NOT_AN_UPGRADE;
    if (!ws_str_equal(r->method, "GET"))
        return WS_E_METHOD;
    if (head->minor < 1)
        return WS_E_HTTP_VERSION;
    if (!is_target(r->target))
        return WS_E_TARGET;
    if (!ws_http_has_token(head, buffer, "Upgrade", "websocket"))
        return WS_E_UPGRADE_MISSING;
    if (!ws_http_has_token(head, buffer, "Connection", "upgrade"))
        return WS_E_CONNECTION_MISSING;
    if (versions == 0)
        return WS_E_VERSION_MISSING;
    if (versions > 1)
        return WS_E_VERSION_DUPLICATE;
    if (!ws_str_equal(version, "13"))
        return WS_E_VERSION;
    error = head->http2 ? WS_OK : judge_key(r->key, keys);
    if (error != WS_OK)
        return error;
    if (origins > 1)
        return WS_E_ORIGIN_DUPLICATE;
    error = check_subprotocols(r);
    if (error != WS_OK)
        return error;
    return extensions_well_formed(head, buffer) ? WS_OK : WS_E_EXTENSION_SYNTAX;
}

enum ws_error ws_handshake_read_request(const struct ws_http_head *head, const char *buffer,
                                        struct ws_request *request)
{
    *request = (struct ws_request){
        .head = head,
        .buffer = buffer,
        .method = ws_http_method(head, buffer),
        .target = ws_http_target(head, buffer),
    };
    int hosts = count_of(head, buffer, "Host", &request->host);
    int origins = count_of(head, buffer, "Origin", &request->origin);
    int keys = count_of(head, buffer, "Sec-WebSocket-Key", &request->key);
    request->upgrade = keys > 0 || ws_http_has_token(head, buffer, "Upgrade", "websocket");
    request->violation = judge_request(request, hosts, keys, origins);
    return request->violation;
}

/* --- reading a response --- */

/* What servers are known to send in place of base64(SHA-1(key GUID)). Computed here rather than
 * guessed, so that the message can say which mistake it is. */
static const char *accept_mistake(const char *key, struct ws_str accept)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    char text[128], encoded[64], hex[2 * SHA_DIGEST_LENGTH + 1];
    size_t key_len = strlen(key);

    if (accept.len == 0)
        return "it is empty";
    if (ws_str_equal(accept, key))
        return "it is the key itself: nothing was hashed";

    /* Each way of hashing the wrong text */
    char nonce[24] = "";
    EVP_DecodeBlock((unsigned char *)nonce, (const unsigned char *)key, (int)key_len);
    static const char lower[] = "258eafa5-e914-47da-95ca-c5ab0dc85b11";
    const struct {
        const char *before;
        size_t before_len;
        const char *after;
        const char *name;
    } texts[] = {
        {WS_GUID, sizeof WS_GUID - 1, key, "the GUID was put before the key instead of after it"},
        {key, key_len, "", "the key was hashed without the GUID"},
        {"", 0, WS_GUID, "the GUID was hashed without the key"},
        {key, key_len, lower, "the GUID was written in lower case"},
        {nonce, 16, WS_GUID, "the key was decoded from base64 before hashing"},
        {key, key_len, WS_GUID "\n", "a line feed was hashed along"},
        {key, key_len, WS_GUID "\r\n", "a line end was hashed along"},
        {key, key_len, " " WS_GUID, "a space was hashed between the key and the GUID"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t after_len = strlen(texts[i].after);
        memcpy(text, texts[i].before, texts[i].before_len);
        memcpy(text + texts[i].before_len, texts[i].after, after_len);
        EVP_Digest(text, texts[i].before_len + after_len, digest, NULL, EVP_sha1(), NULL);
        EVP_EncodeBlock((unsigned char *)encoded, digest, sizeof digest);
        if (ws_str_equal(accept, encoded))
            return texts[i].name;
    }

    /* Right hash, wrong encoding */
    memcpy(text, key, key_len);
    memcpy(text + key_len, WS_GUID, sizeof WS_GUID - 1);
    EVP_Digest(text, key_len + sizeof WS_GUID - 1, digest, NULL, EVP_sha1(), NULL);
    for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (ws_str_equal_case(accept, hex))
        return "the hash is in hex instead of base64";
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)hex, (int)strlen(hex));
    if (ws_str_equal(accept, encoded))
        return "the hash's hex digits were put into base64 instead of its bytes";
    EVP_EncodeBlock((unsigned char *)encoded, digest, sizeof digest);
    if (accept.len == WS_ACCEPT_LEN - 1 && memcmp(accept.p, encoded, accept.len) == 0)
        return "the padding = at its end is missing";
    return NULL;
}

static bool offers(const char *offered, struct ws_str one)
{
    struct ws_str list = {offered, offered ? strlen(offered) : 0}, element;
    while (ws_http_list_next(&list, &element))
        if (element.len == one.len && memcmp(element.p, one.p, one.len) == 0)
            return true;
    return false;
}

enum ws_error ws_handshake_read_extensions(const struct ws_response *response)
{
    const struct ws_http_head *head = response->head;
    const char *buffer = response->buffer;
    if (!extensions_well_formed(head, buffer))
        return WS_E_RESPONSE_EXTENSION;
    for (int i = ws_http_find(head, buffer, "Sec-WebSocket-Extensions", 0); i >= 0;
         i = ws_http_find(head, buffer, "Sec-WebSocket-Extensions", i + 1)) {
        /* Any extension counts: which ones were offered is not known here. */
        struct ws_str list = ws_http_value(head, buffer, (size_t)i), name, params;
        if (ws_extension_next(&list, &name, &params) == WS_EXTENSION_FOUND)
            return WS_E_EXTENSION_UNSOLICITED;
    }
    return WS_OK;
}

/* Over HTTP/2 there is none (RFC 8441 5). */
static enum ws_error judge_accept(struct ws_response *response, const char *key,
                                  struct ws_str accept, int accepts)
{
    char expected[WS_ACCEPT_LEN + 1];
    if (accepts == 0)
        return WS_E_ACCEPT_MISSING;
    if (accepts > 1)
        return WS_E_ACCEPT_DUPLICATE;
    if (!ws_handshake_accept(key, strlen(key), expected))
        return WS_E_INTERNAL;
    if (!ws_str_equal(accept, expected)) {
        if (ws_handshake_key_valid((struct ws_str){key, strlen(key)}))
            response->cause = accept_mistake(key, accept);
        return WS_E_ACCEPT_WRONG;
    }
    return WS_OK;
}

enum ws_error ws_handshake_read_response(const struct ws_http_head *head, const char *buffer,
                                         const char *key, const char *offered,
                                         struct ws_response *response)
{
    struct ws_str accept;

    *response = (struct ws_response){
        .head = head,
        .buffer = buffer,
        .status = head->status,
        .reason = ws_http_reason(head, buffer),
    };
    int accepts = count_of(head, buffer, "Sec-WebSocket-Accept", &accept);
    int subprotocols = count_of(head, buffer, "Sec-WebSocket-Protocol", &response->subprotocol);
    count_of(head, buffer, "Sec-WebSocket-Extensions", &response->extensions);

    if (head->status != 101)
        return WS_E_STATUS;
    if (head->minor < 1)
        return WS_E_HTTP_VERSION;
    if (!ws_http_has_token(head, buffer, "Upgrade", "websocket"))
        return WS_E_RESPONSE_UPGRADE;
    if (!ws_http_has_token(head, buffer, "Connection", "upgrade"))
        return WS_E_RESPONSE_CONNECTION;
    enum ws_error error = head->http2 ? WS_OK : judge_accept(response, key, accept, accepts);
    if (error != WS_OK)
        return error;
    if (subprotocols > 1)
        return WS_E_SUBPROTOCOL_DUPLICATE;
    if (subprotocols == 1 && !offers(offered, response->subprotocol))
        return WS_E_SUBPROTOCOL_UNSOLICITED;
    return ws_handshake_read_extensions(response);
}
