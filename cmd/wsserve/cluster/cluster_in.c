#include "cmd/wsserve/cluster/cluster_private.h"

#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/cluster/envelope.h"
#include <ws/server_env.h>

#include <stdlib.h>
#include <string.h>

enum { SUBSCRIBING_MOST = 1000 }; /* answers that are waited for at a time */

static struct cluster *cluster_of(struct redis_link *link)
{
    return ws_container_of(link, struct cluster, subscriber);
}

/* --- subscribing --- */

void cluster_subscribe(struct cluster *cluster)
{
    static const char *const commands[2][2] = {{"UNSUBSCRIBE", "SUBSCRIBE"},
                                               {"SUNSUBSCRIBE", "SSUBSCRIBE"}};
    struct redis_link *link = &cluster->subscriber;
    struct topic *topic;
    bool subscribe;
    while (link->state == REDIS_LINK_OPEN && !link->doomed &&
           cluster->subscribing < SUBSCRIBING_MOST &&
           topics_next_due(&cluster->topics, &topic, &subscribe)) {
        const char *words[] = {commands[link->sharded][subscribe], topic->name};
        const size_t lengths[] = {strlen(words[0]), topic->len};
        if (!redis_link_command(link, 2, words, lengths))
            redis_link_fail(link, "out of memory");
        cluster->subscribing++;
        if (!subscribe)
            topics_forget(&cluster->topics, topic);
    }
}

/* A group has, or has not, members on a loop. */
struct change {
    struct ws_async note;
    struct cluster *cluster;
    bool occupied;
    size_t len;
    char name[];
};

static bool apply_change(struct cluster *cluster, bool occupied, const char *name, size_t len)
{
    bool fine = true;
    if (occupied)
        fine = topics_add_member(&cluster->topics, name, len);
    else
        topics_remove_member(&cluster->topics, name, len);
    cluster_subscribe(cluster);
    return fine;
}

static void on_change(struct ws_async *note)
{
    struct change *change = ws_container_of(note, struct change, note);
    struct cluster *cluster = change->cluster;
    if (!apply_change(cluster, change->occupied, change->name, change->len))
        log_error(cluster->server->log, 0, WS_E_NO_MEMORY, "a group is not in the cluster");
    free(change);
}

static bool note_change(struct ws_hub_observer *observer, bool occupied, const char *name,
                        size_t len)
{
    struct cluster *cluster = ws_container_of(observer, struct cluster_observer, observer)->cluster;
    if (observer == &cluster->observers[0].observer)
        return apply_change(cluster, occupied, name, len);
    struct change *change = malloc(sizeof *change + len);
    if (!change)
        return false;
    *change = (struct change){
        .note.run = on_change, .cluster = cluster, .occupied = occupied, .len = len};
    memcpy(change->name, name, len);
    ws_loop_post(cluster->loop, &change->note);
    return true;
}

static bool on_occupied(struct ws_hub_observer *observer, const char *name, size_t len)
{
    return note_change(observer, true, name, len);
}

/* Without memory the subscription stays, and brings what nothing here is for. */
static void on_vacated(struct ws_hub_observer *observer, const char *name, size_t len)
{
    (void)note_change(observer, false, name, len);
}

void cluster_observe(struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster->server->worker_count; i++) {
        struct cluster_observer *o = &cluster->observers[i];
        *o = (struct cluster_observer){{on_occupied, on_vacated}, cluster};
        ws_hub_observe(cluster->server->workers[i].env->hub, &o->observer);
    }
}

/* --- delivering --- */

static void note_malformed(struct cluster *cluster, const char *what, const struct topic *topic)
{
    cluster->counts.malformed++;
    if (!cluster->malformed_logged)
        log_line(cluster->server->log, WS_LOG_WARNING, 0, "cluster",
                 "dropped from channel %.*s: %s", (int)topic->len, topic->name, what);
    cluster->malformed_logged = true;
}

static void note_time(struct cluster *cluster, int64_t sent_us)
{
    int64_t took_us = units_now_utc() - sent_us;
    if (took_us < 0 || took_us > INT64_MAX / 1000)
        took_us = 0; /* the clocks differ */
    totals_note(&cluster->took, TOTALS_TIMES, (uint64_t)took_us);
    histogram_add(&cluster->exact, took_us * 1000);
}

static void deliver(struct cluster *cluster, struct topic *topic, const struct resp_part *payload)
{
    struct envelope envelope;
    if (payload->kind == RESP_TOO_LARGE) {
        note_malformed(cluster, "larger than --max-message-size", topic);
        return;
    }
    if (payload->kind != RESP_STRING || !envelope_read(payload->data, payload->len, &envelope)) {
        note_malformed(cluster, "not a message of a node", topic);
        return;
    }
    if (envelope.node == cluster->node)
        return;
    if (envelope.len > cluster->max_message) {
        note_malformed(cluster, "larger than --max-message-size", topic);
        return;
    }
    int64_t missing = topic_note(topic, envelope.node, envelope.place);
    if (missing < 0) {
        cluster->counts.repeated++;
        return;
    }
    cluster->counts.lost += (uint64_t)missing;
    cluster->counts.in++;
    note_time(cluster, envelope.sent_us);
    /* Keep the order of messages for a group and for all. */
    if (cluster->to_group == topic->everyone)
        ws_hub_flush(cluster->hub);
    cluster->to_group = !topic->everyone;
    if (!ws_hub_publish(cluster->hub, topic->everyone ? NULL : topic_group(topic), topic->group_len,
                        0, envelope.opcode, envelope.data, envelope.len))
        log_error(cluster->server->log, 0, WS_E_NO_MEMORY, "a message of another node");
    if (ws_hub_blocked(cluster->hub))
        redis_link_pause(&cluster->subscriber, true);
}

static void on_unblocked(struct ws_hub_waiter *waiter)
{
    redis_link_pause(&ws_container_of(waiter, struct cluster, waiter)->subscriber, false);
}

/* --- what Redis says --- */

static bool is(const struct resp_part *part, const char *word)
{
    return part->kind == RESP_STRING && part->len == strlen(word) &&
           memcmp(part->data, word, part->len) == 0;
}

static bool is_confirmation(const struct resp_part *part)
{
    return is(part, "subscribe") || is(part, "ssubscribe") || is(part, "unsubscribe") ||
           is(part, "sunsubscribe");
}

static void on_opened(struct redis_link *link)
{
    struct cluster *cluster = cluster_of(link);
    cluster->subscribing = 0;
    cluster->malformed_logged = false;
    ws_hub_no_waiter(cluster->hub, &cluster->waiter);
    cluster->waiter.unblocked = on_unblocked;
    ws_hub_on_unblocked(cluster->hub, &cluster->waiter);
    cluster_subscribe(cluster);
    cluster_check_connected(cluster);
}

static bool on_replied(struct redis_link *link, const struct resp_reply *reply)
{
    struct cluster *cluster = cluster_of(link);
    const struct resp_part *part = reply->parts;
    if (!reply->array && part->kind == RESP_ERROR) {
        if (!cluster_moved(cluster, part))
            redis_link_fail(link, "Redis refuses to subscribe: %.*s",
                            (int)(part->len < 200 ? part->len : 200), part->data);
        return false;
    }
    if (reply->array && reply->count == 3 && (is(part, "message") || is(part, "smessage")) &&
        part[1].kind == RESP_STRING) {
        struct topic *topic = topics_find_channel(&cluster->topics, part[1].data, part[1].len);
        if (topic) /* else Redis has sent it before it was asked not to */
            deliver(cluster, topic, &part[2]);
        return true;
    }
    if (reply->array && is(part, "sunsubscribe") && cluster->subscribing == 0) {
        redis_link_fail(link, "the channel has moved to another server of the cluster");
        return false;
    }
    if (!reply->array || reply->count != 3 || !is_confirmation(part) || cluster->subscribing == 0) {
        redis_link_fail(link, "Redis answers what it was not asked");
        return false;
    }
    cluster->subscribing--;
    cluster_subscribe(cluster);
    cluster_check_connected(cluster);
    return true;
}

static void on_lost(struct redis_link *link, const char *why)
{
    struct cluster *cluster = cluster_of(link);
    ws_hub_no_waiter(cluster->hub, &cluster->waiter);
    topics_lost(&cluster->topics);
    cluster->subscribing = 0;
    cluster_lost(cluster, link, why);
}

const struct redis_link_user cluster_subscriber = {on_opened, on_replied, on_lost};
