#include "cmd/wsframe/text/read_text.h"

#include "cmd/common/hex.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/progress.h"

#include <ctype.h>
#include <string.h>

static bool fail(struct read_error *error, const uint8_t *text, size_t at, const char *what)
{
    *error = read_error_at(text, at, what);
    return false;
}

static bool separates(uint8_t c)
{
    return isspace(c) || (c && strchr("<>,:-|", c));
}

bool read_hex(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error)
{
    bool inside = false; /* inside a word, where 0x is not allowed */
    for (size_t i = 0; i < len;) {
        if (separates(text[i])) {
            inside = false;
            i++;
            continue;
        }
        if (!inside && (text[i] == '0' || text[i] == '\\') && i + 1 < len &&
            (text[i + 1] | 0x20) == 'x') {
            i += 2;
            inside = true;
            if (i == len || hex_digit((char)text[i]) < 0)
                return fail(error, text, i, "expected a hex digit");
        }
        inside = true;
        int high = hex_digit((char)text[i]);
        if (high < 0)
            return fail(error, text, i, "expected a hex digit");
        if (i + 1 == len || separates(text[i + 1]))
            return fail(error, text, i, "the second digit of a pair is missing");
        int low = hex_digit((char)text[i + 1]);
        if (low < 0)
            return fail(error, text, i + 1, "expected a hex digit");
        bytes_byte(out, (uint8_t)(high << 4 | low));
        i += 2;
    }
    return true;
}

/* The bytes of the words of a text, which are 2, 4 or 8; 0: not all groups of digits are words of
 * one size, or there is something else. */
static size_t word_size(const uint8_t *text, size_t len)
{
    size_t digits = 0, size = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && hex_digit((char)text[i]) >= 0) {
            digits++;
        } else if (i < len && !isspace(text[i])) {
            return 0;
        } else if (digits > 0) {
            if (size > 0 && digits != size)
                return 0;
            size = digits;
            digits = 0;
        }
    }
    return size == 4 || size == 8 || size == 16 ? size / 2 : 0;
}

/* The length of whole frames at the beginning, where only zeros that fill the last word are after
 * them; 0: there are none. */
static size_t whole_frames(const uint8_t *data, size_t len, size_t word)
{
    size_t least = len, last = 0;
    while (len - least + 1 < word && least > 0 && data[least - 1] == 0)
        least--;
    for (size_t n = least; n <= len && last == 0; n++) {
        struct progress progress = {0};
        progress_advance(&progress, data, n);
        last = progress_at_boundary(&progress) ? n : 0;
    }
    return last;
}

static void turn(uint8_t *data, size_t len, size_t word)
{
    for (size_t at = 0; at + word <= len; at += word)
        for (size_t i = 0; i < word / 2; i++) {
            uint8_t byte = data[at + i];
            data[at + i] = data[at + word - 1 - i];
            data[at + word - 1 - i] = byte;
        }
}

bool read_hex_turn_words(const uint8_t *text, size_t len, struct ws_bytes *bytes)
{
    size_t word = word_size(text, len), count = ws_bytes_len(bytes);
    if (word == 0 || count % word != 0 || detect_convincing(bytes_data(bytes), count))
        return false;
    uint8_t *data = ws_bytes_data(bytes);
    turn(data, count, word);
    size_t whole = detect_convincing(data, count) ? whole_frames(data, count, word) : 0;
    if (whole == 0) {
        turn(data, count, word);
        return false;
    }
    bytes->len -= count - whole;
    return true;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool read_base64(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error)
{
    uint32_t bits = 0;
    unsigned count = 0, padding = 0;
    for (size_t i = 0; i < len; i++) {
        if (isspace(text[i]))
            continue;
        if (text[i] == '=') {
            /* After padding another piece may follow, as in concatenated files. */
            padding++;
            if (count + padding > 4 || count < 2)
                return fail(error, text, i, "unexpected base64 padding");
            if (count + padding == 4)
                count = padding = 0;
            continue;
        }
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return fail(error, text, i, "expected a base64 character");
        if (padding > 0)
            return fail(error, text, i, "incomplete base64 padding");
        bits = bits << 6 | (unsigned)digit;
        count = (count + 1) % 4;
        if (count != 1)
            bytes_byte(out, (uint8_t)(bits >> (count == 0 ? 0 : 8 - 2 * count)));
    }
    if (count == 1)
        return fail(error, text, len, "base64 ends inside a byte");
    return true;
}

bool read_bits(const uint8_t *text, size_t len, struct ws_bytes **out, struct read_error *error)
{
    unsigned byte = 0, count = 0;
    size_t run = 0; /* digits without anything between, but ends of lines */
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '0' || text[i] == '1') {
            byte = byte << 1 | (text[i] & 1u);
            run++;
            if (++count == 8) {
                bytes_byte(out, (uint8_t)byte);
                byte = count = 0;
            }
        } else if (run > 8 && isspace(text[i])) {
            continue; /* a line that is full may end inside a byte */
        } else if (count > 0 && count != 4) {
            return fail(error, text, i, "expected eight bits");
        } else if (!isspace(text[i]) && text[i] != ',') {
            return fail(error, text, i, "expected 0 or 1");
        } else {
            run = 0;
        }
    }
    return count == 0 || fail(error, text, len, "expected eight bits");
}
