/* The most common input, taken straight: whole messages, each in one small frame that is not
 * compressed. Gives the events that the general path (session.c) would give. */
#include "libws/proto/session_private.h"

#include "libws/proto/mask_private.h"
#include <ws/mask.h>
#include <ws/utf8.h>

#include <string.h>

enum { MASK_KEY = 4 };

/* The bytes of length after the first two, and the length itself; false if there are more of them
 * than two, or one would do. */
static inline bool small_length(const uint8_t *header, size_t *len, size_t *extended)
{
    *len = header[1] & 0x7Fu;
    *extended = 0;
    if (*len < 126)
        return true;
    *extended = 2;
    *len = (*len - 126) << 16 | (size_t)header[2] << 8 | header[3];
    return *len >= 126 && *len <= WS_CHUNK_ABOVE;
}

/* `seen` has every bit that is set in one of the bytes. */
static inline bool all_ascii(uint64_t seen)
{
    return !(seen & UINT64_C(0x8080808080808080));
}

static bool is_text(const uint8_t *data, size_t len, size_t *good)
{
    struct ws_utf8 utf8 = {0};
    *good = ws_utf8_check(&utf8, data, len);
    return *good == len && ws_utf8_complete(&utf8);
}

/* --- many of them --- */

/* Messages of a run: few enough that what a handler sends for them is bounded. */
enum { RUN_MOST = 64 };

/* A server moves the payloads to where they are sent from if they are sent back, each with the
 * header of that reply before it: messages then lie in one piece, as those that a client gets do.
 */
static inline uint64_t take_masked(uint8_t *to, const uint8_t *frame, size_t len, unsigned opcode)
{
    uint8_t key[MASK_KEY];
    memcpy(key, frame + 2, sizeof key);
    to[0] = (uint8_t)(0x80 | opcode);
    to[1] = (uint8_t)len;
    return mask_small(to + 2, frame + 2 + MASK_KEY, len, key);
}

/* Makes the frame again what it was before take_masked(). */
static void put_back(uint8_t *frame, const uint8_t header[2 + MASK_KEY], const uint8_t *from,
                     size_t len)
{
    uint8_t plain[WS_CONTROL_PAYLOAD_MAX];
    memcpy(plain, from + 2, len);
    memcpy(frame, header, 2 + MASK_KEY);
    mask_small(frame + 2 + MASK_KEY, plain, len, header + 2);
}

/* `event` has a message of less than 126 bytes: makes a run of it if its like follow. */
static inline void extend_run(struct ws_session *s, struct ws_event *event)
{
    bool server = s->config->role == WS_ROLE_SERVER, text = event->opcode == WS_OP_TEXT;
    size_t len = event->len, size = 2 + (server ? MASK_KEY : 0) + len, good;
    uint8_t *frame = s->in, *to = event->data + len;
    uint8_t first = (uint8_t)(0x80 | event->opcode), second = (uint8_t)((server ? 0x80 : 0) | len);
    unsigned count = 1;
    for (; count < RUN_MOST && (size_t)(s->in_end - frame) >= size && frame[0] == first &&
           frame[1] == second;
         count++) {
        uint8_t header[2 + MASK_KEY];
        uint64_t seen = 0;
        if (server) {
            memcpy(header, frame, sizeof header);
            seen = take_masked(to, frame, len, event->opcode);
        } else if (text) {
            seen = mask_none(frame + 2, len);
        }
        if (text && !all_ascii(seen) && !is_text(to + 2, len, &good)) {
            if (server) /* the next pull finds the error */
                put_back(frame, header, to, len);
            break;
        }
        to += 2 + len;
        frame += size;
    }
    s->in = frame;
    if (count > 1) {
        event->type = WS_EVENT_RUN;
        event->count = count;
    }
}

/* --- one --- */

enum ws_event_type ws_session_next_small(struct ws_session *s, struct ws_event *event)
{
    uint8_t *header = s->in;
    size_t available = session_available(s), len, extended, good;
    bool server = s->config->role == WS_ROLE_SERVER;
    if (available < (server ? 6 : 4) || !session_at_message(s) || header[1] >> 7 != server ||
        !small_length(header, &len, &extended))
        return WS_EVENT_NONE;
    unsigned opcode = header[0] & 0x7Fu;
    size_t header_len = 2 + extended + (server ? MASK_KEY : 0);
    if (header[0] < 0x80 || (opcode != WS_OP_TEXT && opcode != WS_OP_BINARY) ||
        available < header_len + len || (s->config->max_message && len > s->config->max_message))
        return WS_EVENT_NONE;

    /* As in unmask_in_place(). */
    uint8_t *payload = header + header_len, *data = payload;
    bool looked_at = !server && !extended && opcode == WS_OP_TEXT;
    uint64_t seen = looked_at ? mask_none(payload, len) : UINT64_MAX;
    if (server) {
        const uint8_t *key = payload - MASK_KEY;
        uint8_t *lower = s->writable_from + 2 + extended;
        data = lower < payload ? lower : payload;
        if (extended)
            ws_mask(data, payload, len, key, 0);
        else
            seen = mask_small(data, payload, len, key);
    }
    s->in = payload + len;
    if (opcode == WS_OP_TEXT && !all_ascii(seen) && !is_text(data, len, &good)) {
        *event = (struct ws_event){.data = data, .len = good};
        return ws_session_emit_before_error(s, event, false, WS_E_UTF8,
                                            session_offset(s, payload) + good);
    }
    *event = (struct ws_event){.type = WS_EVENT_MESSAGE,
                               .opcode = (uint8_t)opcode,
                               .data = data,
                               .len = len,
                               .total = len};
    if (s->config->runs && !extended)
        extend_run(s, event);
    return event->type;
}
