#include "cmd/wsframe/inspect.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/decode/stream.h"
#include "cmd/wsframe/print/print.h"
#include "cmd/wsframe/read/read_pcap.h"
#include "cmd/wsframe/read/read_tcpdump.h"
#include "cmd/wsframe/text/detect.h"
#include "cmd/wsframe/text/plain_text.h"
#include "cmd/wsframe/text/read_pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that are fed to the decoder at a time, so that it does not buffer the whole input again. */
enum { PIECE = 65536, MAGIC = 4 };

struct inspection {
    const struct settings *settings;
    struct decode decode;
    struct printer printer;
    struct streams *streams;
    bool live; /* the input may be waiting for more: what it has given is shown at once */
    int status;
    /* Sums over all inputs. */
    uint64_t violations, incomplete;
};

static void fail(struct inspection *in, const char *name, const char *why)
{
    exit_warn("%s: %s", name, why);
    in->status = WS_EXIT_FAILURE;
}

/* --- around an input --- */

static void begin(struct inspection *in, const char *name, enum form form)
{
    in->decode = (struct decode){
        .sink = print_event,
        .context = &in->printer,
        .direction = in->settings->decode.direction,
        .keep_mask = in->settings->decode.keep_mask,
        .messages = in->settings->decode.messages || in->settings->decode.extract ||
                    in->settings->decode.output == OUTPUT_JSONL,
        .inflate = in->settings->decode.inflate,
        .stream = in->settings->decode.stream,
        .follow = in->settings->decode.follow,
        .stop = in->decode.stop,
    };
    if (in->settings->common.verbose)
        exit_warn("%s: detected as %s", name, form_name(form));
    print_begin(&in->printer, name, form);
}

static void finish(struct inspection *in)
{
    print_end(&in->printer);
    in->violations += in->decode.violations;
    in->incomplete += in->decode.incomplete;
    decode_free(&in->decode);
}

static bool is_live(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && !S_ISREG(info.st_mode) && info.st_size == 0;
}

static void show(struct inspection *in)
{
    if (in->live && fflush(stdout) != 0)
        exit_stdout_failed();
}

/* --- captures --- */

static bool take_packet(void *context, const struct packet *packet, enum packet_link link)
{
    struct inspection *in = context;
    streams_packet(in->streams, packet, link);
    show(in);
    return !in->decode.stop;
}

/* Reports the content of a capture without WebSocket connections. */
static void explain_capture(struct inspection *in, const char *name,
                            const struct stream_counts *counts)
{
    static const char *const kinds[] = {[KIND_UNKNOWN] = "of something else",
                                        [KIND_WEBSOCKET] = NULL,
                                        [KIND_HTTP] = "of HTTP",
                                        [KIND_HTTP2] = "of HTTP/2",
                                        [KIND_TLS] = "of TLS",
                                        [KIND_OTHER] = "of something else"};
    char found[256] = "";
    size_t len = 0;
    for (int kind = 0; kind <= KIND_OTHER; kind++) {
        uint64_t count = counts->kinds[kind];
        if (kind == KIND_OTHER)
            count += counts->kinds[KIND_UNKNOWN];
        if (!kinds[kind] || count == 0 || kind == KIND_UNKNOWN)
            continue;
        len += (size_t)snprintf(found + len, sizeof found - len, "%s%" PRIu64 " connection%s %s",
                                len ? ", " : "", count, count == 1 ? "" : "s", kinds[kind]);
    }
    char why[512];
    if (len > 0)
        snprintf(why, sizeof why, "no WebSocket in it: %s%s", found,
                 counts->kinds[KIND_TLS] ? "; what TLS carries cannot be seen from outside" : "");
    else
        snprintf(why, sizeof why, "no WebSocket in it: %" PRIu64 " packet%s, none with TCP data%s",
                 counts->packets, counts->packets == 1 ? "" : "s",
                 in->settings->decode.port ? " of that port" : "");
    fail(in, name, why);
}

/* `problem` is the error that ended the capture early, or NULL. */
static void end_capture(struct inspection *in, const char *name, uint64_t left_out,
                        const char *problem)
{
    struct stream_counts counts;
    bool stopped = in->decode.stop;
    streams_end(in->streams, &counts);
    in->streams = NULL;
    finish(in);
    if (problem)
        fail(in, name, problem);
    if (stopped || (problem && counts.packets == 0))
        return;
    if (left_out > 0)
        exit_warn("%s: %" PRIu64 " packets whose lines are not complete were left out", name,
                  left_out);
    if (counts.fragments > 0)
        exit_warn("%s: %" PRIu64 " fragments of IP packets were left out", name, counts.fragments);
    in->incomplete += left_out + counts.fragments;
    if (in->decode.frames == 0 && in->decode.heads == 0 && in->settings->decode.stream > 0 &&
        counts.kinds[KIND_WEBSOCKET] > 0)
        fail(in, name,
             "the connection of --stream has no WebSocket: -o table lists those that have");
    else if (in->decode.frames == 0 && in->decode.heads == 0)
        explain_capture(in, name, &counts);
    else if (in->settings->common.verbose)
        exit_warn("%s: %" PRIu64 " packet%s, %" PRIu64 " TCP connection%s, %" PRIu64
                  " of them WebSockets",
                  name, counts.packets, counts.packets == 1 ? "" : "s", counts.connections,
                  counts.connections == 1 ? "" : "s", counts.kinds[KIND_WEBSOCKET]);
}

static void begin_capture(struct inspection *in, const char *name, enum form form)
{
    begin(in, name, form);
    in->streams = streams_new(&in->decode, in->settings->decode.port);
}

/* A capture has no bytes of its own to skip. */
static bool refuses_skip(struct inspection *in, const char *name)
{
    if (in->settings->decode.skip > 0)
        fail(in, name, "this is a capture, and --skip is for bytes");
    return in->settings->decode.skip > 0;
}

static void inspect_pcap(struct inspection *in, const char *name, struct ws_bytes *head, int fd)
{
    if (refuses_skip(in, name))
        return;
    begin_capture(in, name, FORM_PCAP);
    in->live = is_live(fd);
    const char *problem = read_pcap(head, fd, take_packet, in);
    in->live = false;
    end_capture(in, name, 0, problem);
}

/* Decodes a capture that is completely in memory. */
static void inspect_pcap_bytes(struct inspection *in, const char *name, struct ws_bytes *bytes)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    inspect_pcap(in, name, bytes, nothing);
    if (nothing >= 0)
        close(nothing);
}

static void inspect_tcpdump(struct inspection *in, const char *name, struct ws_bytes *text)
{
    if (refuses_skip(in, name))
        return;
    begin_capture(in, name, FORM_TCPDUMP);
    end_capture(in, name, read_tcpdump(bytes_data(text), ws_bytes_len(text), take_packet, in),
                NULL);
}

/* --- bytes --- */

static void inspect_bytes(struct inspection *in, const char *name, enum form form,
                          const uint8_t *data, size_t len)
{
    struct conversation conversation;
    uint64_t skip = in->settings->decode.skip;
    if (skip >= len) {
        fail(in, name, skip > 0 ? "--skip is larger than the input" : "the input is empty");
        return;
    }
    begin(in, name, form);
    conversation_init(&conversation, &in->decode);
    struct decoder *decoder = &conversation.side[0];
    decoder->sender = in->settings->decode.direction;
    decoder->sender_known = decoder->sender != SENDER_UNKNOWN;
    decoder->offset = skip;
    for (size_t at = (size_t)skip; at < len && !in->decode.stop; at += PIECE)
        decode_feed(decoder, data + at, len - at < PIECE ? len - at : PIECE);
    conversation_end(&conversation);
    finish(in);
}

/* Decodes raw bytes as they arrive: `head` holds the first ones. */
static void inspect_stream(struct inspection *in, const char *name, struct ws_bytes *head, int fd)
{
    static uint8_t piece[PIECE];
    struct conversation conversation;
    begin(in, name, FORM_RAW);
    in->live = is_live(fd);
    conversation_init(&conversation, &in->decode);
    struct decoder *decoder = &conversation.side[0];
    decoder->sender = in->settings->decode.direction;
    decoder->sender_known = decoder->sender != SENDER_UNKNOWN;
    decode_feed(decoder, bytes_data(head), ws_bytes_len(head));
    ssize_t got = 0;
    while (!in->decode.stop) {
        got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        decode_feed(decoder, piece, (size_t)got);
        show(in);
    }
    int error = errno;
    conversation_end(&conversation);
    finish(in);
    in->live = false;
    if (got < 0)
        fail(in, name, strerror(error));
}

/* Is an input of raw bytes, by what it begins with? */
static bool is_raw(const struct inspection *in, struct ws_bytes *head)
{
    const uint8_t *data = bytes_data(head);
    size_t len = ws_bytes_len(head);
    return in->settings->decode.skip == 0 && in->settings->decode.from == FORM_AUTO &&
           len >= PIECE && detect(data, len) == FORM_RAW;
}

/* Decodes packets that text shows. */
static void inspect_packets(struct inspection *in, const char *name, enum form form,
                            struct pieces *pieces)
{
    size_t from = 0;
    begin_capture(in, name, form);
    in->decode.pasted = true;
    for (size_t i = 0; i < pieces_count(pieces) && !in->decode.stop; i++) {
        struct piece piece = pieces_get(pieces, i);
        struct packet packet = {
            .number = i + 1, .data = bytes_data(pieces->bytes) + from, .len = piece.end - from};
        take_packet(in, &packet, LINK_GUESS);
        from = piece.end;
    }
    end_capture(in, name, 0, NULL);
}

/* Decodes the two directions of a text, each with a decoder. */
static void inspect_directions(struct inspection *in, const char *name, enum form form,
                               struct pieces *pieces)
{
    struct conversation conversation;
    size_t from = 0;
    begin(in, name, form);
    conversation_init(&conversation, &in->decode);
    for (size_t i = 0; i < pieces_count(pieces) && !in->decode.stop; i++) {
        struct piece piece = pieces_get(pieces, i);
        struct decoder *decoder = &conversation.side[piece.side == PIECE_OTHER];
        if (piece.client_known) {
            decoder->sender = piece.side == PIECE_ONE ? SENDER_CLIENT : SENDER_SERVER;
            decoder->sender_known = !piece.made;
        }
        decode_feed(decoder, bytes_data(pieces->bytes) + from, piece.end - from);
        if (piece.missing > 0)
            decode_gap(decoder, piece.missing);
        from = piece.end;
    }
    conversation_end(&conversation);
    finish(in);
}

/* Checks what the bytes are that were read from text, and decodes them. */
static void inspect_pieces(struct inspection *in, const char *name, enum form form,
                           struct pieces *pieces)
{
    const uint8_t *data = bytes_data(pieces->bytes);
    size_t len = ws_bytes_len(pieces->bytes), count = pieces_count(pieces);
    struct piece first = count > 0 ? pieces_get(pieces, 0) : (struct piece){0};
    bool automatic = in->settings->decode.from == FORM_AUTO && in->settings->decode.skip == 0;
    if (automatic && detect_bytes(data, len) != FORM_RAW)
        fail(in, name, form_explanation(detect_bytes(data, len)));
    else if (automatic && detect_pcap(data, len))
        inspect_pcap_bytes(in, name, pieces->bytes);
    else if (first.side == PIECE_PACKET)
        inspect_packets(in, name, form, pieces);
    else if (count > 1 || first.client_known || first.missing > 0)
        inspect_directions(in, name, form, pieces);
    else
        inspect_bytes(in, name, form, data, len);
}

static void inspect_text(struct inspection *in, const char *name, enum form form,
                         struct ws_bytes *text)
{
    struct pieces pieces = {0};
    struct read_error error;
    const char *note;
    bool strict = in->settings->decode.from != FORM_AUTO;
    if (read_pieces(form, strict, bytes_data(text), ws_bytes_len(text), &pieces, &error, &note)) {
        if (note && !in->settings->common.quiet)
            exit_warn("%s: %s", name, note);
        inspect_pieces(in, name, form, &pieces);
    } else {
        char why[256];
        if (error.column > 0)
            snprintf(why, sizeof why, "detected as %s, but in line %zu, column %zu: %s",
                     form_name(form), error.line, error.column, error.what);
        else
            snprintf(why, sizeof why, "detected as %s, but in line %zu: %s", form_name(form),
                     error.line, error.what);
        fail(in, name, why);
    }
    pieces_free(&pieces);
}

/* Decodes a complete input; text is made plain. */
static void inspect_input(struct inspection *in, const char *name, struct ws_bytes **input)
{
    enum form form = in->settings->decode.from;
    if (form != FORM_RAW && form != FORM_PCAP)
        plain_text(input);
    if (form == FORM_AUTO)
        form = detect(bytes_data(*input), ws_bytes_len(*input));
    if (form == FORM_PCAP)
        inspect_pcap_bytes(in, name, *input);
    else if (form == FORM_TCPDUMP)
        inspect_tcpdump(in, name, *input);
    else if (form == FORM_RAW)
        inspect_bytes(in, name, form, bytes_data(*input), ws_bytes_len(*input));
    else if (read_pieces_can(form))
        inspect_text(in, name, form, *input);
    else
        fail(in, name, form_explanation(form));
}

/* --- inputs --- */

static void inspect_fd(struct inspection *in, const char *name, int fd, bool capture)
{
    struct ws_bytes *bytes = NULL;
    enum form from = in->settings->decode.from;
    capture |= from == FORM_PCAP;
    if (!bytes_read(&bytes, fd, MAGIC, name)) {
        fail(in, name, strerror(errno));
    } else if (capture ||
               (from == FORM_AUTO && detect_pcap(bytes_data(bytes), ws_bytes_len(bytes)))) {
        /* The capture may be growing: packets are shown before more is read. */
        inspect_pcap(in, name, bytes, fd);
    } else if (from == FORM_RAW && in->settings->decode.skip == 0) {
        inspect_stream(in, name, bytes, fd);
    } else if (!bytes_read(&bytes, fd, PIECE, name)) {
        fail(in, name, strerror(errno));
    } else if (is_raw(in, bytes)) {
        inspect_stream(in, name, bytes, fd);
    } else if (!bytes_read(&bytes, fd, SIZE_MAX, name)) {
        fail(in, name, strerror(errno));
    } else {
        inspect_input(in, name, &bytes);
    }
    ws_bytes_free(&bytes);
}

static void inspect_file(struct inspection *in, const char *path, bool capture)
{
    if (strcmp(path, "-") == 0) {
        inspect_fd(in, "standard input", STDIN_FILENO, capture);
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(in, path, strerror(errno));
        return;
    }
    inspect_fd(in, path, fd, capture);
    close(fd);
}

static bool is_file(const char *word)
{
    struct stat info;
    return strcmp(word, "-") == 0 || stat(word, &info) == 0;
}

static bool is_hex(const char *word)
{
    return word[strspn(word, "0123456789abcdefABCDEFxX,:-")] == '\0';
}

/* Decodes words that are not files; hex digits pasted without quotes are joined. */
static void inspect_words(struct inspection *in, char **words, int count)
{
    struct ws_bytes *text = NULL;
    for (int i = 0; i < count; i++) {
        if (i > 0)
            bytes_byte(&text, ' ');
        bytes_add(&text, words[i], strlen(words[i]));
    }
    enum form form = detect(bytes_data(text), ws_bytes_len(text));
    if (in->settings->decode.from == FORM_AUTO && form == FORM_UNKNOWN) {
        char why[160];
        snprintf(why, sizeof why, "not a file, hex digits or base64");
        fail(in, words[0], why);
    } else {
        inspect_input(in, "the command line", &text);
    }
    ws_bytes_free(&text);
}

static void inspect_all(struct inspection *in)
{
    const struct settings *s = in->settings;
    for (size_t i = 0; i < s->decode.captures.count && !in->decode.stop; i++)
        inspect_file(in, s->decode.captures.items[i], true);
    for (size_t i = 0; i < s->decode.hex.count && !in->decode.stop; i++) {
        struct ws_bytes *text = NULL;
        bytes_add(&text, s->decode.hex.items[i], strlen(s->decode.hex.items[i]));
        inspect_text(in, "--hex", FORM_HEX, text);
        ws_bytes_free(&text);
    }
    for (int i = 0; i < s->word_count && !in->decode.stop;) {
        if (is_file(s->words[i])) {
            inspect_file(in, s->words[i++], false);
            continue;
        }
        int first = i++;
        while (i < s->word_count && is_hex(s->words[first]) && is_hex(s->words[i]) &&
               !is_file(s->words[i]))
            i++;
        inspect_words(in, s->words + first, i - first);
    }
}

/* At least how many inputs there are: words of hex digits are one together. */
static size_t input_count(const struct settings *settings)
{
    size_t count = settings->decode.captures.count + settings->decode.hex.count;
    bool words = false;
    for (int i = 0; i < settings->word_count; i++) {
        bool file = is_file(settings->words[i]);
        count += file || !words;
        words = !file;
    }
    return count;
}

int inspect(const struct settings *settings)
{
    struct inspection in = {.settings = settings, .status = WS_EXIT_OK};
    print_init(&in.printer, settings, &in.decode);
    in.printer.named = input_count(settings) > 1;
    if (settings->decode.captures.count + settings->decode.hex.count > 0 ||
        settings->word_count > 0) {
        inspect_all(&in);
    } else if (isatty(STDIN_FILENO)) {
        exit_warn("no input: give hex digits or a file, or use a pipe; see --help");
        in.status = WS_EXIT_USAGE;
    } else {
        inspect_fd(&in, "standard input", STDIN_FILENO, false);
    }
    print_free(&in.printer);
    if (in.status == WS_EXIT_OK && settings->decode.strict && in.violations + in.incomplete > 0) {
        if (!settings->common.quiet)
            exit_warn("--strict: %" PRIu64 " violation%s, %" PRIu64 " incomplete", in.violations,
                      in.violations == 1 ? "" : "s", in.incomplete);
        in.status = WS_EXIT_ASSERTION;
    }
    return in.status;
}
