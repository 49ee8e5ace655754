#include "cmd/wsframe/tls/tls_stream.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/tls/tls_keys.h"

#include <stdlib.h>
#include <string.h>

enum content { CONTENT_CHANGE = 20, CONTENT_ALERT = 21, CONTENT_HANDSHAKE = 22, CONTENT_DATA = 23 };

enum message {
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_FINISHED = 20,
    MESSAGE_KEY_UPDATE = 24,
};

enum {
    HELLO_FIXED = 4 + 2 + TLS_RANDOM_LEN, /* header, version, random */
    WAITING_MAX = 4 * TLS_RECORD_MAX,     /* bytes of a direction that wait for their secret */
};

static const char no_hello[] = "TLS whose handshake is not in the capture",
                  no_secret[] = "TLS whose secrets are not in the file of --keylog",
                  no_suite[] = "TLS of a cipher suite or version that cannot be read",
                  not_authentic[] = "TLS that does not decrypt with the secrets of --keylog";

struct direction {
    struct tls_keys keys;
    bool rekeyed;   /* the next record has new keys, from the secret `wanted` */
    bool encrypted; /* TLS 1.2: after ChangeCipherSpec */
    enum keylog_label wanted;
    /* TLS 1.3: the message of the handshake that the next byte is in. */
    uint8_t head[4];
    uint8_t head_have;
    uint32_t left;
    uint8_t type;
};

struct tls_stream {
    struct keylog *keylog;
    bool has_client, has_server; /* the hellos */
    const char *why;             /* there are no keys; or NULL */
    uint8_t client_random[TLS_RANDOM_LEN], server_random[TLS_RANDOM_LEN];
    const struct tls_suite *suite;
    struct direction direction[2]; /* the client's, the server's */
    uint8_t plain[TLS_RECORD_MAX];
};

struct tls_stream *tls_stream_new(struct keylog *keylog)
{
    struct tls_stream *tls = calloc(1, sizeof *tls);
    if (!tls)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    tls->keylog = keylog;
    return tls;
}

void tls_stream_free(struct tls_stream *tls)
{
    if (!tls)
        return;
    tls_keys_free(&tls->direction[0].keys);
    tls_keys_free(&tls->direction[1].keys);
    free(tls);
}

const char *tls_stream_version(const struct tls_stream *tls)
{
    return !tls->suite ? NULL : tls->suite->tls13 ? "TLS 1.3" : "TLS 1.2";
}

/* --- the hellos --- */

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Does the ServerHello's extension supported_versions say TLS 1.3? (RFC 8446 4.2.1) */
static bool says_13(const uint8_t *p, const uint8_t *end)
{
    enum { SUPPORTED_VERSIONS = 43, VERSION_13 = 0x0304 };
    if (end - p < 2)
        return false;
    for (p += 2; end - p >= 4; p += 4 + get16(p + 2)) {
        if (get16(p + 2) > (size_t)(end - p) - 4)
            return false;
        if (get16(p) == SUPPORTED_VERSIONS && get16(p + 2) == 2)
            return get16(p + 4) == VERSION_13;
    }
    return false;
}

/* A HelloRetryRequest is a ServerHello of this random; both hellos follow again. */
static bool is_retry(const uint8_t *random)
{
    static const uint8_t retry[TLS_RANDOM_LEN] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11,
                                                  0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
                                                  0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E,
                                                  0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};
    return memcmp(random, retry, sizeof retry) == 0;
}

static void want(struct tls_stream *tls, int server, enum keylog_label label)
{
    tls->direction[server].rekeyed = true;
    tls->direction[server].wanted = label;
}

/* Makes the keys of a direction from the secret that it needs next. False while the key log does
 * not have it: programs write it a moment after the message that makes it. */
static bool make_keys(struct tls_stream *tls, int server)
{
    struct direction *direction = &tls->direction[server];
    const struct keylog_secret *secret =
        keylog_find(tls->keylog, tls->client_random, direction->wanted);
    if (!secret)
        return false;
    direction->rekeyed = false;
    if (tls->suite->tls13)
        return tls_keys_13(&direction->keys, tls->suite, secret->bytes, secret->len);
    return tls_keys_12(&direction->keys, tls->suite, secret, tls->client_random, tls->server_random,
                       server == 1);
}

static const char *take_server_hello(struct tls_stream *tls, const uint8_t *p, const uint8_t *end)
{
    const uint8_t *random = p + 6;
    if (!tls->has_client)
        return no_hello;
    p += HELLO_FIXED;
    if (end - p < 1 || end - p < 1 + *p + 3)
        return no_suite;
    p += 1 + *p; /* the session */
    const struct tls_suite *suite = tls_suite_find(get16(p));
    bool is_13 = says_13(p + 3, end);
    if (!suite || suite->tls13 != is_13)
        return no_suite;
    if (is_retry(random))
        return NULL;
    memcpy(tls->server_random, random, TLS_RANDOM_LEN);
    tls->suite = suite;
    tls->has_server = true;
    want(tls, 0, is_13 ? KEYLOG_CLIENT_HANDSHAKE : KEYLOG_MASTER);
    want(tls, 1, is_13 ? KEYLOG_SERVER_HANDSHAKE : KEYLOG_MASTER);
    return NULL;
}

/* Takes the messages of a record in the clear. */
static const char *take_clear(struct tls_stream *tls, int server, const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    if (len < HELLO_FIXED)
        return NULL;
    if (p[0] == MESSAGE_CLIENT_HELLO && !server) {
        memcpy(tls->client_random, p + 6, TLS_RANDOM_LEN);
        tls->has_client = true;
    } else if (p[0] == MESSAGE_SERVER_HELLO && server && !tls->has_server) {
        return take_server_hello(tls, p, end);
    }
    return NULL;
}

/* --- encrypted records --- */

/* Follows the messages of the handshake in TLS 1.3: after Finished come the keys of the
 * application, after KeyUpdate the next ones, which this makes. */
static bool follow(struct tls_stream *tls, int server, const uint8_t *p, size_t len)
{
    struct direction *direction = &tls->direction[server];
    while (len > 0) {
        if (direction->left > 0) {
            uint32_t n = direction->left < len ? direction->left : (uint32_t)len;
            direction->left -= n;
            p += n;
            len -= n;
        } else {
            direction->head[direction->head_have++] = *p++;
            len--;
            if (direction->head_have < sizeof direction->head)
                continue;
            direction->head_have = 0;
            direction->type = direction->head[0];
            direction->left = (uint32_t)direction->head[1] << 16 | get16(direction->head + 2);
        }
        if (direction->left > 0 || direction->head_have > 0)
            continue;
        if (direction->type == MESSAGE_FINISHED)
            want(tls, server, server ? KEYLOG_SERVER_TRAFFIC : KEYLOG_CLIENT_TRAFFIC);
        if (direction->type == MESSAGE_KEY_UPDATE && !tls_keys_next(&direction->keys))
            return false;
    }
    return true;
}

static enum tls_result failed(struct tls_piece *piece, const char *why)
{
    piece->why = why;
    return TLS_FAILED;
}

static enum tls_result open_record(struct tls_stream *tls, int server, const uint8_t *record,
                                   size_t len, struct tls_piece *piece)
{
    struct direction *direction = &tls->direction[server];
    unsigned type = record[0];
    int plain = tls_keys_open(&direction->keys, record, len, tls->plain);
    if (plain < 0)
        return failed(piece, not_authentic);
    if (tls->suite->tls13) {
        /* The type is the last byte that is not padding. */
        while (plain > 0 && tls->plain[plain - 1] == 0)
            plain--;
        if (plain == 0)
            return TLS_RECORD;
        type = tls->plain[--plain];
        if (type == CONTENT_HANDSHAKE && !follow(tls, server, tls->plain, (size_t)plain))
            return failed(piece, no_secret);
    }
    if (type != CONTENT_DATA || plain == 0)
        return TLS_RECORD;
    piece->data = tls->plain;
    piece->len = (size_t)plain;
    return TLS_DATA;
}

enum tls_result tls_stream_next(struct tls_stream *tls, int server, const uint8_t *data, size_t len,
                                struct tls_piece *piece)
{
    struct direction *direction = &tls->direction[server];
    *piece = (struct tls_piece){0};
    if (tls->why)
        return failed(piece, tls->why);
    if (len < TLS_HEADER_LEN)
        return TLS_MORE;
    size_t body = get16(data + 3);
    if (data[0] < CONTENT_CHANGE || data[0] > CONTENT_DATA || data[1] != 3 || body > TLS_RECORD_MAX)
        return failed(piece, not_authentic);
    if (len < TLS_HEADER_LEN + body)
        return TLS_MORE;
    piece->used = TLS_HEADER_LEN + body;
    bool is_13 = tls->suite && tls->suite->tls13;
    if (is_13 ? data[0] == CONTENT_DATA : direction->encrypted) {
        if (direction->rekeyed && !make_keys(tls, server)) {
            piece->why = no_secret;
            return len < WAITING_MAX ? TLS_MORE : TLS_FAILED;
        }
        return open_record(tls, server, data, body, piece);
    }
    if (data[0] == CONTENT_DATA) {
        /* The other direction's ServerHello may only be late in the capture. */
        bool early = tls->has_client && !tls->has_server && !server;
        return early ? TLS_MORE : failed(piece, no_hello);
    }
    if (data[0] == CONTENT_CHANGE)
        direction->encrypted = !is_13 && tls->has_server;
    if (data[0] == CONTENT_HANDSHAKE) {
        tls->why = take_clear(tls, server, data + TLS_HEADER_LEN, body);
        if (tls->why)
            return failed(piece, tls->why);
    }
    return TLS_RECORD;
}
