#include "cmd/common/json.h"

#include "cmd/common/hex.h"
#include "libws/proto/bytes.h"
#include <ws/utf8.h>

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_free(struct json *json)
{
    ws_bytes_free(&json->bytes);
    *json = (struct json){0};
}

void json_clear(struct json *json)
{
    json->len = 0;
    json->filled = 0;
    json->depth = 0;
    json->after_key = false;
    json->failed = false;
}

/* Reserves `more` bytes at the end and returns them, or NULL. */
static char *reserve(struct json *json, size_t more)
{
    if (json->failed)
        return NULL;
    if (json->bytes)
        json->bytes->len = json->len;
    if (!ws_bytes_reserve(&json->bytes, more)) {
        json->failed = true;
        return NULL;
    }
    json->data = (char *)ws_bytes_data(json->bytes);
    return json->data + json->len;
}

static void put(struct json *json, const void *data, size_t len)
{
    char *end = reserve(json, len);
    if (end && len > 0) {
        memcpy(end, data, len);
        json->len += len;
    }
}

static uint64_t level_bit(const struct json *json)
{
    return (uint64_t)1 << json->depth;
}

/* Writes the comma between this value and the one before. */
static void separate(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth > 0 && (json->filled & level_bit(json)))
        put(json, ",", 1);
    json->filled |= level_bit(json);
}

static void begin(struct json *json, const char *bracket)
{
    separate(json);
    assert(json->depth < 63);
    json->depth++;
    json->filled &= ~level_bit(json);
    put(json, bracket, 1);
}

static void end(struct json *json, const char *bracket)
{
    assert(json->depth > 0 && !json->after_key);
    json->depth--;
    put(json, bracket, 1);
}

void json_begin_object(struct json *json)
{
    begin(json, "{");
}

void json_end_object(struct json *json)
{
    end(json, "}");
}

void json_begin_array(struct json *json)
{
    begin(json, "[");
}

void json_end_array(struct json *json)
{
    end(json, "]");
}

/* Length of the UTF-8 character at `p`, 0 when it is invalid. */
static size_t character(const uint8_t *p, size_t len)
{
    size_t need = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    return need <= len && ws_utf8_valid(p, need) ? need : 0;
}

static void put_escaped(struct json *json, uint8_t c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *p = named; *p; p += 2) {
        if ((uint8_t)*p == c) {
            put(json, (char[]){'\\', p[1]}, 2);
            return;
        }
    }
    char text[8];
    snprintf(text, sizeof text, "\\u%04x", c);
    put(json, text, 6);
}

static void put_string(struct json *json, const uint8_t *p, size_t len)
{
    put(json, "\"", 1);
    size_t from = 0, i = 0;
    while (i < len) {
        i += hex_run(p + i, len - i, '"');
        if (i == len)
            break;
        size_t n = character(p + i, len - i);
        /* JSON does not require DEL and C1 to be escaped, but a terminal may act on them. */
        bool c1 = n == 2 && p[i] == 0xC2 && p[i + 1] < 0xA0;
        if (n > 1 && !c1) {
            i += n;
            continue;
        }
        put(json, p + from, i - from);
        if (n == 0)
            put(json, "\xEF\xBF\xBD", 3);
        else
            put_escaped(json, p[i + n - 1]);
        i += n ? n : 1;
        from = i;
    }
    put(json, p + from, len - from);
    put(json, "\"", 1);
}

void json_key(struct json *json, const char *key)
{
    assert(json->depth > 0 && !json->after_key);
    separate(json);
    put_string(json, (const uint8_t *)key, strlen(key));
    put(json, ":", 1);
    json->after_key = true;
}

void json_text(struct json *json, const void *text, size_t len)
{
    separate(json);
    put_string(json, len ? text : (const uint8_t *)"", len);
}

void json_str(struct json *json, const char *text)
{
    if (text)
        json_text(json, text, strlen(text));
    else
        jw_null(json);
}

void json_base64(struct json *json, const void *data, size_t len)
{
    const uint8_t *p = data;
    separate(json);
    put(json, "\"", 1);
    while (len > 0) {
        /* OpenSSL takes an int; pieces of whole groups of three bytes have no padding between
         * them. */
        size_t piece = len < 3 << 20 ? len : 3 << 20;
        char *out = reserve(json, (piece + 2) / 3 * 4 + 1);
        if (!out)
            return;
        json->len += (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)piece);
        p += piece;
        len -= piece;
    }
    put(json, "\"", 1);
}

void json_int(struct json *json, int64_t value)
{
    char text[24];
    separate(json);
    put(json, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void json_uint(struct json *json, uint64_t value)
{
    char text[24];
    separate(json);
    put(json, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

void json_double(struct json *json, double value)
{
    if (!isfinite(value)) {
        jw_null(json);
        return;
    }
    char text[40];
    int len = 0;
    for (int digits = 6; digits <= 17; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0)
            break;
    }
    separate(json);
    put(json, text, (size_t)len);
}

void json_bool(struct json *json, bool value)
{
    separate(json);
    put(json, value ? "true" : "false", value ? 4 : 5);
}

void jw_null(struct json *json)
{
    separate(json);
    put(json, "null", 4);
}

void json_member_string(struct json *json, const char *key, const char *text)
{
    json_key(json, key);
    json_str(json, text);
}

void json_member_text(struct json *json, const char *key, const void *text, size_t len)
{
    json_key(json, key);
    json_text(json, text, len);
}

void json_member_int(struct json *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_int(json, value);
}

void json_member_uint(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_uint(json, value);
}

void json_member_double(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

void json_member_bool(struct json *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

void json_payload(struct json *json, const void *data, size_t len)
{
    if (len == 0 || ws_utf8_valid(data, len)) {
        json_member_text(json, "data", data, len);
    } else {
        json_key(json, "b64");
        json_base64(json, data, len);
    }
}

void json_newline(struct json *json)
{
    assert(json->depth == 0);
    json->filled = 0;
    put(json, "\n", 1);
}
