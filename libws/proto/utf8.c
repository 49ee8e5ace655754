#include <ws/utf8.h>

#include "libws/proto/utf8_wide.h"

#include <string.h>

/* One byte. The ranges of a second byte keep out overlong forms, surrogates and what lies above
 * U+10FFFF (RFC 3629 section 4). */
static bool step(struct ws_utf8 *state, uint8_t byte)
{
    if (state->missing > 0) {
        if (byte < state->low || byte > state->high)
            return false;
        state->missing--;
        state->low = 0x80;
        state->high = 0xBF;
        return true;
    }
    if (byte < 0x80)
        return true;
    state->low = 0x80;
    state->high = 0xBF;
    if (byte >= 0xC2 && byte <= 0xDF) {
        state->missing = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
        state->missing = 2;
        if (byte == 0xE0)
            state->low = 0xA0;
        if (byte == 0xED)
            state->high = 0x9F;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
        state->missing = 3;
        if (byte == 0xF0)
            state->low = 0x90;
        if (byte == 0xF4)
            state->high = 0x8F;
    } else {
        return false;
    }
    return true;
}

/* Are the eight bytes at `p` ASCII? */
static bool is_ascii(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return !(word & UINT64_C(0x8080808080808080));
}

/* The length of the ASCII at the beginning. */
static size_t ascii_run(const uint8_t *p, size_t len)
{
    size_t i = 0;
    while (len - i >= 16 && is_ascii(p + i) && is_ascii(p + i + 8))
        i += 16;
    if (len - i >= 8 && is_ascii(p + i))
        i += 8;
    /* The last eight bytes overlap with those before them. */
    if (len >= 8 && len - i < 8 && is_ascii(p + len - 8))
        return len;
    while (i < len && p[i] < 0x80)
        i++;
    return i;
}

size_t ws_utf8_check(struct ws_utf8 *state, const void *data, size_t len)
{
    const uint8_t *p = data;
    size_t i = 0;

    while (i < len) {
        /* Between two code points. */
        if (state->missing == 0) {
            if (len - i >= UTF8_WIDE && ws_utf8_wide)
                i += ws_utf8_wide(p + i, len - i);
            i += ascii_run(p + i, len - i);
            if (i == len)
                break;
        }
        if (!step(state, p[i]))
            return i;
        i++;
    }
    return len;
}

bool ws_utf8_valid(const void *data, size_t len)
{
    struct ws_utf8 state = {0};
    return ws_utf8_check(&state, data, len) == len && ws_utf8_complete(&state);
}
