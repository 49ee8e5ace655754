#include "cmd/common/record/record_read.h"

#include <ws/close.h>
#include <ws/utf8.h>

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *read_type(struct record_in *in, const json_t *root)
{
    const json_t *value = json_object_get(root, "type");
    if (!value) {
        in->type = json_object_get(root, "b64") ? RECORD_BINARY : RECORD_TEXT;
        return NULL;
    }
    const char *name = json_string_value(value);
    for (int type = RECORD_OPEN; name && type <= RECORD_ERROR; type++)
        if (strcmp(name, record_type_name((enum record_type)type)) == 0) {
            in->type = (enum record_type)type;
            return NULL;
        }
    return "\"type\" is not open, text, binary, ping, pong, close or error";
}

/* Accepts only canonical base64 (RFC 4648 section 4). libcrypto would skip white space, and counts
 * padding as bytes. */
static const char *decode(struct record_in *in, const char *text, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char problem[] = "\"b64\" is not base64";
    size_t padding = 0;
    if (len % 4 != 0 || len > INT32_MAX)
        return problem;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    if (strspn(text, digits) != len - padding)
        return problem;
    in->bytes = malloc(len / 4 * 3 + 1);
    if (!in->bytes)
        return "out of memory";
    int n = len > 0 ? EVP_DecodeBlock(in->bytes, (const unsigned char *)text, (int)len) : 0;
    if (n < 0 || (size_t)n < padding)
        return problem;
    in->len = (size_t)n - padding;
    in->bytes[in->len] = 0;
    in->data = in->bytes;
    return NULL;
}

static const char *read_payload(struct record_in *in, const json_t *root)
{
    const json_t *data = json_object_get(root, "data"), *b64 = json_object_get(root, "b64");
    in->data = "";
    if (data && b64)
        return "both \"data\" and \"b64\"";
    if (data) {
        if (!json_is_string(data))
            return "\"data\" is not a string";
        in->data = json_string_value(data);
        in->len = json_string_length(data);
    } else if (b64) {
        if (!json_is_string(b64))
            return "\"b64\" is not a string";
        const char *problem = decode(in, json_string_value(b64), json_string_length(b64));
        if (problem)
            return problem;
    } else if (in->type == RECORD_TEXT || in->type == RECORD_BINARY) {
        return "neither \"data\" nor \"b64\"";
    }
    if (in->type == RECORD_TEXT && b64 && !ws_utf8_valid(in->data, in->len))
        return "text that is not UTF-8";
    return NULL;
}

static const char *read_string(const json_t *root, const char *key, const char **to)
{
    const json_t *value = json_object_get(root, key);
    if (!value || json_is_null(value))
        return NULL;
    *to = json_string_value(value);
    return *to ? NULL : "\"conn\", \"group\", \"except\" or \"reason\" is not a string";
}

static const char *read_direction(struct record_in *in, const json_t *root)
{
    const json_t *value = json_object_get(root, "dir");
    const char *name = value ? json_string_value(value) : "out";
    if (!name || (strcmp(name, "in") != 0 && strcmp(name, "out") != 0))
        return "\"dir\" is not in or out";
    in->direction = strcmp(name, "in") == 0 ? RECORD_IN : RECORD_OUT;
    in->has_direction = value != NULL;
    in->by_server = in->type == RECORD_OPEN && in->has_direction && in->direction == RECORD_OUT &&
                    json_integer_value(json_object_get(root, "status")) == 101 &&
                    !json_object_get(root, "timing_us");
    return NULL;
}

/* What follows the seconds: ".5Z", ".123Z", ".123456Z" or "Z". -1 if it is nothing of the kind. */
static long read_fraction(const char *text)
{
    long us = 0;
    if (*text == '.') {
        text++;
        for (long unit = 100000; isdigit((unsigned char)*text); unit /= 10)
            us += (*text++ - '0') * unit;
    }
    return strcmp(text, "Z") == 0 ? us : -1;
}

/* Microseconds since 1970; 0 for what is no time, which no reader depends on. */
static int64_t read_time(const json_t *root)
{
    const char *text = json_string_value(json_object_get(root, "t"));
    struct tm tm = {0};
    int end = 0;
    if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                        &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6)
        return 0;
    long us = read_fraction(text + end);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    int64_t seconds = timegm(&tm);
    return seconds >= 0 && us >= 0 ? seconds * 1000000 + us : 0;
}

/* A connection's name, or its number, which is what a tool with numbers writes. */
static const char *read_conn(struct record_in *in, const json_t *root)
{
    const json_t *value = json_object_get(root, "conn");
    if (!json_is_integer(value))
        return read_string(root, "conn", &in->conn);
    snprintf(in->number, sizeof in->number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    in->conn = in->number;
    in->conn_is_number = true;
    return NULL;
}

static const char *read_close(struct record_in *in, const json_t *root)
{
    const json_t *code = json_object_get(root, "code");
    if (code) {
        json_int_t number = json_integer_value(code);
        if (!json_is_integer(code) || number < 0 || number > 65535)
            return "\"code\" is not a close code";
        in->code = (unsigned)number;
    }
    return read_string(root, "reason", &in->reason);
}

const char *record_close_problem(const struct record_in *in)
{
    unsigned code = record_close_code(in);
    size_t len = in->reason ? strlen(in->reason) : 0;
    if (code == WS_CLOSE_NO_CODE)
        return len > 0 ? "a close frame without a code (1005) has no reason" : NULL;
    if (!ws_close_code_valid(code))
        return "\"code\" is not a close code that may be sent";
    return len > WS_CLOSE_REASON_MAX ? "\"reason\" is longer than 123 bytes" : NULL;
}

unsigned record_close_code(const struct record_in *in)
{
    if (in->code)
        return in->code;
    return in->reason && in->reason[0] ? WS_CLOSE_NORMAL : WS_CLOSE_NO_CODE;
}

/* Some of what is refused is JSON, or nearly. */
static const char *parse_problem(const json_error_t *error)
{
    static const char surrogate[] = "invalid Unicode"; /* jansson's, with the code of any syntax */
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "a JSON object with a name that is there twice";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_numeric_overflow:
        return "a number in the JSON is too large";
    case json_error_stack_overflow:
        return "JSON that is nested too deeply";
    case json_error_out_of_memory:
        return "out of memory";
    case json_error_premature_end_of_input:
        return "not JSON: it ends too early";
    case json_error_end_of_input_expected:
        return "not one JSON value: more follows";
    default:
        return strncmp(error->text, surrogate, sizeof surrogate - 1) == 0
                   ? "a surrogate (\\uD800 to \\uDFFF) without its other half"
                   : "not JSON";
    }
}

const char *record_read(struct record_in *in, const void *line, size_t len)
{
    json_error_t error;
    *in = (struct record_in){.data = "", .direction = RECORD_OUT};
    json_t *root =
        json_loadb(line, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    in->root = root;
    if (!root)
        return parse_problem(&error);
    if (!json_is_object(root))
        return "not a JSON object";
    const char *problem = read_type(in, root);
    if (!problem)
        problem = read_payload(in, root);
    if (!problem)
        problem = read_direction(in, root);
    in->utc_us = read_time(root);
    in->elapsed_us = json_integer_value(json_object_get(root, "us"));
    json_int_t stream = json_integer_value(json_object_get(root, "stream"));
    in->stream = stream > 0 && stream <= INT32_MAX ? (uint32_t)stream : 0;
    if (in->type == RECORD_OPEN)
        in->url = json_string_value(json_object_get(root, "url"));
    if (!problem)
        problem = read_conn(in, root);
    if (!problem)
        problem = read_string(root, "group", &in->group);
    if (!problem)
        problem = read_string(root, "except", &in->except);
    if (!problem && in->type == RECORD_CLOSE)
        problem = read_close(in, root);
    return problem;
}

void record_in_free(struct record_in *in)
{
    json_decref(in->root);
    free(in->bytes);
    *in = (struct record_in){0};
}

bool record_sent_by(struct record_side *side, const struct record_in *in, bool server)
{
    bool from_server =
        in->has_direction && in->direction == RECORD_IN; /* the answer, to a client */
    if (in->type == RECORD_OPEN && (in->by_server || from_server))
        *side = (struct record_side){true, in->by_server};
    bool own = !side->known || side->server == server;
    return !in->has_direction || (in->direction == RECORD_OUT) == own;
}
