/*
 * The peer's permessage-deflate, with zlib and without libws; and its messages: five kinds of data
 * that compress well, badly and hardly at all, like those of the Autobahn TestSuite.
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static unsigned draw(struct feed *feed, unsigned below)
{
    feed->drawn = feed->drawn * 1664525u + 1013904223u;
    return (feed->drawn >> 8) % below;
}

/* --- data --- */

static const char *one_word(struct feed *feed)
{
    static const char *const words[] = {
        "Habe",   "nun",  "ach",       "Philosophie", "Juristerei", "und", "Medizin",
        "leider", "auch", "Theologie", "durchaus",    "studiert",   "mit", "heißem",
        "Bemühn", "Da",   "steh",      "ich",         "armer",      "Tor", "so",
        "klug",   "als",  "wie",       "zuvor",       "日本"};
    return words[draw(feed, sizeof words / sizeof words[0])];
}

static void one_piece(struct feed *feed, char kind, char *text, size_t size)
{
    switch (kind) {
    case 'j':
        snprintf(text, size, "{\"id\":%u,\"name\":\"%s\",\"tags\":[\"%s\",\"%s\"],\"ratio\":0.%u},",
                 draw(feed, 100000), one_word(feed), one_word(feed), one_word(feed),
                 draw(feed, 1000));
        break;
    case 'h':
        snprintf(text, size, "<p class=\"c%u\"><a href=\"/%s/%u\">%s</a> %s</p>\n", draw(feed, 9),
                 one_word(feed), draw(feed, 1000), one_word(feed), one_word(feed));
        break;
    default:
        snprintf(text, size, "%s%s", one_word(feed), draw(feed, 9) ? " " : ".\n");
    }
}

bool payload_make(struct feed *feed, const char *kind, size_t len, struct buf *out)
{
    size_t end = out->len + len;
    if (strcmp(kind, "json") == 0 || strcmp(kind, "html") == 0 || strcmp(kind, "prose") == 0) {
        while (out->len < end) {
            char text[256];
            one_piece(feed, kind[0], text, sizeof text);
            size_t n = strlen(text);
            if (n > end - out->len) {
                n = end - out->len;
                while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
                    text[--n] = '.'; /* does not cut a code point */
                n = end - out->len;
            }
            buf_add(out, text, n);
        }
        return true;
    }
    bool picture = strcmp(kind, "picture") == 0;
    if (!picture && strcmp(kind, "pdf") != 0)
        return false;
    unsigned shade = draw(feed, 256);
    while (out->len < end) {
        shade += draw(feed, 5) - 2;
        uint8_t byte = (uint8_t)(picture ? shade : draw(feed, 256));
        if (!picture && out->len % 1024 < 200)
            byte = (uint8_t) "/Type /Page /Parent 3 0 R "[out->len % 26];
        buf_add(out, &byte, 1);
    }
    return true;
}

/* --- compressing the feed --- */

void peer_deflate(struct feed *feed, enum ws_role role, struct buf *payload)
{
    const struct setting *setting = feed->setting;
    bool alone = role == WS_ROLE_SERVER ? setting->params.client_no_takeover
                                        : setting->params.server_no_takeover;
    int bits = role == WS_ROLE_SERVER ? setting->params.client_bits : setting->params.server_bits;
    struct buf out = {0};
    if (!feed->deflater) {
        feed->deflater = must_alloc(sizeof *feed->deflater);
        memset(feed->deflater, 0, sizeof *feed->deflater);
        if (deflateInit2(feed->deflater, 6, Z_DEFLATED, -(bits < 9 ? 9 : bits), 8,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            must_grow(NULL, SIZE_MAX);
    }
    z_stream *z = feed->deflater;
    if (payload->len == 0) {
        buf_add(&out, "", 1);
    } else {
        z->next_in = (uint8_t *)payload->p;
        z->avail_in = (unsigned)payload->len;
        do {
            uint8_t some[4096];
            z->next_out = some;
            z->avail_out = sizeof some;
            deflate(z, Z_SYNC_FLUSH);
            buf_add(&out, some, sizeof some - z->avail_out);
        } while (z->avail_out == 0);
        out.len -= 4;
    }
    if (alone)
        deflateReset(z);
    buf_free(payload);
    *payload = out;
}

void peer_deflate_end(struct feed *feed)
{
    if (feed->deflater)
        deflateEnd(feed->deflater);
    free(feed->deflater);
    feed->deflater = NULL;
}

/* --- inflating the answers --- */

struct peer_reader {
    z_stream z;
    bool alone;
};

struct peer_reader *peer_reader_new(const struct setting *setting, enum ws_role sender)
{
    struct peer_reader *reader = must_alloc(sizeof *reader);
    memset(reader, 0, sizeof *reader);
    reader->alone = sender == WS_ROLE_SERVER ? setting->params.server_no_takeover
                                             : setting->params.client_no_takeover;
    int bits = sender == WS_ROLE_SERVER ? setting->params.server_bits : setting->params.client_bits;
    if (inflateInit2(&reader->z, -bits) != Z_OK)
        must_grow(NULL, SIZE_MAX);
    return reader;
}

void peer_reader_free(struct peer_reader *reader)
{
    if (reader)
        inflateEnd(&reader->z);
    free(reader);
}

static bool inflate_all(z_stream *z, const void *data, size_t len, struct buf *out)
{
    z->next_in = (uint8_t *)(uintptr_t)data;
    z->avail_in = (unsigned)len;
    do {
        static uint8_t some[32768];
        z->next_out = some;
        z->avail_out = sizeof some;
        int result = inflate(z, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR)
            return false;
        buf_add(out, some, sizeof some - z->avail_out);
    } while (z->avail_out == 0);
    return z->avail_in == 0;
}

bool peer_inflate(struct peer_reader *reader, struct buf *payload, bool last)
{
    struct buf out = {0};
    buf_add(&out, "", 0);
    bool fine = inflate_all(&reader->z, payload->p, payload->len, &out) &&
                (!last || inflate_all(&reader->z, "\x00\x00\xff\xff", 4, &out));
    if (last && reader->alone)
        inflateReset(&reader->z);
    buf_free(payload);
    *payload = out;
    return fine;
}
