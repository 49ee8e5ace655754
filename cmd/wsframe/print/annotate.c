#include "cmd/wsframe/print/annotate.h"

#include "cmd/common/hex.h"
#include <ws/close.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROW = 8 }; /* bytes of payload per line */

/* "    0x0006  7f 9f 4d 51 58           " */
static void begin_row(const struct decode_event *event, size_t at, size_t count)
{
    char hex[3 * ROW + 1];
    hex_format(event->wire + at, count, ' ', hex, sizeof hex);
    printf("    0x%04" PRIx64 "  %-24s", event->offset + at, hex);
}

/* Prints a line for some bits of the row's first byte: "1... ....  text". */
static void bits(bool first, unsigned byte, unsigned mask, const char *text)
{
    char picture[10];
    for (int i = 0; i < 8; i++) {
        unsigned bit = 0x80u >> i;
        picture[i + (i > 3)] = !(mask & bit) ? '.' : byte & bit ? '1' : '0';
    }
    picture[4] = ' ';
    picture[9] = '\0';
    if (!first)
        printf("%36s", "");
    printf("%s  %s\n", picture, text);
}

static void first_byte(const struct decode_event *event)
{
    const struct ws_frame *frame = event->frame;
    char text[80];
    unsigned byte = event->wire[0];
    begin_row(event, 0, 1);
    bits(true, byte, 0x80,
         frame->fin ? "FIN: the last fragment of its message"
                    : "FIN: not set, more fragments follow");
    snprintf(text, sizeof text, "RSV: %s",
             frame->rsv == 0   ? "none set"
             : frame->rsv == 4 ? "RSV1, as for a compressed message (RFC 7692)"
                               : "reserved bits are set");
    bits(false, byte, 0x70, text);
    snprintf(text, sizeof text, "opcode %u: %s%s", frame->opcode, ws_opcode_name(frame->opcode),
             ws_opcode_is_control(frame->opcode) ? ", a control frame" : "");
    bits(false, byte, 0x0F, text);
}

static void second_byte(const struct decode_event *event)
{
    const struct ws_frame *frame = event->frame;
    char text[80];
    unsigned byte = event->wire[1];
    begin_row(event, 1, 1);
    bits(true, byte, 0x80,
         frame->masked ? "MASK: a masking key follows, as from a client"
                       : "MASK: not set, as from a server");
    if (frame->length_bytes > 0)
        snprintf(text, sizeof text, "length %u: the length is in the next %u bytes", byte & 0x7F,
                 frame->length_bytes);
    else
        snprintf(text, sizeof text, "length %u", byte & 0x7F);
    bits(false, byte, 0x7F, text);
}

/* Prints bytes `at` to `end` of the header, as far as they are in the input. */
static size_t header_field(const struct decode_event *event, size_t at, size_t size,
                           const char *text)
{
    size_t header = event->wire_len - event->len;
    size_t there = header > at ? header - at : 0;
    if (there > size)
        there = size;
    if (there == 0)
        return 0;
    begin_row(event, at, there);
    printf("%s%s\n", text, there < size ? ", cut off" : "");
    return there;
}

/* Prints a row of the payload: the bytes on the wire, then the unmasked ones. */
static void payload_row(const struct decode_event *event, size_t header, size_t at, size_t count)
{
    const struct ws_frame *frame = event->frame;
    const uint8_t *wire = event->wire + header + at;
    uint8_t plain[ROW];
    char hex[3 * ROW + 1], shown[ROW + 1];
    for (size_t i = 0; i < count; i++) {
        plain[i] = (uint8_t)(wire[i] ^ (frame->masked ? frame->mask_key[(at + i) % 4] : 0));
        shown[i] = plain[i] >= 0x20 && plain[i] < 0x7F ? (char)plain[i] : '.';
    }
    shown[count] = '\0';
    begin_row(event, header + at, count);
    if (frame->opcode == WS_OP_CLOSE && at == 0 && count == 2) {
        unsigned code = (unsigned)plain[0] << 8 | plain[1];
        hex_format(plain, 2, ' ', hex, sizeof hex);
        if (frame->masked)
            printf("-> %s  ", hex);
        printf("close code %u: %s\n", code, ws_close_name(code));
        return;
    }
    hex_format(plain, count, ' ', hex, sizeof hex);
    if (frame->masked)
        printf("-> %-*s  |%s|\n", 3 * ROW - 1, hex, shown);
    else
        printf("|%s|\n", shown);
}

void annotate(const struct decode_event *event)
{
    const struct ws_frame *frame = event->frame;
    size_t header = event->wire_len - event->len, at = 2;
    char text[80];
    first_byte(event);
    if (frame->known < 2)
        return;
    second_byte(event);
    if (frame->length_bytes > 0) {
        snprintf(text, sizeof text, "length in %u bits: %" PRIu64, 8u * frame->length_bytes,
                 frame->length);
        header_field(event, at, frame->length_bytes,
                     frame->known >= 2u + frame->length_bytes ? text : "length");
        at += frame->length_bytes;
    }
    if (frame->masked)
        header_field(event, at, 4, "masking key");
    for (size_t i = 0; i < event->len;) {
        size_t count = event->len - i < ROW ? event->len - i : ROW;
        /* The code of a close frame has a line of its own. */
        if (frame->opcode == WS_OP_CLOSE && i == 0 && count >= 2)
            count = 2;
        payload_row(event, header, i, count);
        i += count;
    }
    putchar('\n');
}
