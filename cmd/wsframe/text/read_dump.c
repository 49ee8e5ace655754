#include "cmd/wsframe/text/read_dump.h"

#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/packet.h"
#include "cmd/wsframe/text/dump_row.h"

#include <ctype.h>
#include <string.h>

/* Limit of the bytes that squeezed lines expand to, as offsets may be wrong. */
#define SQUEEZED_MAX ((size_t)16 << 20)

enum { LINES_LOOKED_AT = 200 };

static bool contains(struct line line, const char *text)
{
    return memmem(line.p, line.len, text, strlen(text)) != NULL;
}

static bool begins(struct line line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.p, text, strlen(text)) == 0;
}

/* --- lines between those of the dump --- */

enum note_kind {
    NOTE_NONE,
    NOTE_SIDE,    /* the bytes after it went in this direction */
    NOTE_SKIPPED, /* the bytes after it are shown elsewhere too, or encrypted */
    NOTE_PACKET,  /* the bytes after it are a packet */
};

struct note {
    enum note_kind kind;
    struct piece piece;
};

/* What a line between dumps says of the next one: curl's, socat's, tshark's. */
static struct note note_of(struct line line)
{
    bool to = contains(line, "=> Send "), from = contains(line, "<= Recv ");
    line_skip_blanks(&line);
    bool arrow = begins(line, "> ") || begins(line, "< ");
    struct note note = {0};
    if (to || from) {
        note.kind = contains(line, "SSL data") ? NOTE_SKIPPED : NOTE_SIDE;
        note.piece = (struct piece){.side = to ? PIECE_ONE : PIECE_OTHER, .client_known = true};
    } else if (arrow && contains(line, " length=") && contains(line, " from=")) {
        note.kind = NOTE_SIDE;
        note.piece.side = *line.p == '>' ? PIECE_ONE : PIECE_OTHER;
    } else if (contains(line, " bytes):")) {
        note.kind = begins(line, "Frame") || begins(line, "Packet") ? NOTE_PACKET : NOTE_SKIPPED;
        note.piece.side = PIECE_PACKET;
    }
    return note;
}

/* --- the shape of a dump --- */

struct shape {
    enum form form;
    unsigned base;    /* of the groups */
    unsigned radix;   /* of the offsets */
    bool reversed;    /* words are written with their last byte first */
    bool by_indent;   /* indented lines are the other direction's */
    size_t first_gap; /* the indentation of the first line */
};

static bool is_gdb(const struct dump_row *row)
{
    return row->colon && (row->prefixed || (row->address && (row->base == 10 || row->base == 2)));
}

static enum form form_of_row(const struct dump_row *row)
{
    if (is_gdb(row))
        return FORM_GDB;
    if (row->prefixed) /* words with 0x each are no memory without an address */
        return FORM_UNKNOWN;
    if (row->bar)
        return FORM_TABLE;
    if (row->colon && row->offset_len >= 8)
        return row->base == 2 ? FORM_BITS : FORM_XXD;
    if (row->colon || row->offset_len < 6)
        return row->colon || row->gap > 1 ? FORM_DUMP : FORM_UNKNOWN;
    if (row->offset_len == 16)
        return row->gap > 1 || dump_row_offset(row, 16) == 0 ? FORM_DUMP : FORM_UNKNOWN;
    if (row->address && row->gap > 1)
        return FORM_DUMP; /* radare2 */
    if (row->offset_len == 8 && row->gap > 1)
        return row->group > 1 ? FORM_UNKNOWN : FORM_HEXDUMP;
    /* One blank after the offset, as between groups: it must be an offset by its value. */
    if (row->offset_len > 8 || row->base == 2 || dump_row_offset(row, 16) != 0)
        return FORM_UNKNOWN;
    return row->offset_len == 7 && row->base == 16 && row->group == 2 ? FORM_WORDS : FORM_OD;
}

/* How many of the offsets do not follow from the ones before, in a base? */
static size_t mismatches(const uint8_t *text, size_t len, unsigned base, unsigned radix)
{
    struct line rest = {(const char *)text, len}, line;
    struct dump_row row;
    uint64_t next = UINT64_MAX;
    size_t count = 0, group = 0;
    for (int i = 0; i < LINES_LOOKED_AT && line_next(&rest, &line); i++) {
        enum row_kind kind = dump_row(line, base, true, &row);
        if (kind == ROW_STAR)
            next = UINT64_MAX;
        if (kind != ROW_BYTES)
            continue;
        uint64_t offset = dump_row_offset(&row, radix);
        if (offset == UINT64_MAX)
            return SIZE_MAX;
        /* The last word may have been shown with more bytes than it has. */
        bool ends = row.len == 0 && offset <= next && next - offset < group;
        count += next != UINT64_MAX && offset != next && offset != 0 && !ends;
        next = offset + row.len;
        group = row.group;
    }
    return count;
}

/* The base of the offsets: od's are octal where no other base is given, hexdump's are not, xxd has
 * -d. */
static unsigned radix_of(enum form form, const uint8_t *text, size_t len, unsigned base)
{
    static const unsigned of_od[] = {16, 8, 10}, of_xxd[] = {16, 10};
    bool od = form == FORM_OD || form == FORM_WORDS;
    const unsigned *radixes = od ? of_od : of_xxd;
    size_t count = od ? 3 : form == FORM_XXD || form == FORM_BITS ? 2 : 1;
    unsigned best = 16;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t wrong = mismatches(text, len, base, radixes[i]);
        if (wrong < least) {
            least = wrong;
            best = radixes[i];
        }
    }
    return best;
}

/* Can the first word begin a frame only with its bytes as they are written? */
static bool only_as_written(const struct dump_row *row)
{
    uint8_t reversed[ROW_BYTES_MAX];
    memcpy(reversed, row->bytes, row->len);
    dump_row_reverse(reversed, row->len, row->group);
    return detect_plausible(row->bytes, row->len) && !detect_plausible(reversed, row->len);
}

/* Is a line of words whole frames only as it is written (1), or only turned around (-1)? 0: both,
 * or neither. A plausible first byte alone does not tell: 02 and 88 of a close frame are both one.
 */
static int order_of_frames(const struct dump_row *row)
{
    uint8_t reversed[ROW_BYTES_MAX];
    if (row->group < 2)
        return 0;
    memcpy(reversed, row->bytes, row->len);
    dump_row_reverse(reversed, row->len, row->group);
    return (int)detect_convincing(row->bytes, row->len) -
           (int)detect_convincing(reversed, row->len);
}

/* Takes a line with bytes apart; of od and hexdump also their decimal numbers and characters. */
static bool look_at(struct line line, const struct shape *shape, struct dump_row *row)
{
    enum row_kind kind = dump_row(line, shape->base, true, row);
    bool first = shape->form == FORM_UNKNOWN && row->offset_len == 7 && !row->colon;
    if ((kind == ROW_WRONG || row->doubtful) && first && dump_row_offset(row, 16) == 0) {
        kind = dump_row(line, 10, true, row);
        /* Digits are characters of od -c too, beside octal numbers: 201 005   1   2 */
        bool decimal = kind == ROW_BYTES && detect_plausible(row->bytes, row->len);
        if (!decimal) {
            enum row_kind characters = dump_row(line, 1, true, row);
            bool fits = characters == ROW_BYTES && detect_plausible(row->bytes, row->len);
            kind = fits || kind == ROW_WRONG ? characters : dump_row(line, 10, true, row);
        }
    }
    return kind == ROW_BYTES && row->len > 0;
}

/* Is this the part of a word of four bytes that xxd -e shows at the word's right end? */
static bool is_part_of_word(const struct dump_row *row)
{
    return row->order == ROW_ORDER_UNKNOWN && row->colon && row->offset_len == 8 &&
           row->group > 1 && row->len == row->group && row->group < 4 &&
           row->gap == 1 + 2 * (4 - row->group);
}

/* Finds out the shape from the first lines. Its form is FORM_UNKNOWN if there is no dump. */
static struct shape shape_of(const uint8_t *text, size_t len)
{
    struct shape shape = {.form = FORM_UNKNOWN};
    struct line rest = {(const char *)text, len}, line;
    struct dump_row row;
    int written = 0, turned = 0, order = 0;
    bool curl = false, indented = false, plausible_as_written = false;
    for (int i = 0; i < LINES_LOOKED_AT && line_next(&rest, &line); i++) {
        struct note note = note_of(line);
        curl |= note.piece.client_known;
        if (note.kind == NOTE_SIDE && !curl) {
            shape = (struct shape){.form = FORM_SOCAT, .base = 16, .radix = 16};
            return shape;
        }
        if (!look_at(line, &shape, &row))
            continue;
        if (shape.form == FORM_UNKNOWN) {
            shape.form = form_of_row(&row);
            if (shape.form == FORM_UNKNOWN)
                continue;
            shape.base = row.base;
            shape.first_gap = row.indent;
            plausible_as_written = only_as_written(&row);
            order = order_of_frames(&row);
        }
        indented |= row.indent >= shape.first_gap + 4 || row.indent + 4 <= shape.first_gap;
        written += row.order == ROW_ORDER_WRITTEN;
        turned += row.order == ROW_ORDER_REVERSED || is_part_of_word(&row);
        shape.reversed |= row.group > 1;
    }
    if (shape.form == FORM_UNKNOWN)
        return shape;
    if (curl)
        shape.form = FORM_CURL;
    bool words = shape.form == FORM_WORDS || shape.form == FORM_OD || shape.form == FORM_GDB;
    shape.reversed = shape.reversed &&
                     (turned > written || (words && turned == written && !plausible_as_written));
    if (turned == written && order != 0)
        shape.reversed = order < 0;
    shape.by_indent = indented && shape.form != FORM_CURL;
    shape.radix = radix_of(shape.form, text, len, shape.base);
    return shape;
}

enum form read_dump_form(const uint8_t *text, size_t len)
{
    return shape_of(text, len).form;
}

/* --- reading --- */

/* Where a direction's dump has come to. */
struct track {
    bool begun;
    bool squeezed; /* a "*" was read */
    uint64_t next; /* expected offset of the next line */
    uint8_t last[ROW_BYTES_MAX];
    size_t last_len, group;
    size_t before_gap; /* of the last line */
};

struct dump {
    struct shape shape;
    bool strict;
    bool skipped;
    bool rows_skipped; /* since the note that says so */
    bool after_blank;  /* the line before was empty */
    bool until_blank;  /* what is skipped ends with its rows: the next dump may have no note */
    struct pieces *out;
    size_t from; /* where the piece begins */
    struct piece piece;
    struct track track[2];
    size_t repeated;
    struct dump_row row;
};

static void end_piece(struct dump *dump)
{
    const uint8_t *data = bytes_data(dump->out->bytes) + dump->from;
    size_t len = ws_bytes_len(dump->out->bytes) - dump->from;
    if (dump->piece.side == PIECE_ONE && !dump->piece.client_known && packet_is_whole(data, len))
        dump->piece.side = PIECE_PACKET;
    pieces_end(dump->out, dump->piece);
    dump->from = ws_bytes_len(dump->out->bytes);
}

static struct track *track_of(struct dump *dump)
{
    return &dump->track[dump->piece.side == PIECE_OTHER];
}

/* Repeats the last line for a "*", up to the offset of the line after it. */
static const char *unsqueeze(struct dump *dump, struct track *track, uint64_t offset)
{
    uint64_t missing = offset - track->next;
    if (track->last_len == 0 || missing % track->last_len != 0)
        return "the offset does not follow from the one before '*'";
    if (missing > SQUEEZED_MAX - dump->repeated)
        return "a '*' expands to more than 16 MiB";
    dump->repeated += (size_t)missing;
    for (; missing > 0; missing -= track->last_len)
        bytes_add(&dump->out->bytes, track->last, track->last_len);
    track->next = offset;
    return NULL;
}

/* A last line of an offset only: the last word, or line of characters, may have had fewer bytes
 * than it was shown with. */
static void trim(struct dump *dump, const struct track *track, uint64_t offset)
{
    size_t most = dump->shape.base == 1 ? track->last_len : track->group; /* hexdump -c pads */
    if (offset < track->next && track->next - offset < most)
        dump->out->bytes->len -= (size_t)(track->next - offset);
}

/* Removes what was read of the last line after its wide gap, if the offset of this one says that it
 * is no byte: a text column that looks like hex, and shows the bytes in a way that is not known. */
static void trim_text(struct dump *dump, struct track *track, uint64_t offset)
{
    size_t more = track->last_len - track->before_gap;
    if (!track->begun || track->before_gap == 0 || offset == 0 || track->next - offset != more)
        return;
    dump->out->bytes->len -= more;
    track->last_len = track->before_gap;
    track->next = offset;
}

static const char *take_row(struct dump *dump)
{
    struct dump_row *row = &dump->row;
    const char *problem;
    if (dump->shape.by_indent) {
        end_piece(dump);
        bool other = row->indent != dump->shape.first_gap;
        dump->piece = (struct piece){.side = other ? PIECE_OTHER : PIECE_ONE};
    }
    struct track *track = track_of(dump);
    bool has_offset = dump->shape.form != FORM_SOCAT;
    uint64_t offset = has_offset ? dump_row_offset(row, dump->shape.radix) : track->next;
    if (offset == UINT64_MAX)
        return "expected an offset";
    if (track->squeezed && offset > track->next && (problem = unsqueeze(dump, track, offset)))
        return problem;
    if (has_offset)
        trim_text(dump, track, offset);
    track->squeezed = false;
    if (row->len == 0) {
        trim(dump, track, offset);
        return NULL;
    }
    if (track->begun && offset == 0 && has_offset)
        end_piece(dump);
    else if (track->begun && offset != track->next)
        return "the offset does not follow from the line before: lines are missing";
    if (dump->shape.reversed)
        dump_row_reverse(row->bytes, row->len, row->group);
    bytes_add(&dump->out->bytes, row->bytes, row->len);
    memcpy(track->last, row->bytes, row->len);
    track->last_len = row->len;
    track->group = row->group;
    track->before_gap = row->before_gap;
    track->begun = true;
    track->next = offset + row->len;
    return NULL;
}

static void take_note(struct dump *dump, const struct note *note)
{
    end_piece(dump);
    dump->skipped = note->kind == NOTE_SKIPPED;
    dump->until_blank = dump->skipped && note->piece.side == PIECE_PACKET;
    dump->rows_skipped = false;
    if (note->kind == NOTE_SIDE) {
        dump->piece = note->piece;
        track_of(dump)->begun = false;
    }
}

/* Ends what is skipped where a dump begins that no line announces: tshark names what it shows of a
 * packet only where that is more than the packet. */
static void end_skipped(struct dump *dump)
{
    bool first = dump_row_offset(&dump->row, dump->shape.radix) == 0;
    if (dump->until_blank && dump->rows_skipped && dump->after_blank && first)
        dump->skipped = false;
    dump->rows_skipped = true;
}

/* Bits of a field in the details of tshark -V: "0100 .... = Version: 4". */
static bool is_field(struct line line, const struct dump_row *row)
{
    return row->offset_len == 4 && !row->colon && row->gap == 1 && contains(line, " = ");
}

/* Is this a line among socat's, of its log, a prompt or the like? The bytes stand after one blank,
 * and begin with one. */
static bool is_beside_socat(const struct dump *dump, struct line line)
{
    bool bytes = line.len >= 3 && line.p[0] == ' ' && isalnum((uint8_t)line.p[1]) &&
                 isalnum((uint8_t)line.p[2]) && (line.len == 3 || line.p[3] == ' ');
    return dump->shape.form == FORM_SOCAT && !dump->strict && !bytes && dump->row.len == 0;
}

/* What is wrong with a line that begins with an offset; NULL: it is none of the dump. */
static const char *take_wrong(const struct dump *dump, struct line line)
{
    bool ends = line.len == 2 && memcmp(line.p, "--", 2) == 0;
    bool other = dump->skipped || ends || is_beside_socat(dump, line) ||
                 (!dump->strict && is_field(line, &dump->row));
    return other ? NULL : dump->row.problem;
}

static const char *take_line(struct dump *dump, struct line line)
{
    struct note note = note_of(line);
    if (note.kind != NOTE_NONE) {
        take_note(dump, &note);
        return NULL;
    }
    struct track *track = track_of(dump);
    switch (dump_row(line, dump->shape.base, dump->shape.form != FORM_SOCAT, &dump->row)) {
    case ROW_NONE:
        line_skip_blanks(&line);
        return dump->strict && line.len > 0 ? "expected an offset" : NULL;
    case ROW_STAR:
        track->squeezed = track->begun;
        return track->begun ? NULL : "a '*' before the first line";
    case ROW_WRONG:
        return take_wrong(dump, line);
    case ROW_BYTES:
        if (dump->strict && dump->shape.form == FORM_XXD && !dump->row.colon)
            return "expected a colon after the offset";
        end_skipped(dump);
        return dump->skipped ? NULL : take_row(dump);
    }
    return NULL;
}

bool read_dump(enum form form, bool strict, const uint8_t *text, size_t len, struct pieces *out,
               struct read_error *error)
{
    struct dump dump = {.shape = shape_of(text, len), .strict = strict, .out = out};
    struct line rest = {(const char *)text, len}, line;
    if (dump.shape.base == 0)
        dump.shape = (struct shape){.base = form == FORM_BITS ? 2 : 16, .radix = 16};
    if (strict && form == FORM_WORDS)
        dump.shape.reversed = true;
    dump.shape.form = form;
    for (size_t number = 1; line_next(&rest, &line); number++) {
        const char *problem = take_line(&dump, line);
        if (problem) {
            *error = (struct read_error){.line = number, .what = problem};
            return false;
        }
        dump.after_blank = line.len == 0;
    }
    end_piece(&dump);
    if (form == FORM_SOCAT && ws_bytes_len(out->bytes) == 0) {
        *error = (struct read_error){.line = 1, .what = "-v shows characters: use -x, or both"};
        return false;
    }
    return true;
}
