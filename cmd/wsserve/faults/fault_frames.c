#include "cmd/wsserve/faults/fault_frames.h"

#include <ws/frame.h>
#include <ws/mask.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- pieces --- */

void fault_pieces_free(struct fault_piece *list)
{
    for (struct fault_piece *piece = list, *next; piece; piece = next) {
        next = piece->next;
        free(piece);
    }
}

static void append(struct fault_piece **list, struct fault_piece *piece)
{
    while (*list)
        list = &(*list)->next;
    piece->next = NULL;
    *list = piece;
}

/* A copy, with `room` bytes after it. */
static struct fault_piece *copy_of(const uint8_t *data, size_t len, size_t room)
{
    struct fault_piece *piece = calloc(1, sizeof *piece + len + room);
    if (piece) {
        piece->len = len;
        memcpy(piece->data, data, len);
    }
    return piece;
}

void fault_frames_release(struct fault_frames *state, struct fault_piece **list)
{
    struct fault_piece *kept = state->kept;
    state->kept = NULL;
    if (kept && list)
        append(list, kept);
    else
        free(kept);
}

/* --- what suffers --- */

struct context {
    const struct faults *faults;
    struct fault_frames *state;
    struct fault_piece **list;
    bool close_received;
};

static const struct fault *happens(const struct context *c, enum fault_name name,
                                   enum fault_about about, uint64_t k)
{
    return fault_happens(c->faults, name, c->state->conn, about, k);
}

/* Any piece may be delayed or split. */
static void put(const struct context *c, struct fault_piece *piece, enum fault_about about,
                uint64_t k)
{
    const struct fault *fault = happens(c, FAULT_DELAY, about, k);
    if (fault)
        piece->delay_ms = fault->arg;
    fault = happens(c, FAULT_SPLIT_WRITES, about, k);
    if (fault)
        piece->split = fault->arg;
    append(c->list, piece);
}

/* --- the head of an answer --- */

/* The value of Sec-WebSocket-Accept, or NULL. */
static uint8_t *find_accept(uint8_t *head, size_t len)
{
    static const char name[] = "\r\nSec-WebSocket-Accept: ";
    size_t n = sizeof name - 1;
    for (size_t i = 0; i + n < len; i++)
        if (strncasecmp((const char *)head + i, name, n) == 0)
            return head + i + n;
    return NULL;
}

static bool answer(const struct context *c, const uint8_t *data, size_t len)
{
    struct fault_piece *piece = copy_of(data, len, 0);
    if (!piece)
        return false;
    uint8_t *accept = find_accept(piece->data, len);
    if (accept && happens(c, FAULT_WRONG_ACCEPT, FAULT_OF_HEAD, 0))
        accept[0] = accept[0] == 'A' ? 'B' : 'A';
    put(c, piece, FAULT_OF_HEAD, 0);
    return true;
}

/* --- messages --- */

/* Corrupts a frame in place: the end of its header, and its payload. */
static void corrupt(const struct context *c, struct ws_frame *frame, uint8_t *payload, size_t *len,
                    uint64_t k)
{
    const struct fault *fault;
    uint64_t conn = c->state->conn;
    if (frame->opcode == WS_OP_TEXT && happens(c, FAULT_BAD_UTF8, FAULT_OF_MESSAGE, k)) {
        if (*len == 0)
            *len = 1;
        payload[fault_number(c->faults, FAULT_BAD_UTF8, conn, k, *len)] = 0xff;
    }
    if (*len > 0 && (fault = happens(c, FAULT_FLIP, FAULT_OF_MESSAGE, k)))
        for (uint32_t i = 0; i < fault->arg && i < 8 * (uint64_t)*len; i++) {
            uint64_t bit =
                fault_number(c->faults, FAULT_FLIP, conn, (k << 32) + i, 8 * (uint64_t)*len);
            payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    if (happens(c, FAULT_RSV, FAULT_OF_MESSAGE, k))
        frame->rsv |= 4;
    if (happens(c, FAULT_MASK, FAULT_OF_MESSAGE, k)) {
        frame->masked = true;
        for (unsigned i = 0; i < 4; i++)
            frame->mask_key[i] =
                (uint8_t)fault_number(c->faults, FAULT_MASK, conn, (k << 2) + i, 256);
        ws_mask(payload, payload, *len, frame->mask_key, 0);
    }
}

/* The frame with its faults, as a piece. */
static struct fault_piece *corrupted(const struct context *c, struct ws_frame frame,
                                     const uint8_t *payload, uint64_t k)
{
    size_t len = (size_t)frame.length;
    struct fault_piece *piece = copy_of(payload, len, WS_HEADER_MAX + 1);
    if (!piece)
        return NULL;
    corrupt(c, &frame, piece->data, &len, k);
    frame.length = len;
    frame.length_bytes = (uint8_t)ws_frame_length_bytes(len);
    uint8_t header[WS_HEADER_MAX];
    size_t header_len = ws_frame_encode(header, &frame);
    memmove(piece->data + header_len, piece->data, len);
    memcpy(piece->data, header, header_len);
    piece->len = header_len + len;
    return piece;
}

/* The connection ends after the message that was just sent, or before the first. */
static void count_sent(const struct context *c)
{
    const struct fault *fault;
    uint64_t sent = c->state->sent;
    if ((fault = happens(c, FAULT_CLOSE_AFTER, FAULT_OF_CONN, 0)) && sent >= fault->arg)
        c->state->then = FAULT_CLOSE;
    if ((fault = happens(c, FAULT_ABORT_AFTER, FAULT_OF_CONN, 0)) && sent >= fault->arg)
        c->state->then = FAULT_ABORT;
}

static bool message_frame(const struct context *c, const struct ws_frame *frame,
                          const uint8_t *payload)
{
    struct fault_frames *state = c->state;
    bool first = !state->in_message, whole = first && frame->fin;
    if (first)
        state->messages++;
    uint64_t k = state->messages;
    state->in_message = !frame->fin;
    if (first)
        state->dropping = happens(c, FAULT_DROP, FAULT_OF_MESSAGE, k) != NULL;
    if (state->then != FAULT_GO_ON)
        return true;
    if (state->dropping)
        return true;

    struct fault_piece *piece = corrupted(c, *frame, payload, k), *again = NULL;
    const struct fault *cut = first ? happens(c, FAULT_TRUNCATE, FAULT_OF_MESSAGE, k) : NULL;
    if (!piece)
        return false;
    if (cut) {
        piece->len -= cut->arg < piece->len ? cut->arg : piece->len - 1;
        state->then = FAULT_END;
    } else if (whole && happens(c, FAULT_DUPLICATE, FAULT_OF_MESSAGE, k)) {
        again = copy_of(piece->data, piece->len, 0);
        if (!again) {
            free(piece);
            return false;
        }
    }
    if (whole && !cut && !state->kept && happens(c, FAULT_REORDER, FAULT_OF_MESSAGE, k)) {
        state->kept = piece;
        piece = NULL;
    }
    if (piece)
        put(c, piece, FAULT_OF_MESSAGE, k);
    if (again)
        put(c, again, FAULT_OF_MESSAGE, k);
    if (piece && frame->fin)
        fault_frames_release(state, c->list);
    if (frame->fin) {
        state->sent++;
        count_sent(c);
    }
    return true;
}

/* --- control frames --- */

static bool control_frame(const struct context *c, const struct ws_frame *frame,
                          const uint8_t *data, size_t len)
{
    struct fault_frames *state = c->state;
    uint64_t k = ++state->controls;
    if (state->then >= FAULT_END)
        return true;
    if (frame->opcode == WS_OP_PONG && happens(c, FAULT_NO_PONG, FAULT_OF_CONTROL, k))
        return true;
    if (frame->opcode == WS_OP_CLOSE) {
        fault_frames_release(state, c->list);
        if (c->close_received && happens(c, FAULT_NO_CLOSE_REPLY, FAULT_OF_CONN, 0)) {
            state->silent = true;
            return true;
        }
    }
    struct fault_piece *piece = copy_of(data, len, 0);
    if (!piece)
        return false;
    put(c, piece, FAULT_OF_CONTROL, k);
    return true;
}

/* --- all of it --- */

/* The length of the head, if it is a 101; else 0. */
static size_t upgrade_head(const uint8_t *data, size_t len)
{
    static const char begin[] = "HTTP/1.1 101 ";
    if (len < sizeof begin - 1 || memcmp(data, begin, sizeof begin - 1) != 0)
        return 0;
    const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);
    return end ? (size_t)(end - data) + 4 : 0;
}

bool fault_frames_rewrite(const struct faults *faults, struct fault_frames *state,
                          const uint8_t *data, size_t len, bool close_received,
                          struct fault_piece **list)
{
    const struct context c = {faults, state, list, close_received};
    if (!state->upgraded) {
        size_t head = upgrade_head(data, len);
        if (head == 0)
            return len == 0 || answer(&c, data, len);
        if (!answer(&c, data, head))
            return false;
        state->upgraded = true;
        data += head;
        len -= head;
        count_sent(&c);
    }
    while (len > 0) {
        struct ws_frame frame;
        if (ws_frame_parse(data, len, &frame) != WS_OK || frame.length > len - frame.header_len) {
            /* Not whole frames, so not from a session: passed unchanged. */
            struct fault_piece *rest = copy_of(data, len, 0);
            if (!rest)
                return false;
            append(list, rest);
            return true;
        }
        size_t whole = frame.header_len + (size_t)frame.length;
        bool fine = ws_opcode_is_control(frame.opcode)
                        ? control_frame(&c, &frame, data, whole)
                        : message_frame(&c, &frame, data + frame.header_len);
        if (!fine)
            return false;
        data += whole;
        len -= whole;
    }
    return true;
}
