#include "cmd/wsserve/cluster/cluster_private.h"

#include "cmd/common/log.h"
#include "cmd/common/units.h"
#include "cmd/wsserve/cluster/envelope.h"
#include <ws/server_env.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct cluster *cluster_of(struct redis_link *link)
{
    return ws_container_of(link, struct cluster, publisher);
}

/* --- what fails --- */

static uint64_t full_count(const struct cluster *cluster)
{
    return cluster->counts.full + atomic_load(&cluster->full);
}

void cluster_log_failed(struct cluster *cluster, enum ws_level level)
{
    struct cluster_counts *logged = &cluster->logged;
    uint64_t full = full_count(cluster) - logged->full;
    uint64_t down = cluster->counts.down - logged->down;
    uint64_t unanswered = cluster->counts.unanswered - logged->unanswered;
    atomic_store(&cluster->overflowing, false);
    if (full + down + unanswered > 0)
        log_line(cluster->server->log, level, 0, "cluster",
                 "messages that failed to reach other nodes: %" PRIu64 " were too many, %" PRIu64
                 " had no connection, %" PRIu64 " were not confirmed (they may have arrived)",
                 full, down, unanswered);
    *logged = cluster->counts;
    logged->full += atomic_load(&cluster->full);
}

/* Messages begin to be dropped. Any thread. */
static void log_overflow(struct cluster *cluster, const char *why)
{
    if (!atomic_exchange(&cluster->overflowing, true))
        log_line(cluster->server->log, WS_LOG_WARNING, 0, "cluster",
                 "%s: messages for other nodes are dropped until that is over", why);
}

/* Well below the limit, so that one that is just reached is not said over and over. */
static void check_overflow(struct cluster *cluster)
{
    if (atomic_load_explicit(&cluster->overflowing, memory_order_relaxed) &&
        redis_link_queued(&cluster->publisher) <= CLUSTER_QUEUE_MOST / 4 &&
        atomic_load(&cluster->inbox) <= CLUSTER_QUEUE_MOST / 4)
        cluster_log_failed(cluster, WS_LOG_INFO);
}

/* --- to Redis --- */

/* The message after its head, in scratch memory; false without memory. */
static bool wrap(struct cluster *cluster, const struct envelope *envelope)
{
    if (cluster->scratch)
        ws_bytes_consume(cluster->scratch, ws_bytes_len(cluster->scratch));
    if (!ws_bytes_reserve(&cluster->scratch, ENVELOPE_HEAD + envelope->len))
        return false;
    uint8_t *at = ws_bytes_data(cluster->scratch);
    envelope_write(envelope, at);
    if (envelope->len > 0)
        memcpy(at + ENVELOPE_HEAD, envelope->data, envelope->len);
    cluster->scratch->len = ENVELOPE_HEAD + envelope->len;
    return true;
}

static const char out_of_memory[] = "out of memory";

/* Why the message cannot be sent; NULL: it can. */
static const char *obstacle_to(const struct cluster *cluster, size_t group_len, size_t len)
{
    if (redis_link_queued(&cluster->publisher) > CLUSTER_QUEUE_MOST)
        return "Redis takes too little";
    if (len > cluster->max_message || cluster->topics.prefix_len + group_len > RESP_SHORT_MAX)
        return "a message, or the name of its group, is too large";
    return NULL;
}

/* A message takes its place also where it cannot be sent: the other nodes notice that it is
 * missing. */
static void publish(struct cluster *cluster, const char *group, size_t group_len, unsigned opcode,
                    const void *data, size_t len)
{
    struct redis_link *link = &cluster->publisher;
    struct topic *topic = topics_find(&cluster->topics, group, group_len);
    struct envelope envelope = {
        .opcode = opcode,
        .node = cluster->node,
        .place = topic ? ++topic->place : 0,
        .sent_us = units_now_utc(),
        .data = data,
        .len = len,
    };
    char name[RESP_SHORT_MAX];
    if (link->state != REDIS_LINK_OPEN || link->doomed) {
        cluster->counts.down++;
        return;
    }
    const char *obstacle = obstacle_to(cluster, group_len, len);
    if (!obstacle && !wrap(cluster, &envelope))
        obstacle = out_of_memory;
    if (obstacle) {
        cluster->counts.full++;
        log_overflow(cluster, obstacle);
        return;
    }
    memcpy(name, cluster->topics.prefix, cluster->topics.prefix_len);
    if (group_len > 0)
        memcpy(name + cluster->topics.prefix_len, group, group_len);
    const char *words[] = {link->sharded ? "SPUBLISH" : "PUBLISH", name,
                           (const char *)ws_bytes_data(cluster->scratch)};
    const size_t lengths[] = {strlen(words[0]), cluster->topics.prefix_len + group_len,
                              ws_bytes_len(cluster->scratch)};
    if (redis_link_command(link, 3, words, lengths)) {
        cluster->publishing++;
    } else {
        cluster->counts.full++;
        log_overflow(cluster, out_of_memory);
    }
}

/* --- from another loop to the first --- */

struct passed {
    struct ws_async note;
    struct cluster *cluster;
    unsigned opcode;
    bool everyone;
    size_t group_len, len;
    char bytes[]; /* the group, and the message */
};

static void on_passed(struct ws_async *note)
{
    struct passed *passed = ws_container_of(note, struct passed, note);
    struct cluster *cluster = passed->cluster;
    atomic_fetch_sub(&cluster->inbox, passed->len);
    publish(cluster, passed->everyone ? NULL : passed->bytes, passed->group_len, passed->opcode,
            passed->bytes + passed->group_len, passed->len);
    free(passed);
}

static void pass(struct cluster *cluster, const char *group, size_t group_len, unsigned opcode,
                 const void *data, size_t len)
{
    struct passed *passed = NULL;
    if (atomic_fetch_add(&cluster->inbox, len) + len <= CLUSTER_QUEUE_MOST + cluster->max_message)
        passed = malloc(sizeof *passed + group_len + len);
    if (!passed) {
        atomic_fetch_sub(&cluster->inbox, len);
        atomic_fetch_add(&cluster->full, 1);
        log_overflow(cluster, "more messages come than the first thread takes");
        return;
    }
    *passed = (struct passed){.note.run = on_passed,
                              .cluster = cluster,
                              .opcode = opcode,
                              .everyone = !group,
                              .group_len = group_len,
                              .len = len};
    if (group_len > 0)
        memcpy(passed->bytes, group, group_len);
    if (len > 0)
        memcpy(passed->bytes + group_len, data, len);
    ws_loop_post(cluster->loop, &passed->note);
}

void cluster_publish(const struct worker *worker, const char *group, size_t group_len,
                     unsigned opcode, const void *data, size_t len)
{
    struct cluster *cluster = worker->server->cluster;
    if (!cluster)
        return;
    if (worker->index == 0)
        publish(cluster, group, group_len, opcode, data, len);
    else
        pass(cluster, group, group_len, opcode, data, len);
}

/* --- what Redis answers --- */

static void on_opened(struct redis_link *link)
{
    struct cluster *cluster = cluster_of(link);
    cluster->publishing = 0;
    cluster_check_connected(cluster);
}

/* An answer to a message: how many have received it, which does not say which, or an error. */
static bool on_replied(struct redis_link *link, const struct resp_reply *reply)
{
    struct cluster *cluster = cluster_of(link);
    const struct resp_part *part = &reply->parts[0];
    if (reply->array || cluster->publishing == 0 ||
        (part->kind != RESP_INTEGER && part->kind != RESP_ERROR)) {
        redis_link_fail(link, "Redis answers what it was not asked");
        return false;
    }
    cluster->publishing--;
    if (part->kind == RESP_INTEGER) {
        cluster->counts.out++;
        cluster->rejection_logged = false;
        check_overflow(cluster);
        return true;
    }
    cluster->counts.rejected++;
    if (cluster_moved(cluster, part))
        return false;
    if (!cluster->rejection_logged)
        log_line(cluster->server->log, WS_LOG_WARNING, 0, "cluster",
                 "Redis rejects a message to the other nodes: %.*s",
                 (int)(part->len < 200 ? part->len : 200), part->data);
    cluster->rejection_logged = true;
    return true;
}

static void on_lost(struct redis_link *link, const char *why)
{
    struct cluster *cluster = cluster_of(link);
    cluster->counts.unanswered += cluster->publishing;
    cluster->publishing = 0;
    cluster_lost(cluster, link, why);
}

const struct redis_link_user cluster_publisher = {on_opened, on_replied, on_lost};
