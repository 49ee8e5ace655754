#include "libws/server/hub_private.h"

#include "libws/server/registry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { INBOX_HIGH = 8 << 20 }; /* bytes from other loops above which their senders wait */

/* All hubs of a server. */
struct ws_circle {
    atomic_int slow;
    atomic_uint blocking; /* what senders wait for: slow receivers, crowded loops */
    atomic_uint receivers[WS_BATCH_FORMS]; /* open connections that can make use of a form */
    unsigned count;
    struct ws_hub hubs[];
};

/* --- waiting for the slow --- */

static void resume_one(struct ws_conn *conn, void *context)
{
    (void)context;
    if (!conn->waits)
        return;
    conn->waits = false;
    ws_conn_resume(conn);
}

static void on_resume(struct ws_note *note)
{
    struct ws_hub *hub = ws_container_of(note, struct ws_hub, resume);
    atomic_store(&hub->resume_posted, false);
    if (atomic_load(&hub->circle->blocking) > 0)
        return;
    ws_registry_each(hub->home->registry, resume_one, NULL);
    if (hub->relief)
        hub->relief(hub->relief_context);
}

bool ws_hub_blocked(const struct ws_hub *hub)
{
    return atomic_load(&hub->circle->blocking) > 0;
}

void ws_hub_on_relief(struct ws_hub *hub, void (*relief)(void *context), void *context)
{
    hub->relief = relief;
    hub->relief_context = context;
}

static void block(struct ws_circle *circle)
{
    atomic_fetch_add(&circle->blocking, 1);
}

static void unblock(struct ws_circle *circle)
{
    if (atomic_fetch_sub(&circle->blocking, 1) != 1)
        return;
    for (unsigned i = 0; i < circle->count; i++)
        if (!atomic_exchange(&circle->hubs[i].resume_posted, true))
            ws_loop_post(circle->hubs[i].home->loop, &circle->hubs[i].resume);
}

void ws_hub_wait(struct ws_conn *conn)
{
    const struct ws_circle *circle = conn->home->hub->circle;
    if (atomic_load(&circle->blocking) == 0 || conn->waits || conn->ended)
        return;
    conn->waits = true;
    ws_conn_pause(conn);
    /* They may have caught up in between. */
    if (atomic_load(&circle->blocking) == 0)
        resume_one(conn, NULL);
}

void ws_hub_caught_up(struct ws_conn *conn)
{
    conn->waited_for = false;
    unblock(conn->home->hub->circle);
}

/* --- who can inflate --- */

static atomic_uint *receivers_like(const struct ws_conn *conn)
{
    const struct ws_deflate *deflate = ws_session_deflate(&conn->session);
    return &conn->home->hub->circle->receivers[ws_batch_form_of(deflate)];
}

void ws_hub_opened(struct ws_conn *conn)
{
    atomic_fetch_add_explicit(receivers_like(conn), 1, memory_order_relaxed);
}

void ws_hub_ended(struct ws_conn *conn)
{
    atomic_fetch_sub_explicit(receivers_like(conn), 1, memory_order_relaxed);
}

/* A bit for each form that somebody can make use of. */
static unsigned wanted_forms(const struct ws_circle *circle)
{
    unsigned wanted = 0;
    for (unsigned i = 0; i < WS_BATCH_FORMS; i++)
        if (atomic_load_explicit(&circle->receivers[i], memory_order_relaxed) > 0)
            wanted |= 1u << i;
    return wanted;
}

/* --- delivering --- */

/* May it be given more? */
static bool follows(struct ws_hub *hub, struct ws_conn *conn, size_t messages)
{
    if (!ws_conn_full(conn))
        return true;
    switch ((enum ws_slow)atomic_load(&hub->circle->slow)) {
    case WS_SLOW_CLOSE:
        hub->deliveries.dropped += messages;
        ws_conn_fail(conn, WS_E_TOO_SLOW);
        return false;
    case WS_SLOW_DROP_NEW:
        hub->deliveries.dropped += messages;
        return false;
    case WS_SLOW_DROP_OLD: {
        size_t dropped = ws_conn_drop_shared(conn);
        conn->counters.messages_out -= dropped;
        hub->deliveries.sent -= dropped;
        hub->deliveries.dropped += dropped;
        return true;
    }
    case WS_SLOW_BLOCK:
        break;
    }
    return true;
}

/* Is it one to wait for from now on? */
static void flush_and_watch(struct ws_hub *hub, struct ws_conn *conn)
{
    ws_conn_flush_now(conn);
    if (ws_conn_full(conn) && !conn->waited_for &&
        atomic_load(&hub->circle->slow) == WS_SLOW_BLOCK) {
        conn->waited_for = true;
        block(hub->circle);
    }
}

static struct ws_deflated between(const struct ws_batch_mark *begin,
                                  const struct ws_batch_mark *end)
{
    return (struct ws_deflated){
        .messages = end->deflated.messages - begin->deflated.messages,
        .plain = end->deflated.plain - begin->deflated.plain,
        .wire = end->deflated.wire - begin->deflated.wire,
    };
}

/* Everything of the batch but what came from the connection itself. */
static void deliver_to(struct ws_hub *hub, struct ws_conn *conn, const struct ws_batch *batch)
{
    uint64_t id = ws_conn_id(conn);
    const struct ws_batch_form *form = ws_batch_form_for(batch, ws_session_deflate(&conn->session));
    size_t own = ws_batch_first_excepted(batch, id), from = 0;
    if (!conn->opened || conn->ended)
        return;
    size_t messages = batch->count;
    for (size_t i = own; i < batch->excepted_count && batch->excepted[i].except == id; i++)
        messages--;
    if (messages == 0 || !follows(hub, conn, messages))
        return;
    enum ws_error error = WS_OK;
    while (from < batch->count && error == WS_OK) {
        bool another = own < batch->excepted_count && batch->excepted[own].except == id;
        size_t to = another ? batch->excepted[own++].index : batch->count;
        const struct ws_batch_mark *begin = &form->marks[from], *end = &form->marks[to];
        if (to > from)
            error = ws_conn_share(conn, &(struct ws_sharing){
                                            .frames = form->frames,
                                            .offset = begin->offset,
                                            .len = end->offset - begin->offset,
                                            .messages = to - from,
                                            .deflated = between(begin, end),
                                        });
        from = to + 1;
    }
    if (error == WS_OK)
        hub->deliveries.sent += messages;
    else
        hub->deliveries.failed += messages;
    if (error != WS_OK && error != WS_E_CLOSING && error != WS_E_STATE)
        ws_conn_abort(conn, error);
    flush_and_watch(hub, conn);
}

struct delivery {
    struct ws_hub *hub;
    const struct ws_batch *batch;
};

static void deliver_to_one(struct ws_conn *conn, void *context)
{
    const struct delivery *delivery = context;
    deliver_to(delivery->hub, conn, delivery->batch);
}

/* To this loop's receivers. */
static void deliver(struct ws_hub *hub, const struct ws_group *group, const struct ws_batch *batch)
{
    struct delivery delivery = {hub, batch};
    if (group == hub->everyone) {
        ws_registry_each(hub->home->registry, deliver_to_one, &delivery);
        return;
    }
    for (struct ws_member *member = group->members, *next; member; member = next) {
        next = member->next;
        deliver_to(hub, member->conn, batch);
    }
}

/* --- from loop to loop --- */

struct passing {
    struct ws_note note;
    struct ws_hub *to;
    struct ws_batch *batch;
    bool everyone;
    size_t len;
    char name[];
};

static void on_passed(struct ws_note *note)
{
    struct passing *passing = ws_container_of(note, struct passing, note);
    struct ws_hub *hub = passing->to;
    struct ws_group *group =
        passing->everyone ? hub->everyone : ws_hub_find_group(hub, passing->name, passing->len);
    if (group)
        deliver(hub, group, passing->batch);
    size_t bytes = ws_batch_bytes(passing->batch);
    size_t left = atomic_fetch_sub(&hub->inbox, bytes) - bytes;
    if (left < INBOX_HIGH / 4 && atomic_exchange(&hub->crowded, false))
        unblock(hub->circle);
    ws_batch_unref(passing->batch);
    free(passing);
}

static void pass_on(struct ws_hub *hub, const struct ws_group *group, struct ws_batch *batch)
{
    size_t bytes = ws_batch_bytes(batch);
    for (unsigned i = 0; i < hub->circle->count; i++) {
        struct ws_hub *to = &hub->circle->hubs[i];
        if (to == hub)
            continue;
        struct passing *passing = malloc(sizeof *passing + group->len);
        if (!passing) {
            hub->deliveries.failed += batch->count;
            continue;
        }
        *passing = (struct passing){.note.run = on_passed,
                                    .to = to,
                                    .batch = batch,
                                    .everyone = group == hub->everyone,
                                    .len = group->len};
        memcpy(passing->name, group->name, group->len);
        atomic_fetch_add(&batch->refs, 1);
        if (atomic_fetch_add(&to->inbox, bytes) + bytes > INBOX_HIGH &&
            !atomic_exchange(&to->crowded, true))
            block(hub->circle);
        ws_loop_post(to->home->loop, &passing->note);
    }
}

/* --- publishing --- */

static void send_batch(struct ws_hub *hub, struct ws_group *group)
{
    struct ws_batch *batch = group->batch;
    group->batch = NULL;
    if (!batch)
        return;
    ws_batch_complete(batch);
    pass_on(hub, group, batch);
    deliver(hub, group, batch);
    ws_batch_unref(batch);
}

static void on_turn_end(struct ws_task *task)
{
    struct ws_hub *hub = ws_container_of(task, struct ws_hub, task);
    while (hub->due) {
        struct ws_group *group = hub->due;
        hub->due = group->next_due;
        group->due = false;
        send_batch(hub, group);
        ws_hub_drop_if_empty(hub, group);
    }
}

void ws_hub_flush(struct ws_hub *hub)
{
    on_turn_end(&hub->task);
}

void ws_hub_send(struct ws_conn *conn, unsigned opcode, void *data, size_t len)
{
    struct ws_hub *hub = conn->home->hub;
    ws_hub_flush(hub);
    if (!conn->opened || conn->ended || !follows(hub, conn, 1))
        return;
    enum ws_error error = ws_conn_send(conn, opcode, WS_SEND_COPY, data, len);
    if (error == WS_OK)
        hub->deliveries.sent++;
    else
        hub->deliveries.failed++;
    if (error != WS_OK && error != WS_E_CLOSING && error != WS_E_STATE)
        ws_conn_abort(conn, error);
    flush_and_watch(hub, conn);
}

bool ws_hub_publish(struct ws_hub *hub, const char *name, size_t name_len, uint64_t except,
                    unsigned opcode, const void *data, size_t len)
{
    struct ws_group *group = name ? ws_hub_need_group(hub, name, name_len) : hub->everyone;
    const struct ws_session_config *config = &hub->home->config->session;
    size_t need = ws_session_framed_size(len, config->max_frame);
    if (!group)
        return false;
    if (group->batch && !ws_batch_fits(group->batch, need))
        send_batch(hub, group);
    if (!group->batch)
        group->batch = ws_batch_new(need, config->deflate ? wanted_forms(hub->circle) : 0);
    if (!group->due) {
        group->due = true;
        group->next_due = hub->due;
        hub->due = group;
        ws_loop_defer(hub->home->loop, &hub->task);
    }
    return group->batch && ws_batch_add(group->batch, except, opcode, data, len, config);
}

struct ws_deliveries ws_hub_deliveries(const struct ws_hub *hub)
{
    return hub->deliveries;
}

/* --- beginning and end --- */

void ws_hub_set_slow(struct ws_hub *hub, enum ws_slow slow)
{
    atomic_store(&hub->circle->slow, (int)slow);
}

struct ws_hub *ws_hub_new(struct ws_home *const *homes, unsigned count)
{
    struct ws_circle *circle = calloc(1, sizeof *circle + count * sizeof circle->hubs[0]);
    if (!circle)
        return NULL;
    circle->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct ws_hub *hub = &circle->hubs[i];
        hub->circle = circle;
        hub->home = homes[i];
        hub->task.run = on_turn_end;
        hub->resume.run = on_resume;
        hub->everyone = calloc(1, sizeof *hub->everyone);
        if (!hub->everyone) {
            ws_hub_free(circle->hubs);
            return NULL;
        }
        homes[i]->hub = hub;
    }
    return circle->hubs;
}

void ws_hub_free(struct ws_hub *first)
{
    struct ws_circle *circle = first ? first->circle : NULL;
    if (!circle)
        return;
    for (unsigned i = 0; i < circle->count; i++) {
        struct ws_hub *hub = &circle->hubs[i];
        if (hub->home)
            hub->home->hub = NULL;
        free(hub->everyone);
    }
    free(circle);
}
