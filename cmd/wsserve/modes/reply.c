#include "cmd/common/exit.h"
#include "cmd/common/file.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include "libws/proto/bytes.h"
#include <ws/utf8.h>

#include <string.h>

enum { FILE_MAX = 16 << 20 };

/* Constant after start(). */
static struct {
    struct ws_bytes *bytes;
    uint8_t *data;
    size_t len;
    unsigned opcode;
} answer;

static bool start(struct server *server)
{
    const char *reply = server->settings->operate.reply;
    if (reply[0] == '@') {
        if (!file_read(reply + 1, FILE_MAX, NULL, FILE_NO_END, &answer.bytes))
            return false;
        answer.data = ws_bytes_data(answer.bytes);
        answer.len = ws_bytes_len(answer.bytes);
    } else {
        answer.data = (uint8_t *)(uintptr_t)reply; /* is copied */
        answer.len = strlen(reply);
    }
    answer.opcode = ws_utf8_valid(answer.data, answer.len) ? WS_OP_TEXT : WS_OP_BINARY;
    return true;
}

static void stop(struct server *server)
{
    (void)server;
    ws_bytes_free(&answer.bytes);
}

/* One answer a message, whether it comes whole or in chunks. */
static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type != WS_EVENT_MESSAGE && !(event->type == WS_EVENT_CHUNK && event->last))
        return;
    enum ws_error error = ws_conn_send(conn, answer.opcode, WS_SEND_COPY, answer.data, answer.len);
    if (error != WS_OK && error != WS_E_CLOSING)
        ws_conn_abort(conn, error);
}

const struct mode mode_reply = {
    .handler = {.event = on_event},
    .chunks = true,
    .pause_reads_when_full = true,
    .start = start,
    .stop = stop,
};
