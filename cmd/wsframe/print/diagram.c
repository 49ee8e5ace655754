#include "cmd/wsframe/print/diagram.h"

#include "cmd/common/hex.h"
#include <ws/close.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ROW = 4,           /* bytes */
    PAYLOAD_MOST = 32, /* bytes of payload that are drawn */
    LABELS = 4,        /* lines for the name in a cell of the first row */
};

/* Some bits of a row: their name, on up to four lines, and their value. */
struct cell {
    unsigned bits;
    char label[LABELS][40];
    char value[16];
};

struct row {
    struct cell cells[12];
    size_t count;
};

static const char indent[] = "    ";

static struct cell *add(struct row *row, unsigned bits)
{
    struct cell *cell = &row->cells[row->count++];
    *cell = (struct cell){.bits = bits};
    return cell;
}

/* --- contents of a row --- */

/* One bit, with its name written downwards as in the RFC. */
static void add_flag(struct row *row, const char *name, bool set)
{
    struct cell *cell = add(row, 1);
    for (int i = 0; i < LABELS && name[i]; i++)
        cell->label[i][0] = name[i];
    cell->value[0] = set ? '1' : '0';
}

/* "0 0 0 1": the low bits of `byte`. */
static void put_bits(struct cell *cell, unsigned byte)
{
    size_t n = 0;
    for (unsigned i = cell->bits; i-- > 0;) {
        cell->value[n++] = byte >> i & 1 ? '1' : '0';
        if (i > 0)
            cell->value[n++] = ' ';
    }
}

static void add_fixed(struct row *row, const struct decode_event *event)
{
    const struct ws_frame *frame = event->frame;
    add_flag(row, "FIN", frame->fin);
    add_flag(row, "RSV1", (frame->rsv & 4) != 0);
    add_flag(row, "RSV2", (frame->rsv & 2) != 0);
    add_flag(row, "RSV3", (frame->rsv & 1) != 0);
    struct cell *cell = add(row, 4);
    strcpy(cell->label[0], "opcode");
    snprintf(cell->label[1], sizeof cell->label[1], "%u", frame->opcode);
    /* "continuation" and "reserved" are wider than four bits. */
    snprintf(cell->label[2], sizeof cell->label[2], "%.7s",
             frame->opcode == WS_OP_CONTINUATION ? "cont." : ws_opcode_name(frame->opcode));
    put_bits(cell, frame->opcode);
    if (frame->known < 2)
        return;
    add_flag(row, "MASK", frame->masked);
    cell = add(row, 7);
    strcpy(cell->label[0], "payload len");
    snprintf(cell->label[1], sizeof cell->label[1], "%u", event->wire[1] & 0x7Fu);
    put_bits(cell, event->wire[1]);
}

struct field {
    size_t begin, end;
    char name[40];
};

/* Lists the drawn fields after the first two bytes. */
static size_t list_fields(const struct decode_event *event, struct field fields[3])
{
    const struct ws_frame *frame = event->frame;
    size_t header = event->wire_len - event->len, at = 2, count = 0;
    if (frame->length_bytes > 0) {
        fields[count].begin = at;
        at += frame->length_bytes;
        fields[count].end = at;
        snprintf(fields[count].name, sizeof fields[count].name, "extended len %" PRIu64,
                 frame->length);
        if (frame->known < at)
            strcpy(fields[count].name, "extended len");
        count++;
    }
    if (frame->masked) {
        fields[count].begin = at;
        at += 4;
        fields[count].end = at;
        strcpy(fields[count++].name, "masking key");
    }
    if (event->len > 0) {
        fields[count].begin = header;
        fields[count].end = event->wire_len;
        strcpy(fields[count++].name, "payload");
    }
    return count;
}

/* Adds the part of a field in bytes `at` to `end` of the frame, which are in one row. */
static void add_field(struct row *row, const struct decode_event *event, const struct field *field,
                      size_t at, size_t end)
{
    struct cell *cell = add(row, 8 * (unsigned)(end - at));
    const struct ws_frame *frame = event->frame;
    size_t header = event->wire_len - event->len;
    hex_format(event->wire + at, end - at, ' ', cell->value, sizeof cell->value);
    if (at == field->begin)
        snprintf(cell->label[0], sizeof cell->label[0], end - at > 1 ? "%s" : "%.15s", field->name);
    else
        strcpy(cell->label[0], "...");
    if (at < header || end - at > ROW)
        return;
    /* The unmasked bytes of the payload as text. */
    char text[2 * ROW + 3] = "";
    size_t n = 0;
    for (size_t i = at; i < end; i++) {
        uint8_t byte =
            (uint8_t)(event->wire[i] ^ (frame->masked ? frame->mask_key[(i - header) % 4] : 0));
        text[n++] = byte >= 0x20 && byte < 0x7F ? (char)byte : '.';
    }
    snprintf(cell->label[at == field->begin ? 1 : 0], sizeof cell->label[0], "\"%s\"", text);
}

/* --- drawing --- */

static void draw_border(size_t bits)
{
    fputs(indent, stdout);
    for (size_t i = 0; i < bits; i++)
        fputs("+-", stdout);
    puts("+");
}

static void draw_text(const struct cell *cell, const char *text)
{
    int width = (int)cell->bits * 2 - 1, len = (int)strlen(text);
    int left = len < width ? (width - len) / 2 : 0;
    printf("%*s%-*.*s|", left, "", width - left, width, text);
}

static void draw_row(const struct row *row, size_t labels)
{
    size_t bits = 0;
    for (size_t i = 0; i < row->count; i++)
        bits += row->cells[i].bits;
    for (size_t line = 0; line <= labels; line++) {
        printf("%s|", indent);
        for (size_t i = 0; i < row->count; i++)
            draw_text(&row->cells[i],
                      line < labels ? row->cells[i].label[line] : row->cells[i].value);
        putchar('\n');
    }
    draw_border(bits);
}

static void draw_ruler(void)
{
    printf("%s 0                   1                   2                   3\n%s", indent, indent);
    for (int i = 0; i < 32; i++)
        printf(" %d", i % 10);
    putchar('\n');
}

void diagram(const struct decode_event *event)
{
    struct field fields[3];
    size_t count = list_fields(event, fields), header = event->wire_len - event->len;
    size_t end = event->len > PAYLOAD_MOST ? header + PAYLOAD_MOST : event->wire_len;
    size_t at = event->wire_len < 2 ? event->wire_len : 2, next = 0;
    draw_ruler();
    draw_border((end < ROW ? end : ROW) * 8);
    for (size_t row_end = ROW;; row_end += ROW) {
        struct row row = {.count = 0};
        bool payload_begins = false;
        if (row_end == ROW)
            add_fixed(&row, event);
        while (at < end && at < row_end) {
            while (next < count && at >= fields[next].end)
                next++;
            if (next == count)
                break;
            size_t to = fields[next].end < row_end ? fields[next].end : row_end;
            if (to > end)
                to = end;
            payload_begins |= at == header && at == fields[next].begin;
            add_field(&row, event, &fields[next], at, to);
            at = to;
        }
        draw_row(&row, row_end == ROW ? LABELS : payload_begins ? 2 : 1);
        if (at >= end)
            break;
    }
    if (end < event->wire_len)
        printf("%sand %zu more bytes of payload\n", indent, event->wire_len - end);
    putchar('\n');
}
