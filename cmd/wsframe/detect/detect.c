#include "cmd/wsframe/detect/detect.h"

#include "cmd/wsframe/detect/dissection.h"
#include "cmd/wsframe/detect/leading_time.h"
#include "cmd/wsframe/read/lines.h"
#include "cmd/wsframe/text/plain_text.h"
#include "cmd/wsframe/text/read_dump.h"
#include "cmd/wsframe/text/read_escaped.h"
#include "cmd/wsframe/text/read_heads.h"
#include "cmd/wsframe/text/read_list.h"
#include "cmd/wsframe/text/read_log.h"
#include "cmd/wsframe/text/read_text.h"

#include <ws/frame.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LINES_LOOKED_AT = 200 };

static bool is_tcpdump_header(struct line line)
{
    static const char *const words[] = {"IP ", "IP6 "};
    for (size_t w = 0; w < 2; w++) {
        size_t n = strlen(words[w]);
        for (size_t i = 0; i + n < line.len && i < 64; i++)
            if ((i == 0 || line.p[i - 1] == ' ') && memcmp(line.p + i, words[w], n) == 0 &&
                memmem(line.p + i, line.len - i, "Flags [", 7))
                return true;
    }
    return false;
}

/* HTTP begins with one of these, also as curl -v shows it. */
static bool is_http_text(const uint8_t *data, size_t len)
{
    static const char *const words[] = {"GET /", "POST /", "HTTP/1.0 ", "HTTP/1.1 "};
    struct line rest = {(const char *)data, len}, line;
    for (int i = 0; i < LINES_LOOKED_AT && line_next(&rest, &line); i++) {
        bool shown = line.len > 2 && (*line.p == '>' || *line.p == '<') && line.p[1] == ' ';
        const char *p = shown ? line.p + 2 : line.p;
        size_t left = shown ? line.len - 2 : line.len;
        for (size_t w = 0; w < sizeof words / sizeof *words; w++)
            if (left > strlen(words[w]) && memcmp(p, words[w], strlen(words[w])) == 0)
                return true;
        if (line.len > 0 && *line.p != '*')
            return false;
    }
    return false;
}

/* True for characters of `alphabet` and white space only; `*count` gets the number of the
 * former. */
static bool consists_of(const uint8_t *data, size_t len, const char *alphabet, size_t *count)
{
    bool allowed[256] = {false};
    for (const char *p = alphabet; *p; p++)
        allowed[(uint8_t)*p] = true;
    *count = 0;
    for (size_t i = 0; i < len; i++) {
        if (isspace(data[i]))
            continue;
        if (!allowed[data[i]])
            return false;
        ++*count;
    }
    return *count > 0;
}

static bool contains(const uint8_t *data, size_t len, const char *text)
{
    return memmem(data, len, text, strlen(text)) != NULL;
}

/* "        0x0010:  7f00 0001 ..." of tcpdump; gdb has 0x before its bytes too. */
static bool is_tcpdump_bytes(struct line line)
{
    uint64_t offset;
    line_skip_blanks(&line);
    if (line.len < 3 || line.p[0] != '0' || line.p[1] != 'x')
        return false;
    struct line rest = {line.p + 2, line.len - 2};
    /* lldb and gdb have addresses in that place. */
    if (line_hex_number(&rest, &offset) != 4 || offset % 16 != 0 || rest.len < 2 ||
        *rest.p != ':' || rest.p[1] == '\t')
        return false;
    rest = (struct line){rest.p + 1, rest.len - 1};
    line_skip_blanks(&rest);
    /* tcpdump has pairs of bytes together. */
    bool pairs = rest.len > 2 && isspace((uint8_t)rest.p[2]);
    return rest.len > 1 && rest.p[1] != 'x' && !pairs;
}

/* tcpdump's text, with bytes or without. FORM_UNKNOWN: no text of tcpdump. */
static enum form detect_tcpdump(const uint8_t *data, size_t len)
{
    struct line rest = {(const char *)data, len}, line;
    bool header = false;
    for (int i = 0; i < LINES_LOOKED_AT && line_next(&rest, &line); i++) {
        if (is_tcpdump_bytes(line))
            return FORM_TCPDUMP;
        header |= is_tcpdump_header(line);
    }
    return header ? FORM_TCPDUMP_ASCII : FORM_UNKNOWN;
}

static enum form detect_json(const uint8_t *data, size_t len)
{
    if (*data != '{' && *data != '[')
        return FORM_UNKNOWN;
    if (contains(data, len, "\"_webSocketMessages\""))
        return FORM_HAR;
    return contains(data, len, "\"dir\":") && contains(data, len, "\"type\":") ? FORM_RECORDS
                                                                               : FORM_UNKNOWN;
}

/* Is this prose or a program? Words of four letters say so, one of them, or in a text that has
 * arrays of bytes a dozen; and names of functions and the like beside numbers in brackets. */
static bool has_words(const uint8_t *data, size_t len)
{
    static const char *const names[] = {"Buffer",    "Uint8Array", "unsigned", "uint8_t",
                                        "bytearray", "byte[",      "byte{",    "0x"};
    enum { A_WORD = 4, MANY = 12 };
    bool bytes = false, named = false;
    size_t letters = 0, words = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        bytes |= contains(data, len, names[i]);
    for (size_t i = 0; i < len && words < MANY; i++) {
        named |= letters > 0 && (data[i] == '(' || data[i] == '{');
        letters = isalpha(data[i]) ? letters + 1 : 0;
        words += letters == A_WORD;
    }
    return words >= MANY || (!bytes && (words > 0 || named));
}

/* Is it JSON that holds something else than bytes, an object or arrays in an array? Bytes are an
 * array by themselves, Node's {"type":"Buffer","data":[129,0]} or {"0":129,"1":0}, which is a
 * Uint8Array. */
static bool is_other_json(const uint8_t *data, size_t len)
{
    size_t at = 0, arrays = 0;
    bool object = false;
    for (; at < len && !object && strchr("[{ \t\r\n", data[at]); at++) {
        arrays += data[at] == '[';
        object = data[at] == '{';
    }
    while (at < len && isspace(data[at]))
        at++;
    if (!object)
        return arrays > 1;
    if (at == len || (data[at] != '"' && data[at] != '\''))
        return false;
    bool numbered = at + 2 < len && data[at + 1] == '0' && data[at + 2] == data[at];
    return !numbered && !contains(data, len, "\"Buffer\"");
}

/* Do letters alone, or words with blanks between, make it look like prose? */
static bool is_prose(const uint8_t *data, size_t len)
{
    bool other = false;
    while (len > 0 && isspace(data[len - 1]))
        len--;
    for (size_t i = 0; i < len; i++) {
        if (isblank(data[i]))
            return true;
        other |= !isalpha(data[i]) && !isspace(data[i]) && data[i] != '-' && data[i] != '_';
    }
    return !other;
}

/* What encode -o c writes, also of frames that are against the rules. */
static bool is_own_array(const uint8_t *data, size_t len)
{
    return contains(data, len < 64 ? len : 64, "static const unsigned char frames[");
}

/* Is this one frame that ends where the input does, whatever its opcode and reserved bits? */
static bool is_one_frame(const uint8_t *data, size_t len)
{
    struct ws_frame frame;
    return len > 2 && data[0] >= 0x80 && ws_frame_parse(data, len, &frame) != WS_MORE &&
           frame.length == len - frame.header_len;
}

/* A backslash, x and all digits, as PostgreSQL prints a bytea. */
static bool is_bytea(const uint8_t *data, size_t len)
{
    enum { EMPTY = 4 }; /* digits of a frame without payload: "\\x89" and "00" could be a string */
    size_t count;
    if (len < 6 || data[0] != '\\' || data[1] != 'x' ||
        !consists_of(data + 2, len - 2, "0123456789abcdefABCDEF", &count))
        return false;
    return count % 2 == 0 && (count > EMPTY || (count == EMPTY && memcmp(data + 4, "00", 2) == 0));
}

/* Zeros and ones without separators: do the bits begin a frame, and the same as hex digits not? Or
 * are they whole frames? */
static bool are_joined_bits(const uint8_t *data, size_t len)
{
    struct pieces bits = {0}, hex = {0};
    struct read_error error;
    bool read = read_bits(data, len, &bits.bytes, &error);
    bool is_hex = read_hex(data, len, &hex.bytes, &error) &&
                  detect_plausible(bytes_data(hex.bytes), ws_bytes_len(hex.bytes));
    const uint8_t *data_of_bits = bytes_data(bits.bytes);
    size_t count = ws_bytes_len(bits.bytes);
    bool frames = read && (detect_convincing(data_of_bits, count) ||
                           (!is_hex && detect_plausible(data_of_bits, count)));
    pieces_free(&bits);
    pieces_free(&hex);
    return frames;
}

/* Groups of eight or of four, or of bytes together, zeros and ones only. */
static bool is_bits(const uint8_t *data, size_t len)
{
    size_t run = 0, groups = 0, first = 0;
    while (first < len && (data[first] == '0' || data[first] == '1'))
        first++;
    size_t size = first == 4 ? 4 : 8;
    bool joined = false;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && (data[i] == '0' || data[i] == '1')) {
            run++;
        } else if (i < len && run > 8 && isspace(data[i])) {
            joined = true; /* a line that is full may end inside a byte */
        } else if (i == len || isspace(data[i]) || data[i] == ',') {
            if (run % size != 0 || (size == 4 && run > size))
                return false;
            joined |= run > size;
            groups += run / size;
            run = 0;
        } else {
            return false;
        }
    }
    return groups * size >= 16 && (!joined || are_joined_bits(data, len));
}

/* The lengths of the groups of digits that `separators` separate; 0 if there is anything else. */
static size_t group_lengths(const uint8_t *data, size_t len, const char *separators,
                            size_t *lengths, size_t most)
{
    size_t count = 0, n = 0;
    while (len > 0 && isspace(data[len - 1]))
        len--;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && isxdigit(data[i])) {
            n++;
        } else if (n > 0 && count < most && (i == len || strchr(separators, data[i]))) {
            lengths[count++] = n;
            n = 0;
        } else {
            return 0;
        }
    }
    return count;
}

/* Times, dates, addresses of network cards, UUIDs and Intel HEX have hex digits too. */
static bool is_name_of_something(const uint8_t *data, size_t len)
{
    size_t n[16], count = group_lengths(data, len, ":-", n, 16);
    bool date = count == 3 && n[0] == 4 && n[1] == 2 && n[2] == 2;
    bool time = count > 1 && count <= 3 && memchr(data, ':', len);
    bool uuid = count == 5 && n[0] == 8 && n[1] == 4 && n[2] == 4 && n[3] == 4 && n[4] == 12;
    bool card = count == 6;
    for (size_t i = 0; i < count && (card || time); i++)
        card = card && n[i] == 2, time = time && n[i] == 2;
    if (*data == ':' && len > 11 && isxdigit(data[1]) && isxdigit(data[10]))
        return true;
    /* A date and a time. */
    bool both = group_lengths(data, len, ":- T", n, 16) == 6 && memchr(data, '-', len) &&
                memchr(data, ':', len);
    return date || time || uuid || card || both;
}

/* Does the address of a network card stand before digits in a line, as with -T fields of tshark? */
static bool has_card(const uint8_t *data, size_t len)
{
    enum { CARD = 17, DIGITS = 4 };
    struct line rest = {(const char *)data, len}, line;
    for (int n = 0; n < LINES_LOOKED_AT && line_next(&rest, &line); n++) {
        size_t i = 0;
        while (i < line.len && i < CARD &&
               (i % 3 == 2 ? line.p[i] == ':' : isxdigit((uint8_t)line.p[i])))
            i++;
        if (i < CARD || line.len == CARD || !isblank((uint8_t)line.p[CARD]))
            continue;
        struct line digits = {line.p + CARD, line.len - CARD};
        line_skip_blanks(&digits);
        for (i = 0; i < digits.len && i < DIGITS && isxdigit((uint8_t)digits.p[i]);)
            i++;
        if (i == DIGITS)
            return true;
    }
    return false;
}

/* Does a word of letters stand before bytes that are written in another way than it: fade 81 05,
 * db 0x81, 0x05? */
static bool has_label(const uint8_t *data, size_t len)
{
    size_t label = 0, others = 0, pairs = 0, prefixed = 0;
    for (size_t i = 0; i < len;) {
        size_t n = 0;
        bool letters = true;
        while (i + n < len && isalnum(data[i + n]))
            letters &= isalpha(data[i + n++]) != 0;
        if (i == 0 && n > 1 && letters)
            label = n;
        else if (n > 0)
            others++, pairs += n == 2, prefixed += n > 2 && (data[i + 1] | 0x20) == 'x';
        i += n + (n == 0);
    }
    /* Assembler repeats it in each line. */
    bool among_pairs = label > 2 && pairs == others;
    return label > 0 && others > 2 && (among_pairs || prefixed > others / 2);
}

enum reader { BY_HEX, BY_BASE64, BY_LIST, BY_LOG, BY_ESCAPES };

/* Does a reader make bytes of the text that may begin with a frame? `*read` says that it makes
 * bytes at all. */
static bool holds_frames(enum reader reader, const uint8_t *text, size_t len, bool *read)
{
    bool strict = (reader == BY_LIST && (has_words(text, len) || is_other_json(text, len))) ||
                  (reader == BY_BASE64 && is_prose(text, len));
    enum { LOOKED_AT = 65536 };
    struct pieces pieces = {0};
    const char *note;
    /* The sample may end inside a byte, which is not an error. */
    /* A list ends with its bracket, and a trace begins with the reads of libraries. */
    bool whole = len <= LOOKED_AT || reader == BY_LIST || reader == BY_ESCAPES;
    size_t sample = whole ? len : LOOKED_AT;
    struct read_error error = {0};
    *read = reader == BY_HEX       ? read_hex(text, sample, &pieces.bytes, &error) || !whole
            : reader == BY_BASE64  ? read_base64(text, sample, &pieces.bytes, &error) || !whole
            : reader == BY_ESCAPES ? read_escaped(text, sample, &pieces, &error)
            : reader == BY_LIST    ? read_list(text, sample, &pieces, &error, &note)
                                   : read_log(text, sample, &pieces, NULL, &note);
    /* What is before too many repetitions says what they are of. */
    *read |= error.what == bytes_repeated_too_often;
    *read = *read && ws_bytes_len(pieces.bytes) > 0;
    const uint8_t *data = bytes_data(pieces.bytes);
    size_t count = ws_bytes_len(pieces.bytes);
    bool holds = *read && (strict ? detect_convincing(data, count) ||
                                        (reader == BY_LIST && detect_begun(data, count))
                                  : detect_plausible(data, count));
    holds |= *read && !strict && reader == BY_BASE64 && is_one_frame(data, count);
    pieces_free(&pieces);
    return holds;
}

/* The forms that are made of numbers or letters only, and then those that have them somewhere. */
static enum form detect_digits(const uint8_t *data, size_t len)
{
    size_t count;
    /* Swift prints Data in angle brackets. */
    bool read, hex = consists_of(data, len,
                                 *data == '<' ? "0123456789abcdefABCDEF<>"
                                              : "0123456789abcdefABCDEFxX,:-|",
                                 &count);
    if (is_name_of_something(data, len))
        return FORM_UNKNOWN;
    if (hex && (leading_time(data, len) || has_card(data, len)))
        return holds_frames(BY_LOG, data, len, &read) ? FORM_LOG : FORM_UNKNOWN;
    if (hex && has_label(data, len) && holds_frames(BY_LOG, data, len, &read))
        return FORM_LOG;
    if (hex && holds_frames(BY_HEX, data, len, &read))
        return FORM_HEX;
    if (holds_frames(BY_LIST, data, len, &read) || (read && is_own_array(data, len)))
        return FORM_LIST;
    if (hex)
        return FORM_HEX;
    if (read)
        return FORM_NUMBERS;
    bool letters =
        consists_of(data, len,
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_",
                    &count) &&
        count > 2;
    if (letters && holds_frames(BY_BASE64, data, len, &read))
        return FORM_BASE64;
    if (holds_frames(BY_LOG, data, len, &read))
        return FORM_LOG;
    return letters && count % 4 == 0 && !is_prose(data, len) ? FORM_LETTERS : FORM_UNKNOWN;
}

/* Does each number have its character in quotes beside it, as gdb shows them, or is each character
 * an element of an array, as lldb does? */
static bool has_characters(const uint8_t *data, size_t len)
{
    size_t count = 0;
    for (size_t i = 2; i + 1 < len; i++)
        count += data[i] == '\'' && data[i - 1] == ' ' &&
                 (isdigit(data[i - 2]) ||
                  (i > 4 && isdigit(data[i - 5]) && memcmp(data + i - 4, "] = ", 4) == 0));
    return count > 1;
}

/* Does a string begin with the character that stands for a byte which is no UTF-8? The first byte
 * of most frames is none. */
static bool has_lost_bytes(const uint8_t *data, size_t len)
{
    static const char mark[] = "\"\xEF\xBF\xBD", escaped[] = "\"\\ufffd";
    return (len >= sizeof mark - 1 && memcmp(data, mark, sizeof mark - 1) == 0) ||
           (len >= sizeof escaped - 1 &&
            strncasecmp((const char *)data, escaped, sizeof escaped - 1) == 0);
}

static enum form detect_text(const uint8_t *data, size_t len)
{
    enum form form;
    bool read;
    while (len > 0 && isspace(*data)) {
        data++;
        len--;
    }
    if (len == 0)
        return FORM_EMPTY;
    if (is_bits(data, len))
        return FORM_BITS;
    if (is_http_text(data, len))
        return read_heads_has(data, len) ? FORM_HEADS : FORM_HTTP_TEXT;
    if ((form = detect_tcpdump(data, len)) != FORM_UNKNOWN ||
        (form = detect_json(data, len)) != FORM_UNKNOWN ||
        (form = read_dump_form(data, len)) != FORM_UNKNOWN)
        return form;
    if (has_lost_bytes(data, len))
        return FORM_REPLACED;
    if (dissection_is(data, len))
        return FORM_DISSECTION;
    if (is_bytea(data, len))
        return FORM_HEX;
    if (read_escaped_has(data, len) && !has_characters(data, len) &&
        holds_frames(BY_ESCAPES, data, len, &read))
        return FORM_ESCAPED;
    if (contains(data, len, "=> Send data, ") || contains(data, len, "<= Recv data, "))
        return FORM_CURL_ASCII;
    return detect_digits(data, len);
}

enum form detect(const uint8_t *data, size_t len)
{
    if (len == 0)
        return FORM_EMPTY;
    if (detect_pcap(data, len))
        return FORM_PCAP;
    enum form form = detect_bytes(data, len);
    if (form == FORM_HTTP2 && !form_explanation(form))
        return FORM_RAW;
    if (form != FORM_RAW)
        return form;
    if (plain_text_is(data, len))
        return detect_text(data, len);
    /* A first fragment is not there, or this is no frame: only --from=raw decodes it. */
    bool orphan = (data[0] & 15) == WS_OP_CONTINUATION;
    if (is_one_frame(data, len))
        return FORM_RAW;
    return (orphan ? detect_convincing : detect_plausible)(data, len) ? FORM_RAW : FORM_UNKNOWN;
}
