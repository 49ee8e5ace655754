#include "cmd/wsframe/text/read_messages.h"

#include "cmd/wsframe/read/lines.h"
#include "cmd/wsframe/read/record_frame.h"
#include "cmd/wsframe/read/recording.h"
#include "cmd/wsframe/text/read_text.h"
#include <ws/frame.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TIME_MAX ((int64_t)1 << 53) /* microseconds: longer ones are a mistake */

/* `piece` says of the frame what is known. */
static void add_frame(struct pieces *out, unsigned opcode, const void *data, size_t len,
                      struct piece piece)
{
    uint8_t header[WS_HEADER_MAX];
    struct ws_frame frame = {.fin = true,
                             .opcode = (uint8_t)opcode,
                             .length = len,
                             .length_bytes = (uint8_t)ws_frame_length_bytes(len)};
    bytes_add(&out->bytes, header, ws_frame_encode(header, &frame));
    bytes_add(&out->bytes, data, len);
    piece.client_known = piece.made = true;
    pieces_end(out, piece);
}

/* --- records --- */

static void add_record(struct pieces *out, struct recording *recording, const struct record_in *in)
{
    size_t conn = recording_take(recording, in);
    unsigned opcode;
    struct ws_bytes *payload = NULL;
    if (conn > out->conn_count) {
        bool number = in->conn_is_number && in->conn[0] != '-';
        struct piece_conn named = {.is_number = number, .stream = in->stream};
        snprintf(named.name, sizeof named.name, "%s", in->conn ? in->conn : "");
        pieces_add_conn(out, named);
    }
    bool from_client = recording_from_client(recording, conn, in);
    bool timed = in->elapsed_us >= 0 && in->elapsed_us <= TIME_MAX;
    struct piece piece = {.side = from_client ? PIECE_ONE : PIECE_OTHER,
                          .conn = conn,
                          .utc_us = in->utc_us,
                          .elapsed_us = timed ? in->elapsed_us : 0};
    if (record_frame(in, &opcode, &payload))
        add_frame(out, opcode, bytes_data(payload), ws_bytes_len(payload), piece);
    ws_bytes_free(&payload);
}

bool read_records(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error)
{
    struct line rest = {(const char *)text, len}, line;
    struct recording recording = {0};
    const char *problem = NULL;
    for (size_t number = 1; !problem && line_next(&rest, &line); number++) {
        struct record_in in;
        line_skip_blanks(&line);
        if (line.len == 0)
            continue;
        problem = record_read(&in, line.p, line.len);
        if (problem)
            *error = (struct read_error){.line = number, .what = problem};
        else
            add_record(out, &recording, &in);
        record_in_free(&in);
    }
    recording_forget(&recording);
    return !problem;
}

/* --- HAR --- */

/* Seconds since 1970, as browsers have them. */
static int64_t har_time(const json_t *message)
{
    double seconds = json_number_value(json_object_get(message, "time"));
    return seconds > 0 && seconds < TIME_MAX / 1e6 ? llround(seconds * 1e6) : 0;
}

/* `began_us` is when the first message of the connection was, or 0: this is the first. */
static bool add_har_message(struct pieces *out, const json_t *message, size_t conn,
                            int64_t *began_us)
{
    const json_t *data = json_object_get(message, "data");
    const char *type = json_string_value(json_object_get(message, "type"));
    json_int_t opcode = json_integer_value(json_object_get(message, "opcode"));
    if (!type || !json_is_string(data) || opcode < 0 || opcode > 15)
        return false;
    const char *text = json_string_value(data);
    size_t len = json_string_length(data);
    struct ws_bytes *bytes = NULL;
    struct read_error ignored;
    /* Browsers write binary messages as base64. */
    struct piece piece = {.side = strcmp(type, "send") == 0 ? PIECE_ONE : PIECE_OTHER,
                          .conn = conn,
                          .utc_us = har_time(message)};
    if (*began_us == 0)
        *began_us = piece.utc_us;
    piece.elapsed_us = piece.utc_us > *began_us ? piece.utc_us - *began_us : 0;
    bool base64 = opcode != WS_OP_TEXT && read_base64((const uint8_t *)text, len, &bytes, &ignored);
    add_frame(out, (unsigned)opcode, base64 ? bytes_data(bytes) : (const uint8_t *)text,
              base64 ? ws_bytes_len(bytes) : len, piece);
    ws_bytes_free(&bytes);
    return true;
}

bool read_har(const uint8_t *text, size_t len, struct pieces *out, struct read_error *error)
{
    json_error_t problem = {.line = 1};
    json_t *root = json_loadb((const char *)text, len, JSON_ALLOW_NUL, &problem);
    const json_t *entries = json_object_get(json_object_get(root, "log"), "entries");
    bool read = json_is_array(entries);
    for (size_t i = 0; read && i < json_array_size(entries); i++) {
        const json_t *messages = json_object_get(json_array_get(entries, i), "_webSocketMessages");
        size_t conn = 0;
        int64_t began_us = 0;
        if (json_array_size(messages) > 0)
            conn = pieces_add_conn(out, (struct piece_conn){0});
        for (size_t m = 0; read && m < json_array_size(messages); m++)
            read = add_har_message(out, json_array_get(messages, m), conn, &began_us);
    }
    *error = (struct read_error){.line = problem.line > 0 ? (size_t)problem.line : 1,
                                 .what = root ? "no HAR file: log.entries with their messages are "
                                                "not there"
                                              : "not JSON"};
    json_decref(root);
    return read;
}
