#include "cmd/wsframe/inspect.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/decode/decode_pieces.h"
#include "cmd/wsframe/detect/block.h"
#include "cmd/wsframe/detect/detect.h"
#include "cmd/wsframe/detect/excerpt.h"
#include "cmd/wsframe/detect/typography.h"
#include "cmd/wsframe/inspect_capture.h"
#include "cmd/wsframe/inspection.h"
#include "cmd/wsframe/text/plain_text.h"
#include "cmd/wsframe/text/read_pieces.h"
#include "cmd/wsframe/tls/keylog.h"

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

/* --- bytes --- */

static void finish_bytes(struct inspection *in, const char *name)
{
    inspection_finish(in);
    const char *left_out = form_explanation(FORM_HTTP2);
    if (in->decode.http2 > 0 && in->decode.heads + in->decode.frames == 0 && !in->decode.stop)
        inspection_fail(in, name,
                        left_out ? left_out
                                 : "this is HTTP/2, and no request of a WebSocket is in it");
}

static void end_bytes(struct inspection *in, const char *name, struct conversation *conversation)
{
    conversation_end(conversation);
    finish_bytes(in, name);
}

static void inspect_bytes(struct inspection *in, const char *name, enum form form,
                          const uint8_t *data, size_t len)
{
    struct conversation conversation;
    uint64_t skip = in->settings->decode.skip;
    if (skip >= len) {
        inspection_fail(in, name,
                        skip > 0 ? "--skip is larger than the input" : "the input is empty");
        return;
    }
    if (inspection_refuses_port(in))
        return;
    inspection_begin(in, name, form);
    conversation_init(&conversation, &in->decode);
    struct decoder *decoder = &conversation.side[0];
    decoder->sender = in->settings->decode.direction;
    decoder->sender_known = decoder->sender != SENDER_UNKNOWN;
    decoder->offset = skip;
    for (size_t at = (size_t)skip; at < len && !in->decode.stop; at += PIECE)
        decode_feed(decoder, data + at, len - at < PIECE ? len - at : PIECE);
    end_bytes(in, name, &conversation);
}

/* Decodes raw bytes as they arrive: `head` holds the first ones. */
static void inspect_stream(struct inspection *in, const char *name, struct ws_bytes *head, int fd)
{
    static uint8_t piece[PIECE];
    struct conversation conversation;
    if (inspection_refuses_port(in))
        return;
    inspection_begin(in, name, FORM_RAW);
    in->live = inspection_is_live(fd);
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
        inspection_show(in);
    }
    int error = errno;
    end_bytes(in, name, &conversation);
    in->live = false;
    if (got < 0)
        inspection_fail(in, name, strerror(error));
}

/* Is an input of raw bytes, by what it begins with? */
static bool is_raw(const struct inspection *in, struct ws_bytes *head)
{
    const uint8_t *data = bytes_data(head);
    size_t len = ws_bytes_len(head);
    return in->settings->decode.skip == 0 && in->settings->decode.from == FORM_AUTO &&
           len >= PIECE && detect(data, len) == FORM_RAW;
}

static void inspect_directions(struct inspection *in, const char *name, enum form form,
                               struct pieces *pieces)
{
    if (inspection_refuses_port(in))
        return;
    inspection_begin(in, name, form);
    decode_pieces(&in->decode, pieces);
    finish_bytes(in, name);
}

/* Checks what the bytes are that were read from text, and decodes them. */
static void inspect_pieces(struct inspection *in, const char *name, enum form form,
                           struct pieces *pieces)
{
    const uint8_t *data = bytes_data(pieces->bytes);
    size_t len = ws_bytes_len(pieces->bytes), count = pieces_count(pieces);
    struct piece first = count > 0 ? pieces_get(pieces, 0) : (struct piece){0};
    bool automatic = in->settings->decode.from == FORM_AUTO && in->settings->decode.skip == 0;
    const char *other = automatic ? form_explanation(detect_bytes(data, len)) : NULL;
    if (other)
        inspection_fail(in, name, other);
    else if (automatic && detect_pcap(data, len))
        inspect_capture_bytes(in, name, pieces->bytes);
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
        const char *verb = inspection_verb(in);
        if (error.column > 0)
            snprintf(why, sizeof why, "%s %s, but in line %zu, column %zu: %s", verb,
                     form_name(form), error.line, error.column, error.what);
        else
            snprintf(why, sizeof why, "%s %s, but in line %zu: %s", verb, form_name(form),
                     error.line, error.what);
        inspection_fail(in, name, why);
    }
    pieces_free(&pieces);
}

/* Keeps the block of bytes that stands among words, or an excerpt. FORM_UNKNOWN: there is none. */
static enum form keep_block(struct ws_bytes **input, enum form whole)
{
    struct line block;
    struct ws_bytes *other = NULL;
    enum form form = block_find(bytes_data(*input), ws_bytes_len(*input), whole, &block);
    if (form != FORM_UNKNOWN)
        bytes_add(&other, block.p, block.len);
    else
        form = excerpt_find(bytes_data(*input), ws_bytes_len(*input), whole, &other);
    if (form != FORM_UNKNOWN) {
        ws_bytes_free(input);
        *input = other;
    }
    return form;
}

/* The form of an input. Text that no reader understands may have a block of bytes in it, or have
 * been through a web page or a chat: it is replaced by what it was before, where that is
 * understood. */
static enum form detect_input(struct ws_bytes **input)
{
    struct ws_bytes *other = NULL;
    enum form form = detect(bytes_data(*input), ws_bytes_len(*input)), again = FORM_UNKNOWN;
    if (!plain_text_is(bytes_data(*input), ws_bytes_len(*input)))
        return form;
    enum form block = keep_block(input, form);
    if (block != FORM_UNKNOWN || form != FORM_UNKNOWN)
        return block != FORM_UNKNOWN ? block : form;
    if (typography_undo(bytes_data(*input), ws_bytes_len(*input), &other))
        again = detect(bytes_data(other), ws_bytes_len(other));
    if (again != FORM_UNKNOWN && again != FORM_EMPTY) {
        ws_bytes_free(input);
        *input = other;
        return again;
    }
    ws_bytes_free(&other);
    return form;
}

/* Decodes a complete input; text is made plain. */
static void inspect_input(struct inspection *in, const char *name, struct ws_bytes **input)
{
    enum form form = in->settings->decode.from;
    if (form != FORM_RAW && form != FORM_PCAP)
        plain_text(input);
    if (form == FORM_AUTO)
        form = detect_input(input);
    if (form == FORM_PCAP)
        inspect_capture_bytes(in, name, *input);
    else if (form == FORM_TCPDUMP)
        inspect_tcpdump(in, name, *input);
    else if (form == FORM_RAW)
        inspect_bytes(in, name, form, bytes_data(*input), ws_bytes_len(*input));
    else if (read_pieces_can(form))
        inspect_text(in, name, form, *input);
    else
        inspection_fail(in, name, form_explanation(form));
}

/* --- inputs --- */

static void inspect_fd(struct inspection *in, const char *name, int fd, bool capture)
{
    struct ws_bytes *bytes = NULL;
    enum form from = in->settings->decode.from;
    capture |= from == FORM_PCAP;
    if (!bytes_read(&bytes, fd, MAGIC, name)) {
        inspection_fail(in, name, strerror(errno));
    } else if (capture ||
               (from == FORM_AUTO && detect_pcap(bytes_data(bytes), ws_bytes_len(bytes)))) {
        /* The capture may be growing: packets are shown before more is read. */
        inspect_capture(in, name, bytes, fd);
    } else if (from == FORM_RAW && in->settings->decode.skip == 0) {
        inspect_stream(in, name, bytes, fd);
    } else if (!bytes_read(&bytes, fd, PIECE, name)) {
        inspection_fail(in, name, strerror(errno));
    } else if (is_raw(in, bytes)) {
        inspect_stream(in, name, bytes, fd);
    } else if (!bytes_read(&bytes, fd, SIZE_MAX, name)) {
        inspection_fail(in, name, strerror(errno));
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
        inspection_fail(in, path, strerror(errno));
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
        inspection_fail(in, words[0], why);
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

/* May one of the inputs be a capture that is being made? */
static bool has_live_input(const struct settings *settings)
{
    struct stat info;
    size_t words = (size_t)settings->word_count, captures = settings->decode.captures.count;
    bool live = words + captures == 0 && inspection_is_live(STDIN_FILENO);
    for (size_t i = 0; i < words + captures; i++) {
        const char *name =
            i < words ? settings->words[i] : settings->decode.captures.items[i - words];
        live |= strcmp(name, "-") == 0 ? inspection_is_live(STDIN_FILENO)
                                       : stat(name, &info) == 0 && S_ISFIFO(info.st_mode);
    }
    return live;
}

int inspect(const struct settings *settings)
{
    struct inspection in = {.settings = settings, .status = WS_EXIT_OK};
    print_init(&in.printer, settings, &in.decode);
    if (settings->decode.keylog)
        in.keylog = keylog_open(settings->decode.keylog, has_live_input(settings));
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
    keylog_free(in.keylog);
    if (in.status == WS_EXIT_OK && settings->decode.port && !in.has_ports) {
        exit_warn("--port has no effect: no input is a capture");
        in.status = WS_EXIT_USAGE;
    }
    if (in.status == WS_EXIT_OK && settings->decode.strict && in.violations + in.incomplete > 0) {
        if (!settings->common.quiet)
            exit_warn("--strict: %" PRIu64 " violation%s, %" PRIu64 " incomplete", in.violations,
                      in.violations == 1 ? "" : "s", in.incomplete);
        in.status = WS_EXIT_ASSERTION;
    }
    return in.status;
}
