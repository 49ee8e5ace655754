/*
 * json: a streaming writer of JSON (RFC 8259) onto a growing buffer.
 *
 * The writer adds commas. The caller writes keys only in objects and ends everything that it
 * begins; assertions check that. Any file of cmd/ may call it. JSON is read with jansson, whose
 * names (json_string, json_null) are not used here.
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

/* All zero is empty. `data`, `len` and `failed` may be read; `data` is not NUL-terminated. */
struct json {
    char *data; /* in `bytes` */
    size_t len;
    struct ws_bytes *bytes;
    uint64_t filled; /* one bit per level: it has a value already */
    uint8_t depth;   /* 63 levels at most */
    bool after_key;
    bool failed; /* out of memory: what was written since then is missing. Reset by json_clear */
};

/* Frees the buffer; the writer is empty again. */
void json_free(struct json *json);

/* Discards the content and keeps the memory. */
void json_clear(struct json *json);

void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);

/* The next value belongs to `key`. */
void json_key(struct json *json, const char *key);

/* NUL-terminated text; NULL writes null. */
void json_str(struct json *json, const char *text);

/* Text of a known length, which may contain NUL. Each byte that is not UTF-8 becomes U+FFFD. */
void json_text(struct json *json, const void *text, size_t len);

/* A string of the bytes in base64 (RFC 4648 section 4). */
void json_base64(struct json *json, const void *data, size_t len);

void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
/* Uses the fewest digits that read back as the same number; writes null for NaN and infinities. */
void json_double(struct json *json, double value);
void json_bool(struct json *json, bool value);
void jw_null(struct json *json);

/* Writes a member of an object: key and value. */
void json_member_string(struct json *json, const char *key, const char *text);
void json_member_text(struct json *json, const char *key, const void *text, size_t len);
void json_member_int(struct json *json, const char *key, int64_t value);
void json_member_uint(struct json *json, const char *key, uint64_t value);
void json_member_double(struct json *json, const char *key, double value);
void json_member_bool(struct json *json, const char *key, bool value);

/* Writes a payload as in the toolkit's records: the member "data" with the text if it is UTF-8,
 * else "b64" with the bytes in base64. */
void json_payload(struct json *json, const void *data, size_t len);

/* Ends a document's line. */
void json_newline(struct json *json);

#endif
