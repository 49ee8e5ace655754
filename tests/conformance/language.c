#include "conformance.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must_alloc(size_t size)
{
    return must_grow(NULL, size);
}

void *must_grow(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        fputs("Bail out! out of memory\n", stdout);
        exit(2);
    }
    return memory;
}

char *must_copy(const char *text, size_t len)
{
    char *copy = must_alloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (buf->len + len + 1 > buf->capacity) {
        buf->capacity = (buf->len + len + 1) * 2;
        buf->p = must_grow(buf->p, buf->capacity);
    }
    if (len)
        memcpy(buf->p + buf->len, data, len);
    buf->len += len;
    buf->p[buf->len] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_format(struct buf *buf, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_text(buf, text);
}

void buf_free(struct buf *buf)
{
    free(buf->p);
    *buf = (struct buf){0};
}

void feed_free(struct feed *feed)
{
    buf_free(&feed->bytes);
    peer_deflate_end(feed);
    for (size_t i = 0; i < feed->action_count; i++)
        buf_free(&feed->actions[i].argument);
    *feed = (struct feed){0};
}

/* Eight bytes at a time, for speed: most bytes pass through it several times. */
static unsigned long long checksum(const uint8_t *p, size_t len)
{
    uint64_t sum = len;
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, p + at, len - at < 8 ? len - at : 8);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
        sum ^= sum >> 32;
    }
    return sum;
}

void trace_line(struct buf *out, const char *name, const void *data, size_t len)
{
    const uint8_t *p = data;

    buf_text(out, name);
    if (len > 0) {
        buf_text(out, " \"");
        for (size_t i = 0; i < (len <= 100 ? len : 12); i++) {
            if (p[i] >= 0x20 && p[i] < 0x7F && p[i] != '"' && p[i] != '\\')
                buf_add(out, &p[i], 1);
            else
                buf_format(out, "\\x%02x", p[i]);
        }
        buf_text(out, "\"");
        if (len > 100)
            buf_format(out, "... %zu bytes, sum %016llx", len, checksum(p, len));
    }
    buf_text(out, "\n");
}

/* The reader of a cell. */
struct reader {
    const char *p;
    enum ws_role role;
    struct feed *feed;
    struct buf *problem;
    bool top; /* outside all brackets, where actions are allowed */
};

static const struct {
    const char *name;
    const char *text;
} macros[] = {
    {"GET", "GET /chat HTTP/1.1\r\n"},
    {"HOST", "Host: server.example.com\r\n"},
    {"UPGRADE", "Upgrade: websocket\r\n"},
    {"CONNECTION", "Connection: Upgrade\r\n"},
    {"KEY", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"},
    {"VERSION", "Sec-WebSocket-Version: 13\r\n"},
    {"SWITCH", "HTTP/1.1 101 Switching Protocols\r\n"},
    {"ACCEPT", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"},
    {"END", "\r\n"},
};

static bool complain(struct reader *r, const char *what)
{
    if (r->problem->len == 0)
        buf_format(r->problem, "%s at: %.40s", what, r->p);
    return false;
}

static void skip_space(struct reader *r)
{
    while (*r->p == ' ')
        r->p++;
}

static bool read_string(struct reader *r, struct buf *out)
{
    for (r->p++; *r->p != '"'; r->p++) {
        char c = *r->p;
        if (c == '\0')
            return complain(r, "a string without an end");
        if (c == '\\') {
            c = *++r->p;
            if (c == 'r')
                c = '\r';
            else if (c == 'n')
                c = '\n';
            else if (c == 't')
                c = '\t';
            else if (c == 'x') {
                unsigned value;
                if (sscanf(r->p + 1, "%2x", &value) != 1)
                    return complain(r, "a bad escape");
                c = (char)value;
                r->p += 2;
            } else if (c != '"' && c != '\\')
                return complain(r, "a bad escape");
        }
        buf_add(out, &c, 1);
    }
    r->p++;
    return true;
}

static bool read_items(struct reader *r, struct buf *out);

/* "(" items ")", with marks relative to the end of `out`. */
static bool read_group(struct reader *r, struct buf *out)
{
    bool top = r->top;
    if (*r->p != '(')
        return complain(r, "( expected");
    r->p++;
    r->top = false;
    if (!read_items(r, out))
        return false;
    r->top = top;
    if (*r->p != ')')
        return complain(r, ") expected");
    r->p++;
    return true;
}

struct shape {
    struct ws_frame frame;
    bool forced_length;
    bool claimed;
    uint64_t claim;
    size_t by; /* bytes per fragment; 0: one frame */
    bool deflate;
};

static void add_frame(struct reader *r, struct buf *out, const struct shape *shape,
                      const uint8_t *payload, size_t len)
{
    struct ws_frame frame = shape->frame;
    uint8_t header[WS_HEADER_MAX];

    frame.length = shape->claimed ? shape->claim : len;
    if (!shape->forced_length)
        frame.length_bytes = (uint8_t)ws_frame_length_bytes(frame.length);
    if (frame.masked && !(frame.mask_key[0] | frame.mask_key[1] | frame.mask_key[2])) {
        static const uint8_t first[4] = {0x37, 0xfa, 0x21, 0x3d};
        for (unsigned i = 0; i < 4; i++)
            frame.mask_key[i] = (uint8_t)(first[i] + 89 * r->feed->frames + i * r->feed->frames);
    }
    r->feed->frames++;
    buf_add(out, header, ws_frame_encode(header, &frame));
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = payload[i] ^ (frame.masked ? frame.mask_key[i & 3] : 0);
        buf_add(out, &byte, 1);
    }
}

/* name.modifier.modifier(payload) */
static bool read_frame(struct reader *r, struct buf *out, unsigned opcode)
{
    struct shape shape = {.frame = {.fin = true, .opcode = (uint8_t)opcode}};
    shape.frame.masked = r->role == WS_ROLE_SERVER;

    while (*r->p == '.') {
        char word[32] = "";
        size_t n = strcspn(++r->p, ".(= ");
        snprintf(word, sizeof word, "%.*s", (int)n, r->p);
        r->p += n;
        unsigned long long value = 0;
        if (*r->p == '=') {
            char *end;
            value = strtoull(++r->p, &end, strcmp(word, "key") == 0 ? 16 : 0);
            r->p = end;
        }
        if (strcmp(word, "more") == 0)
            shape.frame.fin = false;
        else if (strcmp(word, "rsv") == 0)
            shape.frame.rsv = (uint8_t)value;
        else if (strcmp(word, "mask") == 0)
            shape.frame.masked = true;
        else if (strcmp(word, "nomask") == 0)
            shape.frame.masked = false;
        else if (strcmp(word, "len16") == 0 || strcmp(word, "len64") == 0) {
            shape.forced_length = true;
            shape.frame.length_bytes = word[3] == '1' ? 2 : 8;
        } else if (strcmp(word, "claim") == 0) {
            shape.claimed = true;
            shape.claim = value;
        } else if (strcmp(word, "by") == 0)
            shape.by = value;
        else if (strcmp(word, "deflate") == 0)
            shape.deflate = true;
        else if (strcmp(word, "key") == 0) {
            for (unsigned i = 0; i < 4; i++)
                shape.frame.mask_key[i] = (uint8_t)(value >> (24 - 8 * i));
        } else
            return complain(r, "an unknown modifier");
    }

    struct buf payload = {0};
    bool had_mark = r->feed->marked;
    if (!read_group(r, &payload)) {
        buf_free(&payload);
        return false;
    }
    if (shape.deflate) {
        if (!r->feed->setting || !r->feed->setting->deflate) {
            buf_free(&payload);
            return complain(r, "nothing was agreed on");
        }
        peer_deflate(r->feed, r->role, &payload);
        shape.frame.rsv |= WS_RSV1;
    }
    size_t inner = r->feed->mark;
    bool marked_inside = r->feed->marked && !had_mark;
    size_t at = 0;
    do {
        struct shape piece = shape;
        size_t len = payload.len - at;
        if (shape.by && len > shape.by)
            len = shape.by;
        if (shape.by) {
            piece.frame.fin = at + len == payload.len && shape.frame.fin;
            if (at > 0) {
                piece.frame.opcode = WS_OP_CONTINUATION;
                piece.frame.rsv &= 3;
            }
        }
        size_t before = out->len;
        add_frame(r, out, &piece, (const uint8_t *)payload.p + at, len);
        if (marked_inside && inner >= at && inner <= at + len)
            r->feed->mark = out->len - len + (inner - at);
        (void)before;
        at += len;
    } while (at < payload.len);
    buf_free(&payload);
    return true;
}

static bool read_action(struct reader *r, struct buf *out)
{
    if (!r->top || r->feed->action_count == ACTIONS_MAX)
        return complain(r, "an action cannot stand here");
    struct action *action = &r->feed->actions[r->feed->action_count++];
    size_t n = strcspn(++r->p, "( ");
    snprintf(action->verb, sizeof action->verb, "%.*s", (int)n, r->p);
    action->at = out->len;
    r->p += n;
    buf_add(&action->argument, "", 0);
    return *r->p != '(' || read_group(r, &action->argument);
}

/* The number of hex digits of the word here; 0 for another word. */
static size_t hex_word(const char *p)
{
    size_t n = strspn(p, "0123456789abcdef");
    return n % 2 == 0 && (p[n] == ' ' || p[n] == ')' || p[n] == '\0') ? n : 0;
}

static bool read_atom(struct reader *r, struct buf *out)
{
    static const struct {
        const char *name;
        unsigned opcode;
    } frames[] = {{"cont", WS_OP_CONTINUATION}, {"text", WS_OP_TEXT}, {"binary", WS_OP_BINARY},
                  {"close", WS_OP_CLOSE},       {"ping", WS_OP_PING}, {"pong", WS_OP_PONG}};
    size_t hex = hex_word(r->p);

    if (*r->p == '"')
        return read_string(r, out);
    if (*r->p == '(')
        return read_group(r, out);
    if (*r->p == '!')
        return read_action(r, out);
    if (*r->p == '^') {
        r->feed->marked = true;
        r->feed->mark = out->len;
        r->p++;
        if (isdigit((unsigned char)*r->p)) {
            char *end;
            r->feed->mark += strtoul(r->p, &end, 10);
            r->p = end;
        }
        return true;
    }
    if (hex) {
        for (size_t i = 0; i < hex; i += 2) {
            unsigned value;
            sscanf(r->p + i, "%2x", &value);
            buf_add(out, &(uint8_t){(uint8_t)value}, 1);
        }
        r->p += hex;
        return true;
    }
    if (strncmp(r->p, "code:", 5) == 0) {
        char *end;
        unsigned long code = strtoul(r->p + 5, &end, 10);
        buf_add(out, (uint8_t[]){(uint8_t)(code >> 8), (uint8_t)code}, 2);
        r->p = end;
        return true;
    }
    if (strncmp(r->p, "line(", 5) == 0) {
        r->p += 4;
        if (!read_group(r, out))
            return false;
        buf_text(out, "\r\n");
        return true;
    }

    size_t n = 0;
    while (isalnum((unsigned char)r->p[n]))
        n++;
    if (r->p[n] == ':' && n < 16) {
        char kind[16];
        snprintf(kind, sizeof kind, "%.*s", (int)n, r->p);
        char *end;
        unsigned long len = strtoul(r->p + n + 1, &end, 10);
        if (!payload_make(r->feed, kind, len, out))
            return complain(r, "an unknown kind of data");
        r->p = end;
        return true;
    }
    for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++) {
        if (strlen(macros[i].name) == n && memcmp(macros[i].name, r->p, n) == 0) {
            buf_text(out, macros[i].text);
            r->p += n;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        if (strlen(frames[i].name) == n && memcmp(frames[i].name, r->p, n) == 0) {
            r->p += n;
            return read_frame(r, out, frames[i].opcode);
        }
    }
    if (n >= 3 && strncmp(r->p, "op", 2) == 0) {
        unsigned opcode = (unsigned)strtoul(r->p + 2, NULL, 10);
        r->p += n;
        return read_frame(r, out, opcode);
    }
    return complain(r, "an unknown word");
}

/* Items up to a closing bracket or the end. */
static bool read_items(struct reader *r, struct buf *out)
{
    for (skip_space(r); *r->p != '\0' && *r->p != ')'; skip_space(r)) {
        char *end;
        unsigned long times = 1;
        if (isdigit((unsigned char)*r->p)) {
            times = strtoul(r->p, &end, 10);
            if (*end == '*')
                r->p = end + 1;
            else
                times = 1;
        }
        /* Evaluated again each time, so that the masking keys of repeated frames differ. */
        const char *again = r->p;
        for (unsigned long i = 0; i < times; i++) {
            r->p = again;
            if (!read_atom(r, out))
                return false;
        }
    }
    return true;
}

bool language_feed(const char *cell, enum ws_role role, struct feed *feed, struct buf *problem)
{
    struct reader r = {.p = cell, .role = role, .feed = feed, .problem = problem, .top = true};
    buf_add(&feed->bytes, "", 0);
    if (!read_items(&r, &feed->bytes))
        return false;
    return *r.p == '\0' || complain(&r, "a ) too many");
}

/* One event, in the form of a trace. */
static bool read_event(struct reader *r, const struct feed *feed, struct buf *out)
{
    char name[80];
    struct buf argument = {0};
    size_t n = strcspn(r->p, "( ");
    snprintf(name, sizeof name, "%.*s", (int)n, r->p);
    r->p += n;
    bool fine = true;
    if (*r->p == '(' && strcmp(name, "error") == 0) {
        size_t word = strcspn(++r->p, ")");
        snprintf(name, sizeof name, "error %.*s", (int)word, r->p);
        r->p += word + (r->p[word] == ')');
        if (feed->marked)
            snprintf(name + strlen(name), sizeof name - strlen(name), " @%zu", feed->mark);
    } else if (*r->p == '(' && (strcmp(name, "close") == 0 || strcmp(name, "lost") == 0 ||
                                strcmp(name, "request") == 0)) {
        size_t word = strcspn(++r->p, " )");
        snprintf(name + strlen(name), sizeof name - strlen(name), " %.*s", (int)word, r->p);
        r->p += word;
        fine = read_items(r, &argument) && *r->p == ')';
        if (fine)
            r->p++;
    } else if (*r->p == '(') {
        fine = read_group(r, &argument);
    }
    if (fine)
        trace_line(out, name, argument.p, argument.len);
    buf_free(&argument);
    return fine;
}

bool language_events(const char *cell, const struct feed *feed, struct buf *out,
                     struct buf *problem)
{
    struct feed scratch = {0};
    struct reader r = {.p = cell, .feed = &scratch, .problem = problem};
    buf_add(out, "", 0);

    for (skip_space(&r); *r.p != '\0'; skip_space(&r)) {
        char *end;
        unsigned long times = strtoul(r.p, &end, 10);
        if (end > r.p && *end == '*')
            r.p = end + 1;
        else
            times = 1;
        const char *again = r.p;
        for (unsigned long i = 0; i < times; i++) {
            r.p = again;
            if (!read_event(&r, feed, out))
                return complain(&r, "an unreadable event");
        }
    }
    return true;
}
