/*
 * dump_row: takes a line of a dump apart: offset, groups of digits, text column.
 *
 * Called by read_dump only; no state.
 */
#ifndef CMD_WSFRAME_TEXT_DUMP_ROW_H
#define CMD_WSFRAME_TEXT_DUMP_ROW_H

#include "cmd/wsframe/read/lines.h"

/* socat -x writes up to 8 KiB in a line. */
enum { ROW_BYTES_MAX = 8192, ROW_OFFSET_MAX = 16 };

enum row_kind {
    ROW_NONE,  /* no offset: not a line of the dump */
    ROW_BYTES, /* an offset and bytes, or an offset only */
    ROW_STAR,  /* lines like the one before are left out */
    ROW_WRONG, /* an offset, and then what does not fit: `problem` says what */
};

/* What the text column says of the order of bytes in a group. */
enum row_order { ROW_ORDER_UNKNOWN, ROW_ORDER_WRITTEN, ROW_ORDER_REVERSED };

struct dump_row {
    const char *offset; /* its digits */
    size_t offset_len;
    bool address;  /* 0x before the offset */
    bool colon;    /* after the offset */
    bool bar;      /* before the offset: a table */
    bool prefixed; /* the groups begin with 0x */
    size_t gap;    /* blanks after the offset; a tab counts as two */
    size_t indent; /* blanks before the offset; a tab counts as four */
    size_t len;
    size_t group; /* bytes of the first group: 1 for bytes, more for words */
    unsigned base;
    enum row_order order;
    size_t before_gap; /* bytes before the last wide gap, after which the text may begin; 0: none */
    bool doubtful;     /* the bytes end at a wide gap, but what follows does not show them */
    const char *problem;
    uint8_t bytes[ROW_BYTES_MAX]; /* in the order in which the digits are written; `len` are set */
};

/* `base` is 16, 8, 2, 10, 1 for characters, or 0: one of the first three, which is found out.
 * Without `offset` the line has none. */
enum row_kind dump_row(struct line line, unsigned base, bool offset, struct dump_row *row);

/* The offset as a number in a base; UINT64_MAX if it has digits that the base does not have. */
uint64_t dump_row_offset(const struct dump_row *row, unsigned base);

/* Turns the bytes of each word of `group` bytes around. */
void dump_row_reverse(uint8_t *bytes, size_t len, size_t group);

#endif
