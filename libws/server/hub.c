#include "libws/server/hub_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/server_env.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { INBOX_HIGH = 8 << 20 }; /* bytes from other loops above which their senders wait */

/* All hubs of a server. */
struct ws_hub_set {
    atomic_int slow;
    atomic_uint blocking;                  /* what senders wait for: slow receivers, full inboxes */
    atomic_uint receivers[WS_BATCH_FORMS]; /* open connections that can make use of a form */
    unsigned count;
    struct ws_hub hubs[];
};

/* --- waiting for slow receivers --- */

static void resume_one(struct ws_conn *conn, void *context)
{
    (void)context;
    ws_conn_unblock(conn, WS_BLOCK_HUB);
}

static void on_resume(struct ws_async *note)
{
    struct ws_hub *hub = ws_container_of(note, struct ws_hub, resume);
    atomic_store(&hub->resume_posted, false);
    if (atomic_load(&hub->set->blocking) > 0)
        return;
    ws_registry_each(hub->env->registry, resume_one, NULL);
    hub->next_waiter = hub->waiters;
    while (hub->next_waiter) {
        struct ws_hub_waiter *waiter = hub->next_waiter;
        hub->next_waiter = waiter->next;
        waiter->unblocked(waiter);
    }
}

bool ws_hub_blocked(const struct ws_hub *hub)
{
    return atomic_load(&hub->set->blocking) > 0;
}

void ws_hub_on_unblocked(struct ws_hub *hub, struct ws_hub_waiter *waiter)
{
    waiter->next = hub->waiters;
    hub->waiters = waiter;
}

void ws_hub_no_waiter(struct ws_hub *hub, struct ws_hub_waiter *waiter)
{
    if (hub->next_waiter == waiter)
        hub->next_waiter = waiter->next;
    for (struct ws_hub_waiter **at = &hub->waiters; *at; at = &(*at)->next)
        if (*at == waiter) {
            *at = waiter->next;
            return;
        }
}

static void block(struct ws_hub_set *set)
{
    atomic_fetch_add(&set->blocking, 1);
}

static void unblock(struct ws_hub_set *set)
{
    if (atomic_fetch_sub(&set->blocking, 1) != 1)
        return;
    for (unsigned i = 0; i < set->count; i++)
        if (!atomic_exchange(&set->hubs[i].resume_posted, true))
            ws_loop_post(set->hubs[i].env->conn.loop, &set->hubs[i].resume);
}

void ws_hub_wait(struct ws_conn *conn)
{
    const struct ws_hub_set *set = ws_server_env(conn)->hub->set;
    if (atomic_load(&set->blocking) == 0 || ws_conn_ended(conn))
        return;
    ws_conn_block(conn, WS_BLOCK_HUB);
    /* They may have caught up in between. */
    if (atomic_load(&set->blocking) == 0)
        ws_conn_unblock(conn, WS_BLOCK_HUB);
}

void ws_hub_caught_up(struct ws_conn *conn)
{
    if (!ws_conn_flag(conn, WS_CONN_SLOW))
        return;
    ws_conn_set_flag(conn, WS_CONN_SLOW, false);
    unblock(ws_server_env(conn)->hub->set);
}

/* --- which receivers can inflate --- */

static atomic_uint *receivers_like(const struct ws_conn *conn)
{
    const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(conn));
    return &ws_server_env(conn)->hub->set->receivers[ws_batch_form_of(deflate)];
}

void ws_hub_opened(struct ws_conn *conn)
{
    atomic_fetch_add_explicit(receivers_like(conn), 1, memory_order_relaxed);
}

void ws_hub_ended(struct ws_conn *conn)
{
    ws_hub_leave(conn);
    if (ws_conn_upgraded(conn))
        atomic_fetch_sub_explicit(receivers_like(conn), 1, memory_order_relaxed);
    ws_hub_caught_up(conn);
}

/* A bit for each form that a receiver can use. */
static unsigned wanted_forms(const struct ws_hub_set *set)
{
    unsigned wanted = 0;
    for (unsigned i = 0; i < WS_BATCH_FORMS; i++)
        if (atomic_load_explicit(&set->receivers[i], memory_order_relaxed) > 0)
            wanted |= 1u << i;
    return wanted;
}

/* --- delivering --- */

/* May it be given more? */
static bool follows(struct ws_hub *hub, struct ws_conn *conn, size_t messages)
{
    if (!ws_conn_full(conn))
        return true;
    switch ((enum ws_slow)atomic_load(&hub->set->slow)) {
    case WS_SLOW_CLOSE:
        hub->deliveries.dropped += messages;
        ws_conn_fail(conn, WS_E_TOO_SLOW);
        return false;
    case WS_SLOW_DROP_NEW:
        hub->deliveries.dropped += messages;
        return false;
    case WS_SLOW_DROP_OLD: {
        size_t dropped = ws_conn_drop_shared(conn);
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
    if (ws_conn_full(conn) && !ws_conn_flag(conn, WS_CONN_SLOW) &&
        atomic_load(&hub->set->slow) == WS_SLOW_BLOCK) {
        ws_conn_set_flag(conn, WS_CONN_SLOW, true);
        block(hub->set);
    }
}

static struct ws_compressed_span between(const struct ws_batch_mark *begin,
                                         const struct ws_batch_mark *end)
{
    return (struct ws_compressed_span){
        .messages = end->deflated.messages - begin->deflated.messages,
        .plain = end->deflated.plain - begin->deflated.plain,
        .wire = end->deflated.wire - begin->deflated.wire,
    };
}

/* Everything of the batch except what came from the connection itself. */
static void deliver_to(struct ws_hub *hub, struct ws_conn *conn, const struct ws_batch *batch)
{
    uint64_t id = ws_conn_id(conn);
    const struct ws_batch_form *form =
        ws_batch_form_for(batch, ws_session_deflate(ws_conn_session(conn)));
    size_t own = ws_batch_first_excepted(batch, id), from = 0;
    if (!ws_conn_upgraded(conn) || ws_conn_ended(conn))
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
        ws_registry_each(hub->env->registry, deliver_to_one, &delivery);
        return;
    }
    for (struct ws_member *member = group->members, *next; member; member = next) {
        next = member->next;
        deliver_to(hub, member->conn, batch);
    }
}

/* --- from loop to loop --- */

struct forward {
    struct ws_async note;
    struct ws_hub *to;
    struct ws_batch *batch;
    bool everyone;
    size_t len;
    char name[];
};

static void on_passed(struct ws_async *note)
{
    struct forward *forward = ws_container_of(note, struct forward, note);
    struct ws_hub *hub = forward->to;
    struct ws_group *group =
        forward->everyone ? hub->everyone : ws_hub_find_group(hub, forward->name, forward->len);
    if (group)
        deliver(hub, group, forward->batch);
    size_t bytes = ws_batch_bytes(forward->batch);
    size_t left = atomic_fetch_sub(&hub->inbox, bytes) - bytes;
    if (left < INBOX_HIGH / 4 && atomic_exchange(&hub->inbox_full, false))
        unblock(hub->set);
    ws_batch_unref(forward->batch);
    free(forward);
}

static void forward_batch(struct ws_hub *hub, const struct ws_group *group, struct ws_batch *batch)
{
    size_t bytes = ws_batch_bytes(batch);
    for (unsigned i = 0; i < hub->set->count; i++) {
        struct ws_hub *to = &hub->set->hubs[i];
        if (to == hub)
            continue;
        struct forward *forward = malloc(sizeof *forward + group->len);
        if (!forward) {
            hub->deliveries.failed += batch->count;
            continue;
        }
        *forward = (struct forward){.note.run = on_passed,
                                    .to = to,
                                    .batch = batch,
                                    .everyone = group == hub->everyone,
                                    .len = group->len};
        memcpy(forward->name, group->name, group->len);
        atomic_fetch_add(&batch->refs, 1);
        if (atomic_fetch_add(&to->inbox, bytes) + bytes > INBOX_HIGH &&
            !atomic_exchange(&to->inbox_full, true))
            block(hub->set);
        ws_loop_post(to->env->conn.loop, &forward->note);
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
    forward_batch(hub, group, batch);
    deliver(hub, group, batch);
    ws_batch_unref(batch);
}

static void on_turn_end(struct ws_deferred *task)
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
    struct ws_hub *hub = ws_server_env(conn)->hub;
    ws_hub_flush(hub);
    if (!ws_conn_upgraded(conn) || ws_conn_ended(conn) || !follows(hub, conn, 1))
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
    const struct ws_session_config *config = &hub->env->conn.config.session;
    size_t need = ws_frame_message_size(len, config->max_frame);
    if (!group)
        return false;
    if (group->batch && !ws_batch_fits(group->batch, need))
        send_batch(hub, group);
    if (!group->batch)
        group->batch = ws_batch_new(need, config->deflate ? wanted_forms(hub->set) : 0);
    if (!group->due) {
        group->due = true;
        group->next_due = hub->due;
        hub->due = group;
        ws_loop_defer(hub->env->conn.loop, &hub->task);
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
    atomic_store(&hub->set->slow, (int)slow);
}

struct ws_hub *ws_hub_new(struct ws_server_env *const *envs, unsigned count)
{
    struct ws_hub_set *set = calloc(1, sizeof *set + count * sizeof set->hubs[0]);
    if (!set)
        return NULL;
    set->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct ws_hub *hub = &set->hubs[i];
        hub->set = set;
        hub->env = envs[i];
        hub->task.run = on_turn_end;
        hub->resume.run = on_resume;
        hub->everyone = calloc(1, sizeof *hub->everyone);
        if (!hub->everyone) {
            ws_hub_free(set->hubs);
            return NULL;
        }
        envs[i]->hub = hub;
    }
    return set->hubs;
}

void ws_hub_free(struct ws_hub *first)
{
    struct ws_hub_set *set = first ? first->set : NULL;
    if (!set)
        return;
    for (unsigned i = 0; i < set->count; i++) {
        struct ws_hub *hub = &set->hubs[i];
        if (hub->env)
            hub->env->hub = NULL;
        free(hub->everyone);
        ws_hash_table_free(&hub->groups);
    }
    free(set);
}
