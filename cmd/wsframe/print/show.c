#include "cmd/wsframe/print/show.h"

#include "cmd/common/color.h"
#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/wsframe/print/print_json.h"
#include "cmd/wsframe/print/print_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void show_init(struct show *show, const struct settings *settings, struct decode *decode)
{
    *show = (struct show){
        .settings = settings,
        .decode = decode,
        .color = color_wanted(settings->common.color, STDOUT_FILENO),
        .escape = isatty(STDOUT_FILENO) != 0,
    };
}

void show_free(struct show *show)
{
    json_free(&show->json);
}

void show_begin(struct show *show, const char *input, enum form form)
{
    show->input = input;
    show->form = form;
    show->begun = false;
    show->conversation = 0;
    if (show->settings->decode.output == OUTPUT_JSON)
        print_json_begin(show);
}

void show_end(struct show *show)
{
    if (show->settings->decode.output == OUTPUT_JSON)
        print_json_end(show);
}

const char *show_finding(const struct finding *finding, char text[SHOW_FINDING_MAX])
{
    const struct ws_error_info *info = ws_error_info(finding->error);
    char section[64];
    snprintf(text, SHOW_FINDING_MAX, "%s: %s (%s) at 0x%04" PRIx64, info->name, info->explanation,
             ws_error_section(finding->error, section, sizeof section), finding->offset);
    return text;
}

void show_escaped(const uint8_t *data, size_t len)
{
    char text[4096];
    while (len > 0) {
        size_t used, n = hex_escape(data, len, 0, text, sizeof text, &used);
        fwrite(text, 1, n, stdout);
        data += used;
        len -= used;
    }
}

static void show_hex(const uint8_t *data, size_t len)
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

/* Where the output is data and nothing else, what is wrong is said beside it. */
static void warn_of(const struct show *show, const struct decode_event *event)
{
    char text[SHOW_FINDING_MAX];
    if (show->settings->common.quiet)
        return;
    for (size_t i = 0; i < event->finding_count; i++)
        exit_warn("%s", show_finding(&event->findings[i], text));
    if (event->missing > 0)
        exit_warn("at 0x%04" PRIx64 " something is incomplete: %" PRIu64 " bytes are missing",
                  event->offset, event->missing);
    if (event->type == DECODE_LOST)
        exit_warn("%" PRIu64 " bytes at 0x%04" PRIx64 ": %s", event->lost, event->offset,
                  event->why ? event->why : "not read");
}

static void show_data(struct show *show, const struct decode_event *event)
{
    bool payload = show->settings->decode.payload_only;
    const uint8_t *data = payload ? event->payload : event->wire;
    size_t len = payload ? event->len : event->wire_len;
    switch (show->settings->decode.output) {
    case OUTPUT_HEX:
        show_hex(data, len);
        break;
    case OUTPUT_TEXT:
        if (show->escape)
            show_escaped(data, len);
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

/* A frame or a message that was asked for? */
static bool wanted(const struct show *show, const struct decode_event *event)
{
    unsigned only = show->settings->decode.only;
    if (event->type == DECODE_HEAD)
        return only == 0;
    if (event->type == DECODE_LOST)
        return true;
    if ((event->type == DECODE_MESSAGE) != show->decode->messages)
        return false;
    /* Payloads alone are those of messages, unless others are asked for. */
    if (only == 0)
        return !show->settings->decode.payload_only || event->opcode <= WS_OP_BINARY;
    return only >> event->opcode & 1;
}

void show_event(void *context, const struct decode_event *event)
{
    struct show *show = context;
    enum output output = show->settings->decode.output;
    bool is_wanted = wanted(show, event);
    bool lines = output == OUTPUT_TEXT && !show->settings->decode.payload_only;
    bool counts = event->type == DECODE_FRAME || event->type == DECODE_MESSAGE;

    if (lines)
        print_text(show, event, is_wanted);
    else if (output == OUTPUT_JSON)
        print_json(show, event, is_wanted);
    else if (output == OUTPUT_JSONL)
        print_jsonl(show, event, is_wanted);
    else {
        if (is_wanted && counts)
            show_data(show, event);
        warn_of(show, event);
    }
    if (is_wanted && counts)
        show->shown++;
    if (show->settings->decode.count > 0 && show->shown >= show->settings->decode.count)
        show->decode->stop = true;
    if (show->flush)
        fflush(stdout);
    if (ferror(stdout))
        show->decode->stop = true;
}
