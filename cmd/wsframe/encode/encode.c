#include "cmd/wsframe/encode/encode.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/wsframe/decode/decode_pieces.h"
#include "cmd/wsframe/encode/write_capture.h"
#include "cmd/wsframe/read/lines.h"
#include "cmd/wsframe/read/record_frame.h"
#include "cmd/wsframe/read/recording.h"
#include "cmd/wsframe/text/read_text.h"
#include <ws/mask.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <zlib.h>

/* The frames encoded so far. */
struct encoding_state {
    const struct settings *settings;
    struct pieces pieces;    /* their bytes, by connection and sender */
    struct ws_bytes *frames; /* array of struct encoded_frame */
    unsigned opcode;         /* of the next message */
    size_t conn;             /* its connection and sender in a recording; or 0, SENDER_UNKNOWN */
    enum sender sender;
    int64_t utc_us; /* of the record, or 0 */
    struct recording recording;
};

/* --- payloads --- */

static bool read_payload_file(const char *path, struct ws_bytes **payload)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool read = fd >= 0 && bytes_read(payload, fd, SIZE_MAX, path);
    if (!read)
        exit_warn("%s: %s", path, strerror(errno));
    if (fd >= 0 && !standard)
        close(fd);
    return read;
}

/* Reads the payload from an option or standard input, if no word gives it. Returns an exit code. */
static int gather(const struct settings *s, struct ws_bytes **payload)
{
    struct read_error error;
    if (s->encode.hex) {
        const uint8_t *text = (const uint8_t *)s->encode.hex;
        if (read_hex(text, strlen(s->encode.hex), payload, &error))
            return WS_EXIT_OK;
        exit_warn("option '--hex': column %zu: %s", error.column, error.what);
        return WS_EXIT_USAGE;
    }
    if (s->encode.file)
        return read_payload_file(s->encode.file, payload) ? WS_EXIT_OK : WS_EXIT_FAILURE;
    if (s->encode.payload) {
        bytes_add(payload, s->encode.payload, strlen(s->encode.payload));
        return WS_EXIT_OK;
    }
    /* A control frame needs no payload; for a message standard input is read. */
    if (ws_opcode_is_control(s->encode.opcode) || isatty(STDIN_FILENO))
        return WS_EXIT_OK;
    return read_payload_file("-", payload) ? WS_EXIT_OK : WS_EXIT_FAILURE;
}

/* --- frames --- */

static bool choose_key(const struct settings *s, uint8_t key[4])
{
    if (s->encode.masking != MASKING_KEY)
        return getrandom(key, 4, 0) == 4;
    memcpy(key, s->encode.mask_key, 4);
    return true;
}

static void add_frame(struct encoding_state *state, struct ws_frame *frame, const uint8_t *data,
                      size_t len)
{
    const struct settings *s = state->settings;
    uint8_t header[WS_HEADER_MAX];
    frame->length = s->encode.fake ? s->encode.fake_length : len;
    frame->masked = state->sender == SENDER_CLIENT || s->encode.masking != MASKING_NONE;
    frame->length_bytes = s->encode.length_form == 64   ? 8
                          : s->encode.length_form == 16 ? 2
                          : s->encode.length_form == 7
                              ? 0
                              : (uint8_t)ws_frame_length_bytes(frame->length);
    if (frame->masked && !choose_key(s, frame->mask_key))
        exit_die(WS_EXIT_FAILURE, "no random bytes: %m");
    struct ws_bytes **wire = &state->pieces.bytes;
    bytes_add(wire, header, ws_frame_encode(header, frame));
    bytes_reserve(wire, len);
    uint8_t *to = ws_bytes_data(*wire) + (*wire)->len;
    if (frame->masked)
        ws_mask(to, data, len, frame->mask_key, 0);
    else if (len > 0)
        memcpy(to, data, len);
    (*wire)->len += len;
    struct encoded_frame encoded = {(*wire)->len, state->conn, state->sender, state->utc_us};
    bytes_add(&state->frames, &encoded, sizeof encoded);
    /* Not checked is whether the frame is masked: --mask may have asked for it. */
    pieces_end(&state->pieces,
               (struct piece){.conn = state->conn,
                              .side = state->sender == SENDER_SERVER ? PIECE_OTHER : PIECE_ONE,
                              .client_known = state->sender != SENDER_UNKNOWN,
                              .made = true});
}

/* Does the length fit into the requested form? */
static bool length_fits(const struct settings *s, uint64_t len)
{
    uint64_t most = s->encode.length_form == 7    ? 125
                    : s->encode.length_form == 16 ? 65535
                                                  : UINT64_MAX;
    if (s->encode.fake)
        len = s->encode.fake_length;
    if (len <= most)
        return true;
    exit_warn("option '--len%d': a length of %" PRIu64 " does not fit into it",
              s->encode.length_form, len);
    return false;
}

static int add_fragments(struct encoding_state *state, const uint8_t *data, size_t len,
                         bool compressed)
{
    const struct settings *s = state->settings;
    size_t piece =
        s->encode.fragment && s->encode.fragment < len ? (size_t)s->encode.fragment : len;
    struct ws_frame frame = {
        .opcode = (uint8_t)state->opcode,
        .rsv = (uint8_t)((s->encode.rsv1 || compressed) * 4 + s->encode.rsv2 * 2 + s->encode.rsv3),
    };
    if (!length_fits(s, piece))
        return WS_EXIT_USAGE;
    size_t at = 0;
    do {
        size_t n = len - at < piece ? len - at : piece;
        frame.fin = at + n == len && !s->encode.no_fin;
        add_frame(state, &frame, data + at, n);
        frame.opcode = WS_OP_CONTINUATION;
        frame.rsv &= 3; /* RSV1 belongs to the message: only its first frame has it */
        at += n;
    } while (at < len);
    return WS_EXIT_OK;
}

/* Compresses a message: its last four bytes are left out (RFC 7692 7.2.1). */
static void compress_message(const uint8_t *data, size_t len, struct ws_bytes **out)
{
    z_stream z = {0};
    uLong bound;
    if (len > UINT32_MAX - 1024 ||
        deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    bound = deflateBound(&z, len) + 16;
    bytes_reserve(out, bound);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = ws_bytes_data(*out);
    z.avail_out = (uInt)bound;
    deflate(&z, Z_SYNC_FLUSH);
    (*out)->len = bound - z.avail_out - 4;
    deflateEnd(&z);
}

static int add_message(struct encoding_state *state, const uint8_t *data, size_t len)
{
    if (!state->settings->encode.deflate || state->opcode > WS_OP_BINARY || state->opcode == 0)
        return add_fragments(state, data, len, false);
    struct ws_bytes *compressed = NULL;
    compress_message(data, len, &compressed);
    int status = add_fragments(state, bytes_data(compressed), ws_bytes_len(compressed), true);
    ws_bytes_free(&compressed);
    return status;
}

/* Adds a payload; a close frame's is its code followed by its reason (5.5.1). */
static int add_payload(struct encoding_state *state, const uint8_t *data, size_t len)
{
    unsigned code = state->settings->encode.close_code;
    if (state->opcode != WS_OP_CLOSE || code == 0)
        return add_message(state, data, len);
    struct ws_bytes *close = NULL;
    bytes_byte(&close, (uint8_t)(code >> 8));
    bytes_byte(&close, (uint8_t)code);
    bytes_add(&close, data, len);
    int status = add_message(state, bytes_data(close), ws_bytes_len(close));
    ws_bytes_free(&close);
    return status;
}

/* Adds the frame of a record. Those of the client are masked. */
static int add_record(struct encoding_state *state, const struct record_in *in)
{
    struct ws_bytes *payload = NULL;
    int status = WS_EXIT_OK;
    state->conn = recording_take(&state->recording, in);
    state->utc_us = in->utc_us;
    if (state->conn > state->pieces.conn_count)
        pieces_add_conn(&state->pieces, (struct piece_conn){0});
    state->sender =
        recording_from_client(&state->recording, state->conn, in) ? SENDER_CLIENT : SENDER_SERVER;
    if (record_frame(in, &state->opcode, &payload))
        status = add_message(state, bytes_data(payload), ws_bytes_len(payload));
    ws_bytes_free(&payload);
    return status;
}

static int add_records(struct encoding_state *state, struct ws_bytes *text)
{
    struct line rest = {(const char *)bytes_data(text), ws_bytes_len(text)}, line;
    int status = WS_EXIT_OK;
    for (size_t number = 1; status == WS_EXIT_OK && line_next(&rest, &line); number++) {
        struct record_in in;
        line_skip_blanks(&line);
        if (line.len == 0)
            continue;
        const char *problem = record_read(&in, line.p, line.len);
        if (problem) {
            exit_warn("in line %zu: %s", number, problem);
            status = WS_EXIT_FAILURE;
        } else {
            status = add_record(state, &in);
        }
        record_in_free(&in);
    }
    return status;
}

static int make(struct encoding_state *state)
{
    const struct settings *s = state->settings;
    state->opcode = s->encode.opcode;
    struct ws_bytes *payload = NULL;
    int status = WS_EXIT_OK;
    if (s->word_count > 0) {
        for (int i = 0; i < s->word_count && status == WS_EXIT_OK; i++)
            status = add_payload(state, (const uint8_t *)s->words[i], strlen(s->words[i]));
    } else {
        status = gather(s, &payload);
        if (status == WS_EXIT_OK)
            status = s->encode.from_records
                         ? add_records(state, payload)
                         : add_payload(state, bytes_data(payload), ws_bytes_len(payload));
        ws_bytes_free(&payload);
    }
    return status;
}

/* --- checking the frames --- */

struct verdict {
    bool forbidden;
    struct finding finding; /* the first one */
};

static void check_event(void *context, const struct decode_event *event)
{
    struct verdict *verdict = context;
    for (size_t i = 0; i < event->finding_count && !verdict->forbidden; i++) {
        /* --continuation makes a fragment without its message on purpose. */
        if (event->findings[i].error == WS_E_CONTINUATION_UNEXPECTED)
            continue;
        verdict->forbidden = true;
        verdict->finding = event->findings[i];
    }
}

static bool allowed(struct encoding_state *state)
{
    struct verdict verdict = {0};
    struct decode decode = {
        .sink = check_event, .context = &verdict, .deflate = state->settings->encode.deflate};
    char section[64];
    decode_pieces(&decode, &state->pieces);
    decode_free(&decode);
    if (state->settings->encode.fake && !verdict.forbidden) {
        exit_warn("--fake-length makes a frame whose length differs from its payload's "
                  "(RFC 6455 5.2): this needs --allow-invalid");
        return false;
    }
    if (!verdict.forbidden)
        return true;
    exit_warn("%s (%s): this needs --allow-invalid",
              ws_error_info(verdict.finding.error)->explanation,
              ws_error_section(verdict.finding.error, section, sizeof section));
    return false;
}

/* --- printing --- */

static void print_hex(struct ws_bytes *wire, struct ws_bytes *frames)
{
    struct encoded_frame frame;
    size_t at = 0, count = ws_bytes_len(frames) / sizeof frame;
    for (size_t i = 0; i < count; i++) {
        memcpy(&frame, bytes_data(frames) + i * sizeof frame, sizeof frame);
        for (size_t first = at; at < frame.end; at++)
            printf("%s%02x", at > first ? " " : "", bytes_data(wire)[at]);
        putchar('\n');
    }
}

static void print_c(struct ws_bytes *wire)
{
    printf("static const unsigned char frames[%zu] = {", ws_bytes_len(wire));
    for (size_t i = 0; i < ws_bytes_len(wire); i++)
        printf("%s0x%02x,", i % 12 == 0 ? "\n    " : " ", bytes_data(wire)[i]);
    puts("\n};");
}

static void print_base64(struct ws_bytes *wire)
{
    enum { PIECE = 3 * 1024 };
    unsigned char text[PIECE / 3 * 4 + 1];
    for (size_t at = 0; at < ws_bytes_len(wire); at += PIECE) {
        size_t n = ws_bytes_len(wire) - at < PIECE ? ws_bytes_len(wire) - at : PIECE;
        int len = EVP_EncodeBlock(text, bytes_data(wire) + at, (int)n);
        fwrite(text, 1, (size_t)len, stdout);
    }
    putchar('\n');
}

static void print(const struct encoding_state *state)
{
    struct ws_bytes *wire = state->pieces.bytes;
    switch (state->settings->encode.encoding) {
    case ENCODING_HEX:
        print_hex(wire, state->frames);
        break;
    case ENCODING_RAW:
        fwrite(bytes_data(wire), 1, ws_bytes_len(wire), stdout);
        break;
    case ENCODING_C:
        print_c(wire);
        break;
    case ENCODING_BASE64:
        print_base64(wire);
        break;
    case ENCODING_PCAP:
        write_capture(wire, state->frames, state->settings->encode.deflate);
        break;
    }
}

int encode(const struct settings *settings)
{
    struct encoding_state state = {.settings = settings};
    int status = make(&state);
    if (status == WS_EXIT_OK && !settings->encode.allow_invalid && !allowed(&state))
        status = WS_EXIT_USAGE;
    if (status == WS_EXIT_OK)
        print(&state);
    pieces_free(&state.pieces);
    ws_bytes_free(&state.frames);
    recording_forget(&state.recording);
    return status;
}
