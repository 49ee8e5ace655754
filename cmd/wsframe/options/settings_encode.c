#include "cmd/wsframe/options/settings_encode.h"

#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include <ws/frame.h>

#include <string.h>

static bool read_opcode(const char *value, unsigned *opcode)
{
    uint64_t number;
    if (strncmp(value, "0x", 2) == 0 && hex_digit(value[2]) >= 0 && value[3] == '\0') {
        *opcode = (unsigned)hex_digit(value[2]);
        return true;
    }
    bool read = units_number(value, 0, 15, &number) == UNITS_OK;
    *opcode = read ? (unsigned)number : 0;
    return read;
}

/* Stores one of the options that choose the kind of frame. */
static const char *set_kind(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    static const struct {
        const char *name;
        unsigned opcode;
    } kinds[] = {
        {"text", WS_OP_TEXT}, {"binary", WS_OP_BINARY}, {"continuation", WS_OP_CONTINUATION},
        {"ping", WS_OP_PING}, {"pong", WS_OP_PONG},     {"close", WS_OP_CLOSE}};
    struct settings_encode *s = settings;
    uint64_t number = 0;
    (void)options;
    if (s->typed && strcmp(s->kind, row->name) != 0)
        return "the only kind: a frame has one kind";
    s->typed = true;
    s->kind = row->name;
    if (strcmp(row->name, "opcode") == 0) {
        if (!read_opcode(value, &s->opcode))
            return "an opcode: a number from 0 to 15, or 0x0 to 0xf";
        return NULL;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, row->name) == 0)
            s->opcode = kinds[i].opcode;
    s->payload = value;
    if (s->opcode != WS_OP_CLOSE || !value)
        return NULL;
    char digits[8];
    size_t n = strcspn(value, ":");
    if (n >= sizeof digits)
        return "CODE or CODE:REASON, such as 1000:bye";
    memcpy(digits, value, n);
    digits[n] = '\0';
    if (units_number(digits, 0, 65535, &number) != UNITS_OK)
        return "CODE or CODE:REASON, such as 1000:bye";
    s->close_code = (unsigned)number;
    s->payload = value[n] ? value + n + 1 : NULL;
    return NULL;
}

static const char *set_mask(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    struct settings_encode *s = settings;
    size_t len;
    (void)options;
    (void)row;
    if (!value || strcmp(value, "random") == 0) {
        s->masking = MASKING_RANDOM;
        return NULL;
    }
    s->masking = MASKING_KEY;
    if (strcmp(value, "zero") == 0) {
        memset(s->mask_key, 0, sizeof s->mask_key);
        return NULL;
    }
    if (hex_parse(value, strlen(value), s->mask_key, 4, &len, NULL) != HEX_OK || len != 4)
        return "a masking key: 8 hex digits, random, or zero";
    return NULL;
}

static const char *set_from(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    (void)options;
    (void)row;
    if (strcmp(value, "jsonl") != 0)
        return "jsonl";
    ((struct settings_encode *)settings)->from_records = true;
    return NULL;
}

static const char *set_length_form(struct options *options, const struct option_row *row,
                                   void *settings, const char *value)
{
    struct settings_encode *s = settings;
    int form = strcmp(row->name, "len7") == 0 ? 7 : strcmp(row->name, "len16") == 0 ? 16 : 64;
    (void)options;
    (void)value;
    if (s->length_form && s->length_form != form)
        s->length_forms = true;
    s->length_form = form;
    return NULL;
}

static const char *set_fake_length(struct options *options, const struct option_row *row,
                                   void *settings, const char *value)
{
    struct settings_encode *s = settings;
    (void)options;
    (void)row;
    if (units_number(value, 0, UINT64_MAX, &s->fake_length) != UNITS_OK)
        return "a number of bytes";
    s->fake = true;
    return NULL;
}

#define S struct settings_encode
#define E .only = "encode"
static const struct option_row rows[] = {
    {OPTION_GROUP("What encode makes")},
    {.name = "text",
     .letters = "t",
     OPTION_CALL(set_kind),
     .metavar = "PAYLOAD",
     .flags = OPTION_OPTIONAL,
     E,
     .help = "make a text frame (default); without =PAYLOAD from the words, or standard input"},
    {.name = "binary",
     .letters = "b",
     OPTION_CALL(set_kind),
     .metavar = "PAYLOAD",
     .flags = OPTION_OPTIONAL,
     E,
     .help = "make a binary frame"},
    {.name = "continuation",
     OPTION_CALL(set_kind),
     .metavar = "PAYLOAD",
     .flags = OPTION_OPTIONAL,
     E,
     .help = "make a continuation frame"},
    {.name = "ping",
     OPTION_CALL(set_kind),
     .metavar = "PAYLOAD",
     .flags = OPTION_OPTIONAL,
     E,
     .help = "make a ping"},
    {.name = "pong",
     OPTION_CALL(set_kind),
     .metavar = "PAYLOAD",
     .flags = OPTION_OPTIONAL,
     E,
     .help = "make a pong"},
    {.name = "close",
     OPTION_CALL(set_kind),
     .metavar = "CODE[:REASON]",
     .flags = OPTION_OPTIONAL,
     .like = "^[0-9]{4}(:|$)",
     E,
     .help = "make a close frame, without a code unless one is given"},
    {.name = "opcode",
     OPTION_CALL(set_kind),
     .metavar = "N",
     E,
     .help = "make a frame with this opcode, 0 to 15"},
    {.name = "hex",
     OPTION_STRING(S, hex),
     .metavar = "HEX",
     E,
     .help = "payload in hex digits (a binary frame unless an option says otherwise)"},
    {.name = "file",
     OPTION_STRING(S, file),
     .metavar = "FILE",
     E,
     .help = "file with the payload (a binary frame unless an option says otherwise)"},
    {.name = "mask",
     OPTION_CALL(set_mask),
     .metavar = "KEY",
     .flags = OPTION_OPTIONAL,
     .like = "^((0[xX])?[0-9a-fA-F]{8}|random|zero)$",
     .choices = "random|zero",
     E,
     .help = "mask the payload as clients do, with this key of 8 hex digits or a random one"},
    {.name = "fragment",
     OPTION_SIZE(S, fragment),
     .min = 1,
     E,
     .help = "split the message into frames of at most this size"},
    {.name = "deflate",
     OPTION_FLAG(S, deflate),
     E,
     .help = "compress each message with permessage-deflate (RFC 7692), without context takeover"},
    {.name = "from",
     OPTION_CALL(set_from),
     .metavar = "jsonl",
     E,
     .help = "make frames of the toolkit's JSON Lines records (the client's masked), from standard "
             "input or --file"},

    {OPTION_GROUP("What encode makes for tests")},
    {.name = "no-fin", OPTION_FLAG(S, no_fin), E, .help = "clear FIN: more fragments follow"},
    {.name = "rsv1", OPTION_FLAG(S, rsv1), E, .help = "set the first reserved bit"},
    {.name = "rsv2", OPTION_FLAG(S, rsv2), E, .help = "set the second reserved bit"},
    {.name = "rsv3", OPTION_FLAG(S, rsv3), E, .help = "set the third reserved bit"},
    {.name = "len7", OPTION_CALL(set_length_form), E, .help = "encode the length in 7 bits"},
    {.name = "len16", OPTION_CALL(set_length_form), E, .help = "encode the length in 16 bits"},
    {.name = "len64", OPTION_CALL(set_length_form), E, .help = "encode the length in 64 bits"},
    {.name = "fake-length",
     OPTION_CALL(set_fake_length),
     .metavar = "N",
     E,
     .help = "claim this length instead of the payload's"},
    {.name = "allow-invalid",
     OPTION_FLAG(S, allow_invalid),
     E,
     .help = "make frames that the RFC forbids"},

    {OPTION_GROUP("What encode prints")},
    {.name = "output",
     .letters = "o",
     OPTION_CHOICE(S, encoding, "hex|raw|c|base64|pcap"),
     E,
     .help = "print hex digits, a line a frame (default); the bytes; an array in C; base64; or a "
             "capture of a connection, of which masked frames are the client's"},
};
#undef S
#undef E

struct option_table settings_encode_table(struct settings_encode *settings)
{
    return (struct option_table){OPTION_ROWS(rows), settings, NULL};
}

/* An optional argument that was typed with a blank before it is the first word. */
static bool check_word(const struct settings_encode *s, const char *word, struct options *options)
{
    if (s->opcode == WS_OP_CLOSE && !s->close_code && strspn(word, "0123456789") == strlen(word))
        return usage_error(options, "write --close=%s: an optional argument needs '='", word);
    if (s->masking == MASKING_RANDOM &&
        (strcmp(word, "zero") == 0 || strcmp(word, "random") == 0 ||
         (strlen(word) == 8 && strspn(word, "0123456789abcdefABCDEF") == 8)))
        return usage_error(options, "write --mask=%s: an optional argument needs '='", word);
    return true;
}

bool settings_encode_check(struct settings_encode *s, char **words, int count,
                           struct options *options)
{
    int sources = (s->payload != NULL) + (s->hex != NULL) + (s->file != NULL) + (count > 0);
    if (s->length_forms)
        return usage_error(options,
                           "--len7, --len16 and --len64 exclude each other: a length has one "
                           "form");
    if (s->from_records && (count > 0 || s->hex || s->typed))
        return usage_error(options, "--from=jsonl takes kinds and payloads from the records");
    if (s->deflate && s->typed && s->opcode != WS_OP_TEXT && s->opcode != WS_OP_BINARY)
        return usage_error(options, "--deflate is for text and binary messages (RFC 7692 6.1)");
    if (sources > 1)
        return usage_error(options, "the payload has one source: a word, --hex, or --file");
    if (!s->typed)
        s->opcode = s->hex || s->file ? WS_OP_BINARY : WS_OP_TEXT;
    if (count > 0 && !check_word(s, words[0], options))
        return false;
    if (s->opcode == WS_OP_CLOSE && s->close_code && count > 0)
        return usage_error(options,
                           "a close frame takes no words: give its reason as --close=%u:REASON",
                           s->close_code);
    if (s->fragment && s->fake)
        return usage_error(options, "--fake-length and --fragment exclude each other");
    return true;
}
