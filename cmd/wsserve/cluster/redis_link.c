#include "cmd/wsserve/cluster/redis_link.h"

#include "cmd/wsserve/cluster/resp_command.h"
#include "libws/io/connector.h"
#include "libws/io/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECEIVE_SIZE = 64 * 1024,
    SEAL_MOST = 256 * 1024, /* bytes that are encrypted before the kernel has taken them */
    PIECES = 64,
    COPY_MOST = 16 * 1024,   /* commands up to this size are written together */
    GATHER_MOST = 64 * 1024, /* bytes of commands that wait for others */
    COUNT_MS = 10,
    MANY = 3,          /* commands in a millisecond */
    STEADY_MS = 10000, /* open for so long: the next wait is the shortest again */
};

/* --- losing it, and waiting --- */

static void release(struct redis_link *link)
{
    if (link->connector)
        ws_connector_cancel(link->connector);
    link->connector = NULL;
    if (link->watch.fd >= 0)
        close(ws_loop_unwatch(link->loop, &link->watch));
    ws_tls_free(link->tls);
    link->tls = NULL;
    resp_free(link->resp);
    link->resp = NULL;
    ws_out_clear(&link->out);
    ws_out_clear(&link->sealed);
    ws_queue_free(&link->plain);
    ws_queue_free(&link->wire);
    link->doomed = link->pinged = link->paused = false;
    ws_loop_disarm(link->loop, &link->timer);
    ws_loop_disarm(link->loop, &link->gathered);
}

/* Between half of the wait and all of it. */
static int64_t next_wait_ms(struct redis_link *link)
{
    int64_t wait_ms = REDIS_LINK_WAIT_LEAST_MS;
    uint32_t random = 0;
    for (unsigned i = 1; i < link->failures && wait_ms < REDIS_LINK_WAIT_MOST_MS; i++)
        wait_ms *= 2;
    if (wait_ms > REDIS_LINK_WAIT_MOST_MS)
        wait_ms = REDIS_LINK_WAIT_MOST_MS;
    if (!ws_loop_random(link->loop, &random, sizeof random))
        random = UINT32_MAX / 2;
    return wait_ms / 2 + random % (wait_ms / 2 + 1);
}

static void lose(struct redis_link *link, const char *why)
{
    char line[sizeof link->why];
    int64_t now_ms = ws_loop_now(link->loop);
    snprintf(line, sizeof line, "%s", why);
    if (link->state == REDIS_LINK_OPEN && now_ms - link->opened_ms >= STEADY_MS)
        link->failures = 0;
    link->failures++;
    release(link);
    link->state = REDIS_LINK_WAITING;
    ws_loop_arm(link->loop, &link->timer, now_ms + next_wait_ms(link));
    link->user->lost(link, line);
}

void redis_link_fail(struct redis_link *link, const char *format, ...)
{
    va_list arguments;
    if (link->doomed)
        return;
    link->doomed = true;
    va_start(arguments, format);
    vsnprintf(link->why, sizeof link->why, format, arguments);
    va_end(arguments);
    ws_loop_defer(link->loop, &link->task);
}

/* --- sending --- */

static void update_interest(struct redis_link *link)
{
    unsigned in = link->paused ? 0u : WS_READABLE;
    ws_loop_rewatch(link->loop, &link->watch, link->wire.bytes > 0 ? in | WS_WRITABLE : in);
}

/* `out` to the kernel; what it refuses waits. */
static enum ws_error send_or_queue(struct redis_link *link, struct ws_out *out)
{
    size_t sent = 0;
    enum ws_error error = WS_OK;
    if (link->wire.bytes == 0)
        error = ws_stream_send(link->watch.fd, out, &sent);
    if (error == WS_OK && sent < out->bytes)
        error = ws_queue_append(&link->wire, out, sent);
    ws_out_clear(out);
    return error;
}

static enum ws_error flush_wire(struct redis_link *link)
{
    size_t sent = 0;
    if (link->wire.bytes == 0)
        return WS_OK;
    enum ws_error error = ws_stream_send_queue(link->watch.fd, &link->wire, &sent);
    ws_queue_consume(&link->wire, sent);
    return error;
}

static enum ws_error flush_sealed(struct redis_link *link)
{
    enum ws_error error = ws_queue_append(&link->plain, &link->out, 0);
    while (error == WS_OK && link->plain.bytes > 0 && link->wire.bytes == 0 &&
           ws_tls_established(link->tls)) {
        struct iovec pieces[PIECES];
        size_t taken = 0;
        int count = ws_queue_iov(&link->plain, pieces, PIECES);
        error = ws_tls_seal(link->tls, pieces, count, SEAL_MOST, &link->sealed, &taken);
        ws_queue_consume(&link->plain, taken);
        if (error == WS_OK)
            error = send_or_queue(link, &link->sealed);
    }
    return error;
}

static void flush(struct redis_link *link)
{
    enum ws_error error = flush_wire(link);
    if (error == WS_OK && link->sealed.bytes > 0)
        error = send_or_queue(link, &link->sealed);
    if (error == WS_OK)
        error = link->tls ? flush_sealed(link) : send_or_queue(link, &link->out);
    if (error == WS_OK)
        update_interest(link);
    else
        redis_link_fail(link, "cannot send: %s", ws_error_info(error)->explanation);
}

/* Decides from the last hundredth of a second whether the next gathers. */
static void count_command(struct redis_link *link)
{
    int64_t now_ms = ws_loop_now(link->loop), passed_ms = now_ms - link->counted_ms;
    if (passed_ms >= COUNT_MS) {
        link->many = (int64_t)link->counted > MANY * passed_ms;
        link->counted = 0;
        link->counted_ms = now_ms;
    }
    link->counted++;
}

/* What a command costs is mostly to wake Redis, and to be woken by its answer and by the copy that
 * our own subscription brings. So those that follow each other closely leave together; while few
 * come that saves little, and they would only be late. */
static bool gathers(struct redis_link *link)
{
    int64_t due_ms = link->flushed_ms + link->gather_ms;
    if (!link->many || link->state != REDIS_LINK_OPEN || ws_loop_now(link->loop) >= due_ms ||
        link->out.bytes > GATHER_MOST || link->wire.bytes > 0)
        return false;
    ws_loop_arm(link->loop, &link->gathered, due_ms);
    return true;
}

/* At the end of the batch. */
static void on_task(struct ws_deferred *task)
{
    struct redis_link *link = ws_container_of(task, struct redis_link, task);
    if (!link->doomed && link->watch.fd >= 0 && !gathers(link)) {
        ws_loop_disarm(link->loop, &link->gathered);
        link->flushed_ms = ws_loop_now(link->loop);
        flush(link);
    }
    if (link->doomed)
        lose(link, link->why);
}

static bool queue_command(struct redis_link *link, size_t count, const char *const *words,
                          const size_t *lengths)
{
    size_t len = resp_command_size(count, lengths);
    bool together = len <= COPY_MOST;
    uint8_t *text = together ? ws_out_reserve(&link->out, len) : malloc(len);
    if (!text)
        return false;
    count_command(link);
    resp_command_write(text, count, words, lengths);
    if (!together && ws_out_own(&link->out, text, text, len) != WS_OK) {
        free(text);
        return false;
    }
    ws_loop_defer(link->loop, &link->task);
    return true;
}

bool redis_link_command(struct redis_link *link, size_t count, const char *const *words,
                        const size_t *lengths)
{
    return link->state == REDIS_LINK_OPEN && !link->doomed &&
           queue_command(link, count, words, lengths);
}

size_t redis_link_queued(const struct redis_link *link)
{
    return link->out.bytes + link->plain.bytes + link->wire.bytes;
}

void redis_link_pause(struct redis_link *link, bool paused)
{
    if (link->state != REDIS_LINK_OPEN || link->paused == paused)
        return;
    link->paused = paused;
    link->pinged = false; /* what was not read says nothing about Redis */
    update_interest(link);
}

/* --- greeting --- */

static bool begins(const struct resp_part *part, const char *with)
{
    size_t len = strlen(with);
    return part->data && part->len >= len && memcmp(part->data, with, len) == 0;
}

static bool send_greeting(struct redis_link *link)
{
    const char *auth[] = {"AUTH", link->login ? link->login : link->password, link->password};
    const char *info[] = {"CLUSTER", "INFO"};
    size_t lengths[3] = {4, strlen(auth[1] ? auth[1] : ""),
                         strlen(link->password ? link->password : "")};
    link->greetings = link->password ? 2 : 1;
    if (link->password && !queue_command(link, link->login ? 3 : 2, auth, lengths))
        return false;
    return queue_command(link, 2, info, (const size_t[]){7, 4});
}

/* The answers to AUTH and to CLUSTER INFO, which a server that is none answers with an error. */
static bool greeted(struct redis_link *link, const struct resp_reply *reply)
{
    const struct resp_part *part = &reply->parts[0];
    bool auth = link->greetings == 2;
    static const char *const refusals[] = {"NOAUTH", "WRONGPASS", "LOADING", "MASTERDOWN"};
    bool refused = auth && part->kind != RESP_STATUS;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        refused |= part->kind == RESP_ERROR && begins(part, refusals[i]);
    if (refused) {
        redis_link_fail(link, "Redis refuses: %.*s", (int)(part->len < 100 ? part->len : 100),
                        part->data ? part->data : "");
        return false;
    }
    link->greetings--;
    if (auth)
        return true;
    link->sharded = part->kind == RESP_STRING && begins(part, "cluster_");
    link->state = REDIS_LINK_OPEN;
    link->opened_ms = ws_loop_now(link->loop);
    ws_loop_arm(link->loop, &link->timer, link->opened_ms + REDIS_LINK_PING_MS);
    link->user->opened(link);
    return !link->doomed;
}

static bool is_pong(const struct resp_reply *reply)
{
    const struct resp_part *part = &reply->parts[0];
    return reply->array ? part->kind == RESP_STRING && part->len == 4 && begins(part, "pong")
                        : part->kind == RESP_STATUS && part->len == 4 && begins(part, "PONG");
}

static bool on_reply(void *context, const struct resp_reply *reply)
{
    struct redis_link *link = context;
    if (link->state == REDIS_LINK_GREETING)
        return greeted(link, reply);
    if (is_pong(reply))
        return true;
    return link->user->replied(link, reply);
}

/* --- receiving --- */

/* Plaintext of what was received, at link->memory; `*len` is 0 where TLS had more to say. */
static enum ws_error receive(struct redis_link *link, size_t *len)
{
    if (!link->tls)
        return ws_stream_receive(link->watch.fd, link->memory, RECEIVE_SIZE, len);
    uint8_t *records = link->memory + WS_TLS_RECORD_MAX;
    size_t got = 0;
    *len = 0;
    enum ws_error error = ws_stream_receive(link->watch.fd, records, RECEIVE_SIZE, &got);
    if (error != WS_OK) {
        if (error != WS_MORE && !ws_tls_established(link->tls))
            ws_tls_cut(link->tls, error);
        return error;
    }
    error = ws_tls_open(link->tls, records, got, link->memory, &link->sealed, len);
    ws_loop_defer(link->loop, &link->task); /* for what TLS itself says, and what waited for it */
    return error;
}

static void on_readable(struct redis_link *link)
{
    size_t len = 0;
    enum ws_error error = receive(link, &len);
    if (error == WS_MORE)
        return;
    if (error != WS_OK) {
        bool tls = link->tls && ws_tls_failure(link->tls)[0];
        redis_link_fail(link, "%s",
                        tls                  ? ws_tls_failure(link->tls)
                        : error == WS_E_LOST ? "Redis has closed the connection"
                                             : ws_error_info(error)->explanation);
        return;
    }
    link->pinged = false;
    if (!resp_feed(link->resp, (const char *)link->memory, len, on_reply, link) && !link->doomed)
        redis_link_fail(link, "no Redis speaks like this: %s", resp_violation(link->resp));
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct redis_link *link = ws_container_of(watch, struct redis_link, watch);
    if ((ready & WS_READABLE) && !link->paused && !link->doomed)
        on_readable(link);
    if (ready & WS_WRITABLE)
        ws_loop_defer(link->loop, &link->task);
}

/* --- connecting --- */

static void on_connected(void *user, int fd)
{
    struct redis_link *link = user;
    link->connector = NULL;
    link->state = REDIS_LINK_GREETING;
    link->watch.fd = fd;
    link->watch.ready = on_ready;
    link->resp = resp_new(link->max_reply);
    if (!link->resp || ws_loop_watch(link->loop, &link->watch, WS_READABLE) != WS_OK) {
        close(fd);
        link->watch.fd = -1;
        redis_link_fail(link, "out of memory");
        return;
    }
    bool fine = true;
    if (link->tls_context) {
        link->tls = ws_tls_new(link->tls_context, link->name);
        fine = link->tls && ws_tls_begin(link->tls, &link->sealed) == WS_OK;
    }
    if (!fine || !send_greeting(link))
        redis_link_fail(link, "out of memory");
}

static void on_connect_failed(void *user, enum ws_error error, const char *detail)
{
    struct redis_link *link = user;
    (void)error;
    link->connector = NULL;
    redis_link_fail(link, "%s", detail);
}

static void connect_now(struct redis_link *link)
{
    const struct ws_connector_options options = {
        .loop = link->loop,
        .host = link->host,
        .port = link->port,
        .timeout_ms = REDIS_LINK_OPEN_MS,
        .user = link,
        .connected = on_connected,
        .failed = on_connect_failed,
    };
    link->state = REDIS_LINK_CONNECTING;
    ws_loop_arm(link->loop, &link->timer, ws_loop_now(link->loop) + REDIS_LINK_OPEN_MS);
    link->connector = ws_connector_start(&options);
    if (!link->connector)
        redis_link_fail(link, "out of memory");
}

static void on_timer(struct ws_timer *timer)
{
    struct redis_link *link = ws_container_of(timer, struct redis_link, timer);
    const char *ping[] = {"PING"};
    if (link->state == REDIS_LINK_WAITING) {
        connect_now(link);
    } else if (link->state != REDIS_LINK_OPEN) {
        redis_link_fail(link, "no answer within %d s", REDIS_LINK_OPEN_MS / 1000);
    } else if (link->pinged) {
        redis_link_fail(link, "no answer to a ping within %d s", REDIS_LINK_PING_MS / 1000);
    } else {
        link->pinged = !link->paused && redis_link_command(link, 1, ping, (const size_t[]){4});
        ws_loop_arm(link->loop, timer, ws_loop_now(link->loop) + REDIS_LINK_PING_MS);
    }
}

static void on_gathered(struct ws_timer *timer)
{
    struct redis_link *link = ws_container_of(timer, struct redis_link, gathered);
    ws_loop_defer(link->loop, &link->task);
}

/* --- beginning and end --- */

bool redis_link_start(struct redis_link *link)
{
    link->memory = malloc(RECEIVE_SIZE + WS_TLS_RECORD_MAX);
    if (!link->memory)
        return false;
    link->watch.fd = -1;
    link->timer.fire = on_timer;
    link->gathered.fire = on_gathered;
    link->task.run = on_task;
    connect_now(link);
    return true;
}

void redis_link_stop(struct redis_link *link)
{
    if (link->state == REDIS_LINK_STOPPED)
        return;
    release(link);
    link->state = REDIS_LINK_STOPPED;
    ws_out_free(&link->out);
    ws_out_free(&link->sealed);
    free(link->memory);
    link->memory = NULL;
}
