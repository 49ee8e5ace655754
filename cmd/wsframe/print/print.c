#include "cmd/wsframe/print/print.h"

#include "cmd/common/color.h"
#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/wsframe/print/extract.h"
#include "cmd/wsframe/print/print_json.h"
#include "cmd/wsframe/print/print_table.h"
#include "cmd/wsframe/print/print_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void print_init(struct printer *printer, const struct settings *settings, struct decode *decode)
{
    *printer = (struct printer){
        .settings = settings,
        .decode = decode,
        .color = color_wanted(settings->common.color, STDOUT_FILENO),
        .escape = isatty(STDOUT_FILENO) != 0,
    };
}

void print_free(struct printer *printer)
{
    json_free(&printer->json);
}

unsigned print_payloads(const struct settings *settings)
{
    enum { ALL = 0xFFFF };
    if (settings->decode.output == OUTPUT_TABLE)
        return 0;
    return settings->decode.only ? settings->decode.only : ALL;
}

size_t print_binary_shown(const struct settings *settings)
{
    bool lines = settings->decode.output == OUTPUT_TEXT && !settings->decode.payload_only;
    return lines ? print_text_binary_shown(settings) : 0;
}

void print_begin(struct printer *printer, const char *input, enum form form)
{
    printer->input = input;
    printer->form = form;
    printer->begun = false;
    printer->conversation = printer->stream = 0;
    if (printer->settings->decode.output == OUTPUT_JSON)
        print_json_begin(printer);
    else if (printer->named && printer->settings->decode.output == OUTPUT_TEXT &&
             !printer->settings->decode.payload_only)
        printf("%s==> %s <==\n", printer->inputs++ > 0 ? "\n" : "", input);
}

void print_end(struct printer *printer)
{
    if (printer->settings->decode.output == OUTPUT_JSON)
        print_json_end(printer);
}

static void print_hex(const uint8_t *data, size_t len)
{
    char text[3 * 1024 + 1];
    for (size_t at = 0; at < len; at += 1024) {
        size_t n = hex_format(data + at, len - at < 1024 ? len - at : 1024, ' ', text, sizeof text);
        if (at > 0)
            putchar(' ');
        fwrite(text, 1, n, stdout);
    }
    putchar('\n');
}

/* The same of a payload that is still compressed. */
static void warn_of_compressed(struct printer *printer, const struct decode_event *event)
{
    bool asked = event->inflate_problem || event->type == DECODE_MESSAGE;
    if (!event->compressed || event->inflated || printer->settings->common.quiet)
        return;
    if (asked)
        exit_warn("at 0x%04" PRIx64 " not inflated: %s", event->offset,
                  event->inflate_problem ? event->inflate_problem
                                         : "permessage-deflate was not agreed on, see --inflate");
    else if (!printer->warned_of_compressed)
        exit_warn("payloads are compressed, and printed as they are: see --inflate and --messages");
    printer->warned_of_compressed |= !asked;
}

/* Prints on standard error what is missing, where the output has no place for it. */
static void warn_of_missing(const struct printer *printer, const struct decode_event *event)
{
    if (printer->settings->common.quiet)
        return;
    if (event->missing > 0)
        exit_warn("at 0x%04" PRIx64 " incomplete: %" PRIu64 " %s missing", event->offset,
                  event->missing, event->missing == 1 ? "byte is" : "bytes are");
    if (event->type == DECODE_LOST)
        exit_warn("%" PRIu64 " byte%s at 0x%04" PRIx64 ": %s", event->lost,
                  event->lost == 1 ? "" : "s", event->offset, event->why ? event->why : "not read");
}

/* The same of all findings, for output that is data only. */
static void warn_of(const struct printer *printer, const struct decode_event *event)
{
    char text[PRINTER_FINDING_MAX];
    for (size_t i = 0; i < event->finding_count && !printer->settings->common.quiet; i++)
        exit_warn("%s", printer_finding(&event->findings[i], text));
    warn_of_missing(printer, event);
}

static void print_data(struct printer *printer, const struct decode_event *event)
{
    bool payload = printer->settings->decode.payload_only;
    const uint8_t *data = payload ? event->payload : event->wire;
    size_t len = payload ? event->len : event->wire_len;
    switch (printer->settings->decode.output) {
    case OUTPUT_HEX:
        print_hex(data, len);
        break;
    case OUTPUT_TEXT:
        if (printer->escape)
            printer_escaped(data, len);
        else if (len > 0)
            fwrite(data, 1, len, stdout);
        putchar('\n');
        break;
    default:
        if (len > 0)
            fwrite(data, 1, len, stdout);
        break;
    }
}

static bool shows_messages(const struct printer *printer)
{
    return printer->settings->decode.messages || printer->settings->decode.output == OUTPUT_JSONL;
}

/* Was this frame or message asked for? */
static bool wanted(const struct printer *printer, const struct decode_event *event)
{
    unsigned only = printer->settings->decode.only;
    if (event->type == DECODE_HEAD)
        return only == 0;
    if (event->type == DECODE_LOST)
        return true;
    if (event->type == DECODE_CLOSED || event->type == DECODE_HTTP2)
        return only == 0;
    if ((event->type == DECODE_MESSAGE) != shows_messages(printer))
        return false;
    /* --payload-only shows data frames unless --only selects others. */
    if (only == 0)
        return !printer->settings->decode.payload_only || event->opcode <= WS_OP_BINARY;
    return only >> event->opcode & 1;
}

void print_event(void *context, const struct decode_event *event)
{
    struct printer *printer = context;
    enum output output = printer->settings->decode.output;
    bool is_wanted = wanted(printer, event);
    errno = 0; /* for a write that fails */
    bool lines = output == OUTPUT_TEXT && !printer->settings->decode.payload_only;
    bool counts = event->type == DECODE_FRAME || event->type == DECODE_MESSAGE;

    if (event->type == DECODE_MESSAGE && printer->settings->decode.extract) {
        extract(printer, event);
        warn_of_compressed(printer, event);
    }
    if (output == OUTPUT_TABLE)
        print_table(printer, event);
    else if (event->type == DECODE_END)
        return;
    else if (lines)
        print_text(printer, event, is_wanted);
    else if (output == OUTPUT_JSON)
        print_json(printer, event, is_wanted);
    else if (output == OUTPUT_JSONL) {
        print_jsonl(printer, event, is_wanted);
        warn_of_missing(printer, event);
        if (is_wanted && counts)
            warn_of_compressed(printer, event);
    } else {
        if (is_wanted && counts) {
            print_data(printer, event);
            if (printer->settings->decode.payload_only)
                warn_of_compressed(printer, event);
        }
        warn_of(printer, event);
    }
    if (is_wanted && counts)
        printer->shown++;
    if (printer->settings->decode.count > 0 && printer->shown >= printer->settings->decode.count)
        printer->decode->stop = true;
    if (ferror(stdout))
        exit_stdout_failed();
}
