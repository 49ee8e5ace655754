#include "cmd/wsframe/options/settings.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include <ws/close.h>

#include <string.h>

static const char commands[] = "decode encode accept key close-codes";

/* --- options with parsers of their own --- */

static const char *set_only(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    static const struct {
        const char *name;
        unsigned bits;
    } kinds[] = {
        {"text", 1u << WS_OP_TEXT},
        {"binary", 1u << WS_OP_BINARY},
        {"continuation", 1u << WS_OP_CONTINUATION},
        {"ping", 1u << WS_OP_PING},
        {"pong", 1u << WS_OP_PONG},
        {"close", 1u << WS_OP_CLOSE},
        {"data", 1u << WS_OP_TEXT | 1u << WS_OP_BINARY | 1u << WS_OP_CONTINUATION},
        {"control", 1u << WS_OP_PING | 1u << WS_OP_PONG | 1u << WS_OP_CLOSE},
    };
    struct settings *s = settings;
    (void)options;
    (void)row;
    for (const char *p = value;;) {
        size_t n = strcspn(p, ","), i = 0;
        while (i < sizeof kinds / sizeof *kinds &&
               (strlen(kinds[i].name) != n || memcmp(kinds[i].name, p, n) != 0))
            i++;
        if (i == sizeof kinds / sizeof *kinds)
            return "a list of text, binary, continuation, ping, pong, close, data, control";
        s->decode.only |= kinds[i].bits;
        if (!p[n])
            return NULL;
        p += n + 1;
    }
}

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
    struct settings *s = settings;
    uint64_t number = 0;
    (void)options;
    if (s->encode.typed && strcmp(s->encode.kind, row->name) != 0)
        return "the only kind: a frame has one kind";
    s->encode.typed = true;
    s->encode.kind = row->name;
    if (strcmp(row->name, "opcode") == 0) {
        if (!read_opcode(value, &s->encode.opcode))
            return "an opcode: a number from 0 to 15, or 0x0 to 0xf";
        return NULL;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, row->name) == 0)
            s->encode.opcode = kinds[i].opcode;
    s->encode.payload = value;
    if (s->encode.opcode != WS_OP_CLOSE || !value)
        return NULL;
    char digits[8];
    size_t n = strcspn(value, ":");
    if (n >= sizeof digits)
        return "CODE or CODE:REASON, such as 1000:bye";
    memcpy(digits, value, n);
    digits[n] = '\0';
    if (units_number(digits, 0, 65535, &number) != UNITS_OK)
        return "CODE or CODE:REASON, such as 1000:bye";
    s->encode.close_code = (unsigned)number;
    s->encode.payload = value[n] ? value + n + 1 : NULL;
    return NULL;
}

static const char *set_mask(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    struct settings *s = settings;
    size_t len;
    (void)options;
    (void)row;
    if (!value || strcmp(value, "random") == 0) {
        s->encode.masking = MASKING_RANDOM;
        return NULL;
    }
    s->encode.masking = MASKING_KEY;
    if (strcmp(value, "zero") == 0) {
        memset(s->encode.mask_key, 0, sizeof s->encode.mask_key);
        return NULL;
    }
    if (hex_parse(value, strlen(value), s->encode.mask_key, 4, &len, NULL) != HEX_OK || len != 4)
        return "a masking key: 8 hex digits, random, or zero";
    return NULL;
}

static const char *set_length_form(struct options *options, const struct option_row *row,
                                   void *settings, const char *value)
{
    struct settings *s = settings;
    int form = strcmp(row->name, "len7") == 0 ? 7 : strcmp(row->name, "len16") == 0 ? 16 : 64;
    (void)options;
    (void)value;
    if (s->encode.length_form && s->encode.length_form != form)
        return "the only one: a length has one form";
    s->encode.length_form = form;
    return NULL;
}

static const char *set_fake_length(struct options *options, const struct option_row *row,
                                   void *settings, const char *value)
{
    struct settings *s = settings;
    (void)options;
    (void)row;
    if (units_number(value, 0, UINT64_MAX, &s->encode.fake_length) != UNITS_OK)
        return "a number of bytes";
    s->encode.fake = true;
    return NULL;
}

#define S struct settings
#define D .only = "decode"
#define E .only = "encode"
static const struct option_row rows[] = {
    {OPTION_GROUP("What decode reads")},
    {.name = "from",
     .letters = "f",
     OPTION_CHOICE(S, decode.from,
                   "auto|hex|xxd|hexdump|hexdump-le|od|tcpdump|c|escaped|base64|bits|raw|pcap"),
     D,
     .help =
         "form of the input, instead of detecting it; hexdump is hexdump -C, hexdump-le hexdump, "
         "c a list of numbers"},
    {.name = "hex",
     OPTION_LIST(S, decode.hex),
     .metavar = "HEX",
     D,
     .help = "decode these digits, even if a file has that name; may be repeated"},
    {.name = "read",
     .letters = "r",
     OPTION_LIST(S, decode.captures),
     .metavar = "FILE",
     D,
     .help = "decode this capture of tcpdump -w or Wireshark; may be repeated"},
    {.name = "port",
     OPTION_PORT(S, decode.port),
     D,
     .help = "decode only connections to this port, of a capture"},
    {.name = "skip", OPTION_SIZE(S, decode.skip), D, .help = "skip this many bytes of the input"},
    {.name = "direction",
     .letters = "d",
     OPTION_CHOICE(S, decode.direction, "auto|client|server"),
     D,
     .help = "sender of the input, whose masking is checked then (default auto: decided by the "
             "mask bit)"},

    {OPTION_GROUP("What decode shows")},
    {.name = "output",
     .letters = "o",
     OPTION_CHOICE(S, decode.output, "text|json|jsonl|hex|raw"),
     D,
     .help = "print lines for people, JSON of every frame, the toolkit's records of every message, "
             "or the frames themselves"},
    {.name = "bytes", OPTION_FLAG(S, decode.bytes), D, .help = "label every byte below its frame"},
    {.name = "diagram",
     OPTION_FLAG(S, decode.diagram),
     D,
     .help = "draw each frame as RFC 6455 section 5.2 does"},
    {.name = "payload-only",
     OPTION_FLAG(S, decode.payload_only),
     D,
     .help = "print only the payloads of data frames (or of --only): a line each, or as -o "
             "hex|raw writes them"},
    {.name = "messages",
     OPTION_SET(S, decode.messages, true),
     D,
     .help = "assemble fragments and show messages"},
    {.name = "frames", OPTION_SET(S, decode.messages, false), D, .help = "show frames (default)"},
    {.name = "only",
     OPTION_CALL(set_only),
     .metavar = "LIST",
     .flags = OPTION_REPEAT,
     D,
     .help = "show these kinds only: text,binary,continuation,ping,pong,close, or data,control"},
    {.name = "count",
     .letters = "c",
     OPTION_COUNT(S, decode.count),
     D,
     .help = "stop after this many frames or messages"},
    {.name = "keep-mask",
     OPTION_FLAG(S, decode.keep_mask),
     D,
     .help = "show masked payloads without unmasking them"},
    {.name = "strict",
     .letters = "S",
     OPTION_FLAG(S, decode.strict),
     D,
     .help = "exit with 10 if a rule is violated or bytes are missing"},

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
     OPTION_STRING(S, encode.hex),
     .metavar = "HEX",
     E,
     .help = "payload in hex digits (a binary frame unless an option says otherwise)"},
    {.name = "file",
     OPTION_STRING(S, encode.file),
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
     OPTION_SIZE(S, encode.fragment),
     .min = 1,
     E,
     .help = "split the message into frames of at most this size"},

    {OPTION_GROUP("What encode makes for tests")},
    {.name = "no-fin",
     OPTION_FLAG(S, encode.no_fin),
     E,
     .help = "clear FIN: more fragments follow"},
    {.name = "rsv1", OPTION_FLAG(S, encode.rsv1), E, .help = "set the first reserved bit"},
    {.name = "rsv2", OPTION_FLAG(S, encode.rsv2), E, .help = "set the second reserved bit"},
    {.name = "rsv3", OPTION_FLAG(S, encode.rsv3), E, .help = "set the third reserved bit"},
    {.name = "len7", OPTION_CALL(set_length_form), E, .help = "encode the length in 7 bits"},
    {.name = "len16", OPTION_CALL(set_length_form), E, .help = "encode the length in 16 bits"},
    {.name = "len64", OPTION_CALL(set_length_form), E, .help = "encode the length in 64 bits"},
    {.name = "fake-length",
     OPTION_CALL(set_fake_length),
     .metavar = "N",
     E,
     .help = "claim this length instead of the payload's"},
    {.name = "allow-invalid",
     OPTION_FLAG(S, encode.allow_invalid),
     E,
     .help = "make frames that the RFC forbids"},

    {OPTION_GROUP("What encode prints")},
    {.name = "output",
     .letters = "o",
     OPTION_CHOICE(S, encode.encoding, "hex|raw|c|base64"),
     E,
     .help = "print hex digits, a line a frame (default); the bytes; an array in C; or base64"},
};
#undef S
#undef D
#undef E

static const char tail[] =
    "Decode takes whatever form the bytes are in: hex digits, dumps of xxd, hexdump, od, tcpdump,\n"
    "Wireshark and the like, arrays and strings of C, Python, JavaScript and others, log lines,\n"
    "base64, raw bytes, captures; from words, files, or standard input. -v says what it was taken\n"
    "for. A word that names an existing file is that file.\n"
    "\n"
    "Examples:\n"
    "  wsframe 81 85 37 fa 21 3d 7f 9f 4d 51 58      what is this?\n"
    "  wsframe --bytes dump.txt                      every byte of a dump\n"
    "  tcpdump -i lo -U -w - port 8080 | wsframe     a conversation as it happens\n"
    "  wsframe encode --mask -t Hello | wsframe -S   make a frame and check it\n"
    "  wsframe accept -v dGhlIHNhbXBsZSBub25jZQ==    calculate Sec-WebSocket-Accept\n"
    "\n"
    "Exit status: 0 done; 1 the input cannot be read or its form is unknown; 2 usage;\n"
    "10 --strict failed.\n";

/* Reports a usage error; false, so that it can be returned. */
#define usage_error(options, ...)                                                                  \
    ((options)->status = options_usage_error(options, __VA_ARGS__), false)

static bool check_decode(const struct settings *s, struct options *options)
{
    bool lines = s->decode.output == OUTPUT_TEXT && !s->decode.payload_only;
    bool json = s->decode.output == OUTPUT_JSON || s->decode.output == OUTPUT_JSONL;
    if ((s->decode.bytes || s->decode.diagram) && (!lines || s->decode.messages))
        return usage_error(options, "--bytes and --diagram need frames in --output=text");
    if (s->decode.payload_only && json)
        return usage_error(options, "--payload-only needs --output=text, hex or raw");
    if (s->decode.messages && !s->decode.payload_only &&
        (s->decode.output == OUTPUT_HEX || s->decode.output == OUTPUT_RAW))
        return usage_error(options, "a message has no bytes of its own: --messages with "
                                    "--output=hex or raw needs --payload-only");
    if (s->decode.keep_mask && (s->decode.messages || s->decode.output == OUTPUT_JSONL))
        return usage_error(options, "--keep-mask needs frames: a message has no mask");
    if (s->decode.skip > 0 && (s->decode.captures.count > 0 || s->decode.from == FORM_PCAP ||
                               s->decode.from == FORM_TCPDUMP))
        return usage_error(options, "--skip is for bytes: a capture has none to skip");
    if (s->decode.captures.count > 0 && s->decode.from != FORM_AUTO && s->decode.from != FORM_PCAP)
        return usage_error(options,
                           "--read is for captures: it cannot be combined with another --from");
    return true;
}

static bool check_encode(struct settings *s, struct options *options)
{
    int sources = (s->encode.payload != NULL) + (s->encode.hex != NULL) + (s->encode.file != NULL) +
                  (s->word_count > 0);
    if (sources > 1)
        return usage_error(options, "the payload has one source: a word, --hex, or --file");
    if (!s->encode.typed)
        s->encode.opcode = s->encode.hex || s->encode.file ? WS_OP_BINARY : WS_OP_TEXT;
    if (s->word_count > 0 && s->encode.opcode == WS_OP_CLOSE && !s->encode.close_code &&
        strspn(s->words[0], "0123456789") == strlen(s->words[0]))
        return usage_error(options, "write --close=%s: an optional argument needs '='",
                           s->words[0]);
    if (s->word_count > 0 && s->encode.masking == MASKING_RANDOM &&
        (strcmp(s->words[0], "zero") == 0 || strcmp(s->words[0], "random") == 0 ||
         (strlen(s->words[0]) == 8 && strspn(s->words[0], "0123456789abcdefABCDEF") == 8)))
        return usage_error(options, "write --mask=%s: an optional argument needs '='", s->words[0]);
    if (s->encode.opcode == WS_OP_CLOSE && s->encode.close_code && s->word_count > 0)
        return usage_error(options,
                           "a close frame takes no words: give its reason as --close=%u:REASON",
                           s->encode.close_code);
    if (s->encode.fragment && s->encode.fake)
        return usage_error(options, "--fake-length and --fragment exclude each other");
    return true;
}

static bool check(struct settings *s, struct options *options)
{
    switch (s->command) {
    case COMMAND_DECODE:
        return check_decode(s, options);
    case COMMAND_ENCODE:
        return check_encode(s, options);
    case COMMAND_ACCEPT:
        if (s->word_count != 1)
            return usage_error(options, "accept takes one KEY, as in Sec-WebSocket-Key");
        return true;
    case COMMAND_KEY:
        if (s->word_count > 0)
            return usage_error(options, "key takes no words");
        return true;
    case COMMAND_CLOSE_CODES:
        return true;
    }
    return true;
}

/* The subcommand named `word`, or -1. */
static int command_of(const char *word)
{
    int number = 0;
    for (const char *p = commands; *p; number++) {
        size_t n = strcspn(p, " ");
        if (strlen(word) == n && memcmp(word, p, n) == 0)
            return number;
        p += n + (p[n] != '\0');
    }
    return -1;
}

static bool shows_all(const char *word)
{
    static const char *const words[] = {"-h", "--help",    "--help=all",
                                        "-V", "--version", "--print-options"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

bool wsframe_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv)
{
    static const char *const names[] = {"decode", "encode", "accept", "key", "close-codes"};
    static struct option_table tables[2];
    *settings = (struct settings){.command = COMMAND_DECODE};
    tables[0] = (struct option_table){OPTION_ROWS(rows), settings, NULL};
    tables[1] = (struct option_table){OPTION_ROWS(options_common_rows), &settings->common, NULL};
    *options = (struct options){
        .tool = "wsframe",
        .usage = "wsframe [decode] [OPTION]... [FILE|HEX]...\n"
                 "wsframe encode [OPTION]... [PAYLOAD]...\n"
                 "wsframe accept [-v] KEY\n"
                 "wsframe key\n"
                 "wsframe close-codes [CODE]...",
        .about =
            "Decodes WebSocket frames, reports violations of the protocol, and makes new frames.",
        .tail = tail,
        .tables = tables,
        .table_count = 2,
        .subcommands = commands,
    };
    int command = argc > 1 ? command_of(argv[1]) : -1;
    if (command >= 0) {
        settings->command = (enum command)command;
        argv[1] = argv[0];
        argv++;
        argc--;
    }
    /* Without a subcommand, --help describes all of them. */
    if (command >= 0 || argc < 2 || !shows_all(argv[1]))
        options->subcommand = names[settings->command];
    if (!options_parse(options, argc, argv))
        return false;
    settings->words = options->args;
    settings->word_count = options->arg_count;
    return check(settings, options);
}
