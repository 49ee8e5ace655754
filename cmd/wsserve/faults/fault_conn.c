#include "cmd/wsserve/faults/fault_conn.h"

#include "cmd/common/record/sent_reader.h"
#include "cmd/wsserve/faults/fault_frames.h"
#include "libws/io/stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A message that is to be sent after the next one waits this long for it. */
enum { REORDER_MS = 100 };

/* A piece on its way, from `begin` on. */
struct waiting {
    struct waiting *next;
    int64_t due_ms; /* of the loop's clock */
    struct fault_piece *piece;
    size_t begin;
};

struct fault_conn {
    struct ws_conn *conn;
    const struct faults *faults;
    const struct ws_output_filter
        *filter; /* of the chain: what was held back passes those after it */
    struct fault_frames frames;
    struct waiting *first, *last;
    size_t bytes;          /* that wait */
    int64_t kept_since_ms; /* frames.kept; 0: there is none */
    struct ws_timer timer;
    bool ended; /* `frames.then` was carried out */
};

static struct ws_loop *loop_of(const struct fault_conn *fault)
{
    return ws_conn_env(fault->conn)->loop;
}

/* --- the timer --- */

static void arm(struct fault_conn *fault)
{
    int64_t now = ws_loop_now(loop_of(fault)), when = INT64_MAX;
    if (fault->first)
        when = fault->first->due_ms;
    else if (fault->frames.then != FAULT_GO_ON && !fault->ended)
        when = now;
    if (fault->kept_since_ms && fault->kept_since_ms + REORDER_MS < when)
        when = fault->kept_since_ms + REORDER_MS;
    if (when == INT64_MAX)
        ws_loop_disarm(loop_of(fault), &fault->timer);
    else
        ws_loop_arm(loop_of(fault), &fault->timer, when);
}

/* The connection must not end while output is delayed, nor after a close that is not answered. */
static void update_deferred(struct fault_conn *fault)
{
    ws_conn_defer_output(fault->conn, fault->bytes + (fault->frames.silent ? 1 : 0));
}

static void note_kept(struct fault_conn *fault)
{
    if (!fault->frames.kept)
        fault->kept_since_ms = 0;
    else if (!fault->kept_since_ms)
        fault->kept_since_ms = ws_loop_now(loop_of(fault));
}

/* --- what waits --- */

static bool push(struct fault_conn *fault, struct fault_piece *piece, int64_t due_ms)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (!waiting)
        return false;
    waiting->piece = piece;
    waiting->due_ms = due_ms;
    if (fault->last) {
        if (waiting->due_ms < fault->last->due_ms)
            waiting->due_ms = fault->last->due_ms; /* in order */
        fault->last->next = waiting;
    } else {
        fault->first = waiting;
    }
    fault->last = waiting;
    fault->bytes += piece->len;
    return true;
}

static void pop(struct fault_conn *fault)
{
    struct waiting *waiting = fault->first;
    fault->first = waiting->next;
    if (!fault->first)
        fault->last = NULL;
    fault->bytes -= waiting->piece->len - waiting->begin;
    free(waiting->piece);
    free(waiting);
}

/* Sends what is due of the first piece. */
static void send_first(struct fault_conn *fault)
{
    struct waiting *waiting = fault->first;
    struct fault_piece *piece = waiting->piece;
    size_t len = piece->len - waiting->begin;
    if (piece->split && len > piece->split)
        len = piece->split;
    ws_conn_send_raw(fault->conn, fault->filter, piece->data + waiting->begin, len);
    waiting->begin += len;
    fault->bytes -= len;
    waiting->due_ms = ws_loop_now(loop_of(fault)) + 1;
    if (waiting->begin == piece->len) {
        bool split = piece->split > 0;
        pop(fault);
        if (split && fault->first && fault->first->due_ms <= ws_loop_now(loop_of(fault)))
            fault->first->due_ms = ws_loop_now(loop_of(fault)) + 1;
    }
}

/* --- how it ends --- */

static void end(struct fault_conn *fault)
{
    struct ws_conn *conn = fault->conn;
    struct linger reset = {.l_onoff = 1};
    uint64_t carrier; /* whose socket it is: a stream is reset by the abort */
    uint32_t stream;
    fault->ended = true;
    switch (fault->frames.then) {
    case FAULT_GO_ON:
        break;
    case FAULT_CLOSE:
        ws_conn_close(conn, WS_CLOSE_INTERNAL, "a fault on demand");
        break;
    case FAULT_END:
        if (!ws_conn_stream(conn, &carrier, &stream))
            ws_stream_shutdown(ws_conn_fd(conn));
        ws_conn_abort(conn, WS_E_INJECTED);
        break;
    case FAULT_ABORT:
        if (!ws_conn_stream(conn, &carrier, &stream))
            setsockopt(ws_conn_fd(conn), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ws_conn_abort(conn, WS_E_INJECTED);
        break;
    }
}

static void on_timer(struct ws_timer *timer)
{
    struct fault_conn *fault = ws_container_of(timer, struct fault_conn, timer);
    int64_t now = ws_loop_now(loop_of(fault));
    if (fault->kept_since_ms && fault->kept_since_ms + REORDER_MS <= now) {
        struct fault_piece *piece = NULL;
        fault_frames_release(&fault->frames, &piece);
        if (piece && !push(fault, piece, now))
            free(piece);
        note_kept(fault);
    }
    while (fault->first && fault->first->due_ms <= now)
        send_first(fault);
    update_deferred(fault);
    if (!fault->first && fault->frames.then != FAULT_GO_ON && !fault->ended)
        end(fault);
    arm(fault);
}

/* --- what is about to be sent --- */

/* Moves all of `out` into one buffer from malloc. */
static uint8_t *gather(struct ws_out *out, size_t *len)
{
    uint8_t *bytes = sent_reader_copy(out);
    *len = out->bytes;
    ws_out_clear(out);
    return bytes;
}

/* Puts the pieces into `out` while nothing has to wait, else into the queue. */
static bool schedule(struct fault_conn *fault, struct fault_piece *list, struct ws_out *out)
{
    int64_t now = ws_loop_now(loop_of(fault));
    bool fine = true;
    for (struct fault_piece *piece = list, *next; piece; piece = next) {
        next = piece->next;
        if (fine && !fault->first && !piece->delay_ms && !piece->split)
            fine = ws_out_copy(out, piece->data, piece->len) == WS_OK;
        else if (fine && push(fault, piece, now + piece->delay_ms))
            continue;
        else
            fine = false;
        free(piece);
    }
    return fine;
}

void fault_conn_filter(struct fault_conn *fault, struct ws_out *out)
{
    struct fault_piece *list = NULL;
    size_t len;
    uint8_t *bytes = gather(out, &len);
    bool fine = bytes && fault_frames_rewrite(
                             fault->faults, &fault->frames, bytes, len,
                             ws_session_close_received(ws_conn_session(fault->conn)), &list);
    free(bytes);
    if (!schedule(fault, list, out) || !fine)
        ws_conn_abort(fault->conn, WS_E_NO_MEMORY);
    note_kept(fault);
    update_deferred(fault);
    arm(fault);
}

/* --- beginning and end --- */

struct fault_conn *fault_conn_new(struct ws_conn *conn, const struct faults *faults,
                                  const struct ws_output_filter *filter)
{
    struct fault_conn *fault = calloc(1, sizeof *fault);
    if (!fault)
        return NULL;
    fault->conn = conn;
    fault->faults = faults;
    fault->filter = filter;
    fault->frames.conn = ws_conn_id(conn);
    fault->timer.fire = on_timer;
    return fault;
}

void fault_conn_free(struct fault_conn *fault)
{
    if (!fault)
        return;
    ws_loop_disarm(loop_of(fault), &fault->timer);
    while (fault->first)
        pop(fault);
    fault_frames_release(&fault->frames, NULL);
    free(fault);
}

unsigned fault_reject(const struct faults *faults, uint64_t conn)
{
    const struct fault *fault = fault_happens(faults, FAULT_REJECT, conn, FAULT_OF_CONN, 0);
    return fault ? fault->arg : 0;
}
