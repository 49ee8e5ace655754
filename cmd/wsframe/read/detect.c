#include "cmd/wsframe/read/detect.h"

#include "cmd/wsframe/read/lines.h"
#include "cmd/wsframe/read/read_text.h"
#include <ws/frame.h>

#include <ctype.h>
#include <string.h>

enum { LINES_LOOKED_AT = 200 };

/* --- bytes --- */

bool detect_tls(const uint8_t *data, size_t len)
{
    /* A TLS record: type, version 3.x, a length of at most 2^14 + 256 (RFC 8446 5.1). None of the
     * types can begin an RFC 6455 frame, as their opcodes are reserved. */
    return len >= 5 && data[0] >= 0x14 && data[0] <= 0x17 && data[1] == 3 && data[2] <= 4 &&
           data[3] <= 0x42;
}

bool detect_http2(const uint8_t *data, size_t len)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n";
    return len >= sizeof preface - 1 && memcmp(data, preface, sizeof preface - 1) == 0;
}

bool detect_pcap(const uint8_t *data, size_t len)
{
    static const uint8_t magics[][4] = {
        {0xA1, 0xB2, 0xC3, 0xD4}, {0xD4, 0xC3, 0xB2, 0xA1}, /* microseconds */
        {0xA1, 0xB2, 0x3C, 0x4D}, {0x4D, 0x3C, 0xB2, 0xA1}, /* nanoseconds */
        {0xA1, 0xB2, 0xCD, 0x34}, {0x34, 0xCD, 0xB2, 0xA1}, /* of old Linux systems */
        {0x0A, 0x0D, 0x0D, 0x0A},                           /* pcapng */
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (len >= 4 && memcmp(data, magics[i], 4) == 0)
            return true;
    return false;
}

enum ws_error detect_http_head(const uint8_t *data, size_t len)
{
    static const char *const words[] = {"GET ", "HTTP/1.", "POST ",  "HEAD ",
                                        "PUT ", "DELETE ", "PATCH ", "OPTIONS "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (memcmp(data, words[i], len < n ? len : n) == 0)
            return len < n ? WS_MORE : WS_OK;
    }
    return WS_E_HTTP_SYNTAX;
}

enum form detect_bytes(const uint8_t *data, size_t len)
{
    if (detect_tls(data, len))
        return FORM_TLS;
    if (detect_http2(data, len))
        return FORM_HTTP2;
    return FORM_RAW;
}

static bool is_control(uint8_t byte)
{
    return (byte < 0x20 && !isspace(byte)) || byte == 0x7F;
}

static bool has_control(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_control(data[i]))
            return true;
    return false;
}

/* --- text --- */

static bool is_tcpdump_header(struct line line)
{
    static const char *const words[] = {"IP ", "IP6 "};
    for (size_t w = 0; w < 2; w++) {
        size_t n = strlen(words[w]);
        for (size_t i = 0; i + n < line.len && i < 64; i++)
            if ((i == 0 || line.p[i - 1] == ' ') && memcmp(line.p + i, words[w], n) == 0 &&
                memmem(line.p + i, line.len - i, "Flags [", 7))
                return true;
    }
    return false;
}

/* The number of consecutive groups of exactly `width` digits, separated by blanks. */
static size_t groups(struct line rest, size_t width, const char *digits)
{
    size_t count = 0;
    for (;;) {
        while (rest.len > 0 && (*rest.p == ' ' || *rest.p == '\t')) {
            rest.p++;
            rest.len--;
        }
        size_t n = 0;
        while (n < rest.len && strchr(digits, rest.p[n]) && rest.p[n])
            n++;
        if (n != width)
            return n > 0 || rest.len > 0 ? 0 : count;
        count++;
        rest.p += n;
        rest.len -= n;
        if (rest.len > 0 && *rest.p == '|')
            return count;
        if (rest.len > 1 && rest.p[0] == ' ' && rest.p[1] == ' ' && width == 8)
            return count; /* xxd's text column */
    }
}

static const char hex_digits[] = "0123456789abcdefABCDEF";

/* `rest` follows an offset of eight digits. */
static enum form form_of_8_digits(struct line rest)
{
    bool bar = memchr(rest.p, '|', rest.len) != NULL;
    return rest.p[1] == ' ' && (bar || groups(rest, 2, hex_digits) > 0) ? FORM_HEXDUMP
                                                                        : FORM_UNKNOWN;
}

/* `rest` follows an offset of seven digits. */
static enum form form_of_7_digits(struct line rest)
{
    if (memchr(rest.p, '|', rest.len))
        return FORM_UNKNOWN;
    if (groups(rest, 4, hex_digits) > 0)
        return FORM_WORDS;
    bool od = groups(rest, 2, hex_digits) > 0 || groups(rest, 3, "01234567") > 0 ||
              groups(rest, 6, "01234567") > 0;
    return od ? FORM_OD : FORM_UNKNOWN;
}

/* Detects the form of a line; FORM_UNKNOWN for a line that every form may contain. */
static enum form form_of_line(struct line line)
{
    struct line rest = line;
    uint64_t offset;
    line_skip_blanks(&rest);
    if (rest.len == 0)
        return FORM_UNKNOWN;
    if (rest.len > 2 && rest.p[0] == '0' && rest.p[1] == 'x') {
        struct line digits = {rest.p + 2, rest.len - 2};
        if (line_hex_number(&digits, &offset) >= 4 && digits.len > 0 && *digits.p == ':')
            return FORM_TCPDUMP;
        return FORM_UNKNOWN;
    }
    size_t width = line_hex_number(&rest, &offset);
    if (width >= 8 && rest.len > 1 && rest.p[0] == ':' && rest.p[1] == ' ') {
        struct line column = {rest.p + 2, rest.len - 2};
        return groups(column, 8, "01") > 0 ? FORM_XXD_BITS : FORM_XXD;
    }
    if (rest.len < 2 || rest.p[0] != ' ')
        return FORM_UNKNOWN;
    return width == 8 ? form_of_8_digits(rest) : width == 7 ? form_of_7_digits(rest) : FORM_UNKNOWN;
}

/* HTTP begins with one of these, followed by text only. */
static bool is_http_text(const uint8_t *data, size_t len)
{
    static const char *const words[] = {"GET ", "POST ", "HTTP/1.0 ", "HTTP/1.1 "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (len > strlen(words[i]) && memcmp(data, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* True for characters of `alphabet` and white space only; `*count` gets the number of the
 * former. */
static bool consists_of(const uint8_t *data, size_t len, const char *alphabet, size_t *count)
{
    bool allowed[256] = {false};
    for (const char *p = alphabet; *p; p++)
        allowed[(uint8_t)*p] = true;
    *count = 0;
    for (size_t i = 0; i < len; i++) {
        if (isspace(data[i]))
            continue;
        if (!allowed[data[i]])
            return false;
        ++*count;
    }
    return *count > 0;
}

static bool contains(const uint8_t *data, size_t len, const char *text)
{
    return memmem(data, len, text, strlen(text)) != NULL;
}

static enum form detect_lines(const uint8_t *data, size_t len)
{
    struct line rest = {(const char *)data, len}, line;
    bool tcpdump_header = false;
    for (int i = 0; i < LINES_LOOKED_AT && line_next(&rest, &line); i++) {
        enum form form = form_of_line(line);
        if (form != FORM_UNKNOWN)
            return form;
        tcpdump_header |= is_tcpdump_header(line);
    }
    return tcpdump_header ? FORM_TCPDUMP_ASCII : FORM_UNKNOWN;
}

/* Any word of letters could be base64: does it decode to frames? */
static bool holds_frames(const uint8_t *text, size_t len)
{
    enum { LOOKED_AT = 64 };
    struct ws_bytes *bytes = NULL;
    struct read_error error;
    /* The sample may end inside a byte, which is not an error. */
    bool whole = len <= LOOKED_AT;
    bool read = read_base64(text, whole ? len : LOOKED_AT, &bytes, &error) || !whole;
    bool holds = false;
    if (read && ws_bytes_len(bytes) >= 2) {
        const uint8_t *p = bytes_data(bytes);
        unsigned opcode = p[0] & 15;
        holds =
            detect_pcap(p, ws_bytes_len(bytes)) ||
            detect_bytes(p, ws_bytes_len(bytes)) != FORM_RAW ||
            is_http_text(p, ws_bytes_len(bytes)) ||
            (!(p[0] & 0x30) && (opcode <= WS_OP_BINARY || (opcode & 8 && opcode <= WS_OP_PONG)));
    }
    ws_bytes_free(&bytes);
    return holds;
}

static enum form detect_text(const uint8_t *data, size_t len)
{
    size_t count;
    if (is_http_text(data, len))
        return FORM_HTTP_TEXT;
    enum form form = detect_lines(data, len);
    if (form != FORM_UNKNOWN)
        return form;
    if (consists_of(data, len, "0123456789abcdefABCDEFxX,:-", &count))
        return FORM_HEX;
    if (consists_of(data, len,
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_",
                    &count) &&
        holds_frames(data, len))
        return FORM_BASE64;
    if (contains(data, len, "\\x"))
        return FORM_ESCAPED;
    if (contains(data, len, "{") && contains(data, len, "0x"))
        return FORM_C_ARRAY;
    return FORM_UNKNOWN;
}

enum form detect(const uint8_t *data, size_t len)
{
    static const uint8_t bom[] = {0xEF, 0xBB, 0xBF};
    if (len == 0)
        return FORM_EMPTY;
    if (detect_pcap(data, len))
        return FORM_PCAP;
    if (len >= 3 && data[0] == 0x1F && data[1] == 0x8B && data[2] == 8)
        return FORM_GZIP;
    enum form form = detect_bytes(data, len);
    if (form != FORM_RAW)
        return form;
    if (len >= sizeof bom && memcmp(data, bom, sizeof bom) == 0)
        return detect_text(data + sizeof bom, len - sizeof bom);
    /* Text does not begin with a frame's first byte, which is above 127 with FIN and a control
     * character without. */
    if (data[0] >= 0x80 || is_control(data[0]))
        return FORM_RAW;
    form = detect_text(data, len);
    if (form == FORM_HTTP_TEXT || form == FORM_UNKNOWN)
        return has_control(data, len) ? FORM_RAW : form;
    return form;
}
