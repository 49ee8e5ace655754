#include "cmd/common/exit.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/modes/mode.h"
#include <ws/utf8.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 16 << 20 };

/* Constant after start(). */
static struct {
    uint8_t *data;
    size_t len;
    unsigned opcode;
} answer;

/* The whole file; false with errno, EFBIG where it is too large for a message. */
static bool read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    answer.data = malloc(FILE_MAX + 1);
    if (fd < 0 || !answer.data) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    ssize_t n = 1;
    while (n != 0 && answer.len <= FILE_MAX) {
        n = read(fd, answer.data + answer.len, FILE_MAX + 1 - answer.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        answer.len += (size_t)n;
    }
    int number = errno;
    close(fd);
    errno = n < 0 ? number : EFBIG;
    return n >= 0 && answer.len <= FILE_MAX;
}

static bool start(struct server *server)
{
    const char *reply = server->settings->operate.reply;
    if (reply[0] == '@') {
        if (!read_file(reply + 1)) {
            exit_warn("--reply: %s: %s", reply + 1, strerror(errno));
            return false;
        }
    } else {
        answer.len = strlen(reply);
        answer.data = (uint8_t *)strdup(reply);
        if (!answer.data) {
            exit_warn("out of memory");
            return false;
        }
    }
    answer.opcode = ws_utf8_valid(answer.data, answer.len) ? WS_OP_TEXT : WS_OP_BINARY;
    return true;
}

static void stop(struct server *server)
{
    (void)server;
    free(answer.data);
    answer.data = NULL;
    answer.len = 0;
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
