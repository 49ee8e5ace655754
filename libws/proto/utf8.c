#include <ws/utf8.h>

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

size_t ws_utf8_check(struct ws_utf8 *state, const void *data, size_t len)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    const uint8_t *p = data;
    size_t i = 0;

    while (i < len) {
        /* Between two code points, runs of ASCII go 16 bytes at a time. */
        if (state->missing == 0) {
            while (len - i >= 16) {
                uint64_t a, b;
                memcpy(&a, p + i, 8);
                memcpy(&b, p + i + 8, 8);
                if ((a | b) & high_bits)
                    break;
                i += 16;
            }
            while (i < len && p[i] < 0x80)
                i++;
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
