#include "cmd/wsframe/decode/resync.h"

#include <ws/close.h>
#include <ws/mask.h>
#include <ws/utf8.h>

enum {
    LENGTH_MAX = 16 << 20,     /* maximum length of a frame that is only suspected */
    CHAIN_MAX = 24,            /* frames of a chain that are followed */
    TEXT_LOOKED_AT = 256,      /* bytes of a text frame's payload that are checked */
    HELD_MAX = 64 << 10,       /* bytes that are held without a chain */
    CHAIN_HELD_MAX = 17 << 20, /* and with one, which may be waiting for a long frame */
    SCAN_LEAST = 8 << 10,      /* bytes from which on all positions are tried */
};

/* Evidence, in bits. */
enum {
    BITS_FRAME = 5,     /* 13 of 256 first bytes are legal, and half of the mask bits */
    BITS_EMPTY = 2,     /* an empty frame is two bytes only */
    BITS_TEXT_MAX = 24, /* a character of ASCII is one */
    BITS_CLOSE = 7,     /* a legal close code */
    BITS_END = 6,       /* a frame ends where a segment does */
    NEEDED = 32,        /* where a segment begins */
    NEEDED_INSIDE = 45, /* at any byte, of which there are a thousand times more */
    NEEDED_FINAL = 20,  /* if nothing is left over at the end */
    NEEDED_FINAL_INSIDE = 36,
    NEEDED_KNOWN = 14, /* in a connection that is known to be a WebSocket */
    NEEDED_KNOWN_INSIDE = 24,
    NEEDED_PASSED = 3,      /* more for each segment that began no frame */
    NEEDED_PASSED_MAX = 15, /* it may be in the middle of a long one */
    OTHER_MAX = 20,         /* what the other direction's evidence counts at most */
};

struct chain {
    bool broken;     /* a frame that cannot be one */
    bool ends;       /* the last frame ends with the data */
    unsigned frames; /* that are complete */
    unsigned bits;
};

static bool plausible(const struct ws_frame *frame, enum sender sender)
{
    unsigned rules = WS_ALLOW_RSV1 | (sender == SENDER_CLIENT ? WS_REQUIRE_MASK : 0) |
                     (sender == SENDER_SERVER ? WS_REFUSE_MASK : 0);
    return ws_frame_violation(frame, rules) == WS_OK && frame->length <= LENGTH_MAX;
}

/* The evidence of a payload; -1 if it does not fit the opcode. */
static int payload_bits(const struct ws_frame *frame, const uint8_t *data, size_t len)
{
    struct ws_utf8 state = {0};
    uint8_t text[TEXT_LOOKED_AT];
    int bits = 0;
    if (frame->rsv || (frame->opcode != WS_OP_TEXT && frame->opcode != WS_OP_CLOSE))
        return 0;
    if (len > frame->length)
        len = (size_t)frame->length;
    if (len > TEXT_LOOKED_AT)
        len = TEXT_LOOKED_AT;
    if (frame->masked) {
        ws_mask(text, data, len, frame->mask_key, 0);
        data = text;
    }
    if (frame->opcode == WS_OP_CLOSE) {
        if (len < 2)
            return frame->length == 1 ? -1 : 0;
        return ws_close_code_valid((unsigned)data[0] << 8 | data[1]) ? BITS_CLOSE : -1;
    }
    if (ws_utf8_check(&state, data, len) < len)
        return -1;
    for (size_t i = 0; i < len && bits < BITS_TEXT_MAX; i++) {
        if (data[i] < 0x20 && data[i] != '\t' && data[i] != '\n' && data[i] != '\r')
            return 0;
        bits += data[i] != 0x7F;
    }
    return bits;
}

static bool is_end(const struct resync_input *input, size_t at)
{
    if (at == input->len)
        return true;
    for (unsigned i = input->segment_count; i > 0 && input->segments[i - 1] >= at; i--)
        if (input->segments[i - 1] == at)
            return true;
    return false;
}

/* Where a chain has come to. */
struct walk {
    size_t at;
    enum sender sender;
    bool fragmented; /* inside a message */
    bool orphan;     /* inside one whose first fragment is not there */
};

/* May the frame stand here? */
static bool continues_well(const struct walk *walk, const struct ws_frame *frame, bool first)
{
    if (!plausible(frame, walk->sender))
        return false;
    return ws_opcode_is_control(frame->opcode) || first ||
           (frame->opcode == WS_OP_CONTINUATION) == walk->fragmented;
}

/* Takes one frame into the chain. False at its end. */
static bool take(const struct resync_input *input, struct walk *walk, struct chain *chain)
{
    struct ws_frame frame;
    const uint8_t *data = input->data + walk->at;
    size_t len = input->len - walk->at;
    enum ws_error parsed = ws_frame_parse(data, len, &frame);
    bool control = ws_opcode_is_control(frame.opcode), first = chain->frames == 0;
    bool continues = frame.opcode == WS_OP_CONTINUATION;
    chain->broken = !continues_well(walk, &frame, first);
    if (chain->broken)
        return false;
    walk->orphan = (first && continues && !frame.fin) || (walk->orphan && (control || !frame.fin));
    if (!control)
        walk->fragmented = !frame.fin;
    /* A sender masks either all of its frames or none. */
    if (walk->sender == SENDER_UNKNOWN && frame.known >= 2)
        walk->sender = frame.masked ? SENDER_CLIENT : SENDER_SERVER;
    if (parsed == WS_MORE)
        return false;
    int bits = payload_bits(&frame, data + frame.header_len, len - frame.header_len);
    chain->broken = bits < 0;
    if (chain->broken)
        return false;
    /* 00 and a byte is what numbers and lengths of other protocols begin with. */
    if (!frame.fin)
        bits /= 2;
    bool counts = frame.fin ? !(continues && (walk->orphan || first || frame.length == 0))
                            : !continues && frame.length > 0;
    if (counts)
        chain->bits += (unsigned)bits + (frame.length > 0 ? BITS_FRAME : BITS_EMPTY);
    if (len - frame.header_len < frame.length)
        return false;
    walk->at += frame.header_len + (size_t)frame.length;
    chain->bits += counts && is_end(input, walk->at) ? BITS_END : 0;
    chain->frames++;
    return true;
}

/* Follows the frames from `at` on. */
static struct chain follow(const struct resync_input *input, size_t at)
{
    struct chain chain = {0};
    struct walk walk = {.at = at, .sender = input->sender};
    while (chain.frames < CHAIN_MAX && walk.at < input->len && take(input, &walk, &chain))
        ;
    chain.ends = walk.at == input->len;
    return chain;
}

/* The more segments begin no frame, the less likely is it that there are frames at all. */
static unsigned doubt(const struct resync_input *input, size_t at)
{
    unsigned passed = input->passed;
    for (unsigned i = 0; i < input->segment_count && input->segments[i] < at; i++)
        passed++;
    return passed * NEEDED_PASSED < NEEDED_PASSED_MAX ? passed * NEEDED_PASSED : NEEDED_PASSED_MAX;
}

static unsigned needed(const struct resync_input *input, const struct chain *chain, size_t at,
                       bool inside)
{
    unsigned bits = (inside ? NEEDED_INSIDE : NEEDED) + doubt(input, at);
    if (input->known)
        bits = inside ? NEEDED_KNOWN_INSIDE : NEEDED_KNOWN;
    if (input->final && chain->ends && !input->known)
        bits = (inside ? NEEDED_FINAL_INSIDE : NEEDED_FINAL) + doubt(input, at);
    if (input->final && chain->ends && input->known)
        bits = BITS_FRAME;
    unsigned other = input->other_evidence < OTHER_MAX ? input->other_evidence : OTHER_MAX;
    return bits > other + BITS_FRAME ? bits - other : BITS_FRAME;
}

/* The place with the most evidence. */
struct best {
    bool found; /* it is enough */
    size_t at;
    unsigned bits;
};

/* Compares the chain at `at` with the best one. False if none can begin there. */
static bool consider(const struct resync_input *input, size_t at, bool inside, struct best *best)
{
    struct chain chain = follow(input, at);
    if (chain.broken)
        return false;
    bool found = chain.bits >= needed(input, &chain, at, inside);
    if (found > best->found || (found == best->found && chain.bits > best->bits))
        *best = (struct best){found, at, chain.bits};
    return true;
}

struct resync_result resync(const struct resync_input *input)
{
    struct best best = {0};
    size_t waiting = input->len; /* the first segment that may still turn out to begin a chain */
    for (unsigned i = 0; i < input->segment_count; i++)
        if (consider(input, input->segments[i], false, &best) && waiting == input->len)
            waiting = input->segments[i];
    bool scan = input->known || input->final || input->len >= SCAN_LEAST;
    struct resync_input before = *input;
    struct best inside = {.bits = best.bits};
    /* Where a chain was found, frames may lie before it too. */
    before.known |= best.found;
    size_t end = best.found ? best.at : scan ? input->len : 0;
    for (size_t at = 0; at + 2 <= end; at++)
        consider(&before, at, true, &inside);
    if (inside.found || inside.bits > best.bits)
        best = inside;
    struct resync_result result = {.found = best.found, .evidence = best.bits};
    size_t most = best.bits > 0 ? CHAIN_HELD_MAX : HELD_MAX;
    if (best.found)
        result.drop = best.at;
    else if (input->len - waiting > most)
        result.drop = input->len;
    else if (scan && !input->known)
        result.drop = waiting;
    else if (input->len > HELD_MAX && waiting > 0)
        result.drop = waiting;
    return result;
}
