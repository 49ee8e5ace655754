#include "tests/unit/support_net.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* --- bytes --- */

void grown_add(struct grown *grown, const void *data, size_t len)
{
    if (grown->capacity - grown->len < len) {
        grown->capacity = (grown->len + len) * 2;
        grown->data = realloc(grown->data, grown->capacity);
        assert_non_null(grown->data);
    }
    if (len > 0)
        memcpy(grown->data + grown->len, data, len);
    grown->len += len;
}

void grown_consume(struct grown *grown, size_t len)
{
    grown->len -= len;
    if (grown->len > 0)
        memmove(grown->data, grown->data + len, grown->len);
}

void grown_free(struct grown *grown)
{
    free(grown->data);
    *grown = (struct grown){0};
}

void fill(uint8_t *data, size_t len, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        data[i] = (uint8_t)(x >> 24);
    }
}

/* --- records --- */

void record_event(struct record *record, const struct ws_event *event)
{
    switch (event->type) {
    case WS_EVENT_OPEN:
        record->opens++;
        break;
    case WS_EVENT_MESSAGE:
        record->messages++;
        grown_add(&record->data, event->data, event->len);
        break;
    case WS_EVENT_CHUNK:
        record->chunks++;
        record->messages += event->last;
        grown_add(&record->data, event->data, event->len);
        break;
    case WS_EVENT_PING:
        record->pings++;
        break;
    case WS_EVENT_PONG:
        record->pongs++;
        record->pong_len = event->len;
        if (event->len > 0)
            memcpy(record->pong, event->data, event->len);
        break;
    case WS_EVENT_CLOSE:
        record->closes++;
        record->code = event->code;
        break;
    case WS_EVENT_ERROR:
        record->errors++;
        record->error = event->error;
        break;
    default:
        break;
    }
}

void record_free(struct record *record)
{
    grown_free(&record->data);
    *record = (struct record){0};
}

/* --- the far end --- */

enum { BUFFER = 256 * 1024 };

void far_init(struct peer *end, int fd, enum ws_role role)
{
    memset(end, 0, sizeof *end);
    end->fd = fd;
    end->config = (struct ws_session_config){.role = role,
                                             .random = ws_random_bytes,
                                             .random_context = &end->random,
                                             .deflate_pool = &end->deflate};
    ws_session_init(&end->session, &end->config);
    end->buffer = malloc(WS_HEADROOM + BUFFER);
    assert_non_null(end->buffer);
}

void far_free(struct peer *end)
{
    if (end->fd >= 0)
        close(end->fd);
    end->fd = -1;
    ws_session_free(&end->session);
    ws_deflate_pool_free(&end->deflate);
    ws_out_free(&end->out);
    grown_free(&end->pending);
    record_free(&end->record);
    free(end->buffer);
    end->buffer = NULL;
}

static void take(struct peer *end)
{
    for (size_t i = 0; i < end->out.count; i++)
        grown_add(&end->pending, ws_out_span_data(&end->out, i), end->out.spans[i].len);
    ws_out_clear(&end->out);
}

void far_flush(struct peer *end)
{
    take(end);
    size_t done = 0;
    while (done < end->pending.len && end->fd >= 0) {
        ssize_t n = send(end->fd, end->pending.data + done, end->pending.len - done, MSG_NOSIGNAL);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    if (done > 0)
        grown_consume(&end->pending, done);
}

void far_raw(struct peer *end, const void *data, size_t len)
{
    take(end);
    grown_add(&end->pending, data, len);
    far_flush(end);
}

void far_connect(struct peer *end)
{
    struct ws_request_options options = {.target = "/", .host = "test"};
    assert_int_equal(ws_session_connect(&end->session, &end->out, &options), WS_OK);
    far_flush(end);
}

void far_send(struct peer *end, unsigned opcode, unsigned flags, const void *data, size_t len)
{
    assert_int_equal(
        ws_session_send(&end->session, &end->out, opcode, flags, (void *)(uintptr_t)data, len),
        WS_OK);
    far_flush(end);
}

void far_close(struct peer *end, unsigned code)
{
    assert_int_equal(ws_session_close(&end->session, &end->out, code, NULL, 0), WS_OK);
    far_flush(end);
}

static void deliver(struct peer *end)
{
    struct ws_event event;
    while (ws_session_next(&end->session, &event) != WS_EVENT_NONE) {
        record_event(&end->record, &event);
        if (end->echo && (event.type == WS_EVENT_MESSAGE || event.type == WS_EVENT_CHUNK))
            ws_session_reply(&end->session, &end->out, &event);
        else
            ws_session_answer(&end->session, &end->out, &event);
    }
}

bool far_pump(struct peer *end)
{
    if (end->fd < 0 || end->eof)
        return false;
    ssize_t n = recv(end->fd, end->buffer + WS_HEADROOM, BUFFER, 0);
    if (n > 0) {
        end->receives++;
        end->received += (size_t)n;
        ws_session_feed(&end->session, end->buffer + WS_HEADROOM, (size_t)n, WS_HEADROOM);
        deliver(end);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        end->eof = true;
        ws_session_end(&end->session, n == 0 ? WS_E_LOST : WS_E_RESET);
        ws_session_feed(&end->session, NULL, 0, 0);
        deliver(end);
    }
    far_flush(end);
    return n > 0;
}

/* --- descriptors --- */

void socket_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

void shrink_buffers(int fd)
{
    int size = 1;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}
