#include "cmd/wsframe/options/settings.h"

#include "libws/proto/deflate_offer.h"
#include <ws/handshake.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The parameters of a handshake that is not in the input, such as client_no_context_takeover: a
 * decompressor needs none of them, but they must be some. */
static const char *set_inflate(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    (void)options;
    (void)row;
    ((struct settings *)settings)->decode.inflate = true;
    if (!value || strcmp(value, "auto") == 0)
        return NULL;
    char list[256];
    int len = snprintf(list, sizeof list, "permessage-deflate; %s", value);
    struct ws_str rest = {list, (size_t)len}, name, params;
    struct ws_deflate_offer offer;
    if ((size_t)len < sizeof list &&
        ws_extension_next(&rest, &name, &params) == WS_EXTENSION_FOUND && rest.len == 0 &&
        ws_deflate_read_offer(params, false, &offer))
        return NULL;
    return "auto, or parameters of permessage-deflate, such as client_no_context_takeover";
}

#define S struct settings
#define D .only = "decode"
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
    {.name = "keylog",
     OPTION_STRING(S, decode.keylog),
     .metavar = "FILE",
     D,
     .help = "decrypt TLS in a capture with the secrets in this file of SSLKEYLOGFILE"},
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
     OPTION_CHOICE(S, decode.output, "text|table|json|jsonl|hex|raw"),
     D,
     .help =
         "print lines for people, a table of the connections, JSON of every frame, the toolkit's "
         "records of every message, or the frames themselves"},
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
    {.name = "inflate",
     OPTION_CALL(set_inflate),
     .metavar = "auto|PARAMS",
     .flags = OPTION_OPTIONAL,
     .like = "^auto$",
     D,
     .help =
         "inflate compressed frames too, and without a captured handshake; messages are inflated "
         "in any case where a handshake agreed on it"},
    {.name = "stream",
     OPTION_NUMBER(S, decode.stream, 1, 1000000000),
     .metavar = "N",
     D,
     .help = "show only the connection of this number, from 1"},
    {.name = "follow",
     OPTION_FLAG(S, decode.follow),
     D,
     .help =
         "show the whole messages of one connection: of --stream, or the first with a WebSocket"},
    {.name = "extract",
     OPTION_STRING(S, decode.extract),
     .metavar = "DIR",
     D,
     .help = "write each message to a file of its own in this folder, which is made if needed"},
    {.name = "frames", OPTION_SET(S, decode.messages, false), D, .help = "show frames (default)"},
    {.name = "only",
     OPTION_CALL(set_only),
     .metavar = "LIST",
     .flags = OPTION_REPEAT,
     D,
     .choices = "text|binary|continuation|ping|pong|close|data|control",
     .help = "show these kinds only, commas between them"},
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

};
#undef S
#undef D

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

static bool check_captures(const struct settings *s, struct options *options)
{
    if (s->decode.skip > 0 && (s->decode.captures.count > 0 || s->decode.from == FORM_PCAP ||
                               s->decode.from == FORM_TCPDUMP))
        return usage_error(options, "--skip is for bytes: a capture has none to skip");
    if (s->decode.keylog && s->decode.hex.count > 0)
        return usage_error(options, "--keylog is for captures");
    if (s->decode.captures.count > 0 && s->decode.from != FORM_AUTO && s->decode.from != FORM_PCAP)
        return usage_error(options,
                           "--read is for captures: it cannot be combined with another --from");
    return true;
}

static bool check_decode(struct settings *s, struct options *options)
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
    if (s->decode.follow && s->decode.output != OUTPUT_TEXT)
        return usage_error(options, "--follow needs --output=text");
    if (s->decode.follow)
        s->decode.messages = true;
    return check_captures(s, options);
}

static bool check(struct settings *s, struct options *options)
{
    switch (s->command) {
    case COMMAND_DECODE:
        return check_decode(s, options);
    case COMMAND_ENCODE:
        return settings_encode_check(&s->encode, s->words, s->word_count, options);
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

static const char decode_first[] =
    "from read port keylog direction output bytes messages follow strict";
static const char encode_first[] =
    "text binary ping close opcode mask fragment deflate allow-invalid output";

bool wsframe_settings_read(struct settings *settings, struct options *options, int argc,
                           char **argv)
{
    static const char *const names[] = {"decode", "encode", "accept", "key", "close-codes"};
    static struct option_table tables[3];
    *settings = (struct settings){.command = COMMAND_DECODE};
    tables[0] = (struct option_table){OPTION_ROWS(rows), settings, NULL};
    tables[1] = settings_encode_table(&settings->encode);
    tables[2] = (struct option_table){OPTION_ROWS(options_common_rows), &settings->common, NULL};
    *options = (struct options){
        .tool = "wsframe",
        .usage = "wsframe [decode] [OPTION]... [FILE|HEX]...\n"
                 "wsframe encode [OPTION]... [PAYLOAD]...\n"
                 "wsframe accept [-v] KEY\n"
                 "wsframe key\n"
                 "wsframe close-codes [CODE]...",
        .about =
            "Decodes WebSocket frames, reports violations of the protocol, and makes new frames.",
        .first = decode_first,
        .verbose =
            "say what the input was detected as, and more of what was found in it: of a masked "
            "payload all bytes, of 'accept' each step",
        .tail = tail,
        .tables = tables,
        .table_count = 3,
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
    if (settings->command != COMMAND_DECODE)
        options->first = settings->command == COMMAND_ENCODE ? encode_first : NULL;
    if (!options_parse(options, argc, argv))
        return false;
    bool late = command < 0 && options->arg_count > 0 && command_of(options->args[0]) >= 0;
    if (late && access(options->args[0], F_OK) != 0)
        return usage_error(options, "the subcommand comes first: write '%s %s' and then options",
                           options->tool, options->args[0]);
    settings->words = options->args;
    settings->word_count = options->arg_count;
    return check(settings, options);
}
