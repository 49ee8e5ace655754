/*
 * json: a streaming writer of JSON (RFC 8259) onto a growing buffer.
 *
 * Commas and nesting are the writer's business; that keys stand only in objects and that everything
 * begun is ended is the caller's, and asserted. Any file of cmd/ may call it. Reading is jansson's,
 * whose names (json_string, json_null) are left to it.
 *
 *     struct json json = {0};
 *     json_begin_object(&json);
 *     json_key(&json, "port");
 *     json_uint(&json, 8080);
 *     json_end_object(&json);
 *     json_newline(&json);
 *     … json.data, json.len …
 *     json_clear(&json); or json_free(&json);
 */
#ifndef CMD_COMMON_JSON_H
#define CMD_COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is empty. `data`, `len` and `failed` may be read; `data` is not NUL-ended. */
struct json {
    char *data;
    size_t len;
    size_t capacity;
    uint64_t filled; /* a bit a level: something stands in it already */
    uint8_t depth;   /* 63 levels at most */
    bool after_key;
    bool
        failed; /* memory ran out: what was written since then is missing. Stays until json_clear */
};

/* Frees the buffer; the writer is empty again. */
void json_free(struct json *json);

/* Forgets what was written and keeps the memory. */
void json_clear(struct json *json);

void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);

/* The next value belongs to `key`. */
void json_key(struct json *json, const char *key);

/* NUL-ended text; NULL writes null. */
void json_str(struct json *json, const char *text);

/* Text of a known length; it may contain NUL. Bytes that are not UTF-8 become U+FFFD each. */
void json_text(struct json *json, const void *text, size_t len);

/* A string of the bytes in base64 (RFC 4648 section 4). */
void json_base64(struct json *json, const void *data, size_t len);

void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
/* In the fewest digits that give the same number back; null for what JSON has no number for. */
void json_double(struct json *json, double value);
void json_bool(struct json *json, bool value);
void jw_null(struct json *json);

/* Members of an object: the key and its value at once. */
void json_member_string(struct json *json, const char *key, const char *text);
void json_member_text(struct json *json, const char *key, const void *text, size_t len);
void json_member_int(struct json *json, const char *key, int64_t value);
void json_member_uint(struct json *json, const char *key, uint64_t value);
void json_member_double(struct json *json, const char *key, double value);
void json_member_bool(struct json *json, const char *key, bool value);

/* A payload as the toolkit's records have it: the member "data" with the text where it is UTF-8,
 * else "b64" with the bytes in base64. */
void json_payload(struct json *json, const void *data, size_t len);

/* Ends a line, between two documents. */
void json_newline(struct json *json);

#endif
