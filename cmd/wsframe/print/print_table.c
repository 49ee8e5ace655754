#include "cmd/wsframe/print/print_table.h"

#include "cmd/common/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a peer sent, in a column: as it is, or "-" if there is nothing. */
static void print_cell(const char *text, int width)
{
    char safe[HEX_ESCAPE_GROWTH * 512 + 1] = "-";
    if (text[0])
        hex_escape(text, strlen(text), 0, safe, sizeof safe, NULL);
    printf("  %-*s", width, safe);
}

static void print_code(unsigned code)
{
    if (code)
        printf("  %5u", code);
    else
        printf("  %5s", "-");
}

void print_table(struct printer *printer, const struct decode_event *event)
{
    const struct conversation_info *info = event->conversation;
    const struct conversation_traffic *client = &info->traffic[0], *server = &info->traffic[1];
    char a[PACKET_END_TEXT] = "-", b[PACKET_END_TEXT] = "-";
    if (event->type != DECODE_END)
        return;
    if (!printer->begun)
        printf("%5s  %-21s  %-21s  %12s  %8s  %12s  %8s  %12s  %5s  %5s  %-32s  %-12s  %s\n",
               "CONN", "CLIENT", "SERVER", "SECONDS", "SENT", "BYTES", "RECEIVED", "BYTES", "CLOSE",
               "CLOSE", "URL", "SUBPROTOCOL", "EXTENSIONS");
    printer->begun = true;
    printer->shown++;
    if (info->captured) {
        packet_end_text(&info->ends[info->client_end], info->v6, a);
        packet_end_text(&info->ends[!info->client_end], info->v6, b);
    }
    int64_t us = info->ended_us > info->began_us ? info->ended_us - info->began_us : 0;
    char name[40];
    snprintf(name, sizeof name, info->stream ? "%" PRIu64 "/%" PRIu32 : "%" PRIu64, info->id,
             info->stream);
    printf("%5s  %-21s  %-21s  %5" PRId64 ".%06d  %8" PRIu64 "  %12" PRIu64 "  %8" PRIu64
           "  %12" PRIu64,
           name, a, b, us / 1000000, (int)(us % 1000000), client->messages, client->bytes,
           server->messages, server->bytes);
    print_code(client->close_code);
    print_code(server->close_code);
    print_cell(info->url, 32);
    print_cell(info->subprotocol, 12);
    print_cell(info->extensions, 0);
    putchar('\n');
}
