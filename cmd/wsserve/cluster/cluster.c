#include "cmd/wsserve/cluster/cluster_private.h"

#include "cmd/common/exit.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/options/settings.h"
#include "libws/io/address.h"
#include <ws/server_env.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_TIMEOUT_MS = 2000 }; /* at the end, for Redis to take what waits for it */

/* --- connected or not --- */

static const char *redis_name(const struct cluster *cluster, char text[300])
{
    const struct redis_link *link = &cluster->publisher;
    char where[280];
    ws_host_port_format(link->host, link->port, where, sizeof where);
    snprintf(text, 300, "%s://%s", cluster->url.secure ? "rediss" : "redis", where);
    return text;
}

void cluster_check_connected(struct cluster *cluster)
{
    char name[300];
    if (cluster->connected || cluster->publisher.state != REDIS_LINK_OPEN ||
        cluster->subscriber.state != REDIS_LINK_OPEN || cluster->subscribing > 0 ||
        cluster->topics.due)
        return;
    cluster->connected = true;
    cluster->loss_logged = false;
    atomic_store(&cluster->degraded, false);
    log_line(cluster->server->log, WS_LOG_INFO, 0, "cluster",
             "connected to %s as node %016" PRIx64 ", channel %s%s", redis_name(cluster, name),
             cluster->node, cluster->url.channel, cluster->publisher.sharded ? ", sharded" : "");
    cluster_log_failed(cluster, WS_LOG_INFO);
}

void cluster_lost(struct cluster *cluster, struct redis_link *link, const char *why)
{
    char name[300];
    cluster->counts.losses++;
    cluster->connected = false;
    atomic_store(&cluster->degraded, true);
    log_line(cluster->server->log, cluster->loss_logged ? WS_LOG_DEBUG : WS_LOG_WARNING, 0,
             "cluster", "no connection to %s%s: %s; other nodes are not reached until it is back",
             redis_name(cluster, name),
             link == &cluster->publisher ? " for sending" : " for receiving", why);
    cluster->loss_logged = true;
    /* A server that sent us elsewhere may know better by now. */
    if (cluster->following > 0) {
        cluster->following--;
    } else if (cluster->redirect[0] && link->failures > 1) {
        cluster->redirect[0] = '\0';
        cluster->publisher.host = cluster->subscriber.host = cluster->url.host;
        cluster->publisher.port = cluster->subscriber.port = cluster->url.port;
    }
}

/* It connects to the server that Redis has named; one that waits does so by itself. */
static void follow(struct cluster *cluster, struct redis_link *link)
{
    if (link->state == REDIS_LINK_WAITING)
        return;
    cluster->following++;
    redis_link_fail(link, "the channel belongs to another server of the cluster");
}

bool cluster_moved(struct cluster *cluster, const struct resp_part *error)
{
    static const char moved[] = "MOVED ";
    if (error->len < sizeof moved || memcmp(error->data, moved, sizeof moved - 1) != 0)
        return false;
    const char *end = error->data + error->len;
    const char *where = memrchr(error->data, ' ', error->len); /* there is one in "MOVED " */
    where++;
    const char *colon = memrchr(where, ':', (size_t)(end - where));
    unsigned port = 0;
    size_t host_len = colon ? (size_t)(colon - where) : 0;
    for (const char *c = colon ? colon + 1 : end; c < end && port <= UINT16_MAX; c++)
        port = *c >= '0' && *c <= '9' ? port * 10 + (unsigned)(*c - '0') : UINT16_MAX + 1u;
    if (host_len == 0 || host_len >= sizeof cluster->redirect || port == 0 || port > UINT16_MAX)
        return false;
    memcpy(cluster->redirect, where, host_len);
    cluster->redirect[host_len] = '\0';
    cluster->publisher.host = cluster->subscriber.host = cluster->redirect;
    cluster->publisher.port = cluster->subscriber.port = (uint16_t)port;
    follow(cluster, &cluster->publisher);
    follow(cluster, &cluster->subscriber);
    return true;
}

bool cluster_degraded(const struct server *server)
{
    return server->cluster && atomic_load(&server->cluster->degraded);
}

bool cluster_read(const struct server *server, struct cluster_report *report)
{
    const struct cluster *cluster = server->cluster;
    if (!cluster)
        return false;
    *report = (struct cluster_report){
        .connected = cluster->connected,
        .node = cluster->node,
        .channel = cluster->url.channel,
        .topics = cluster->topics.by_name.count,
        .counts = cluster->counts,
        .took = cluster->took,
        .p50_us = (uint64_t)histogram_percentile(&cluster->exact, 50) / 1000,
        .p99_us = (uint64_t)histogram_percentile(&cluster->exact, 99) / 1000,
    };
    report->counts.full += atomic_load(&cluster->full);
    return true;
}

/* --- beginning and end --- */

static bool complain(const char *what)
{
    exit_warn("--cluster: %s", what);
    return false;
}

static void set_up_link(struct cluster *cluster, struct redis_link *link,
                        const struct redis_link_user *user)
{
    *link = (struct redis_link){
        .user = user,
        .loop = cluster->loop,
        .host = cluster->url.host,
        .port = cluster->url.port,
        .name = cluster->url.host,
        .tls_context = cluster->tls,
        .login = cluster->url.user,
        .password = cluster->url.password,
        /* A message with its head, and the names around it. */
        .max_reply = cluster->max_message + RESP_SHORT_MAX + 1024,
    };
}

static bool set_up(struct cluster *cluster, const struct settings *settings)
{
    char error[256];
    if (!resp_available())
        return complain("this wsserve was built without hiredis (WITH_REDIS=0)");
    const char *wrong =
        cluster_url_parse(settings->operate.cluster, &cluster->url, error, sizeof error);
    if (wrong)
        return complain(wrong);
    uint64_t most = settings->max_message_size;
    cluster->max_message =
        most == 0 || most > CLUSTER_MESSAGE_MOST ? CLUSTER_MESSAGE_MOST : (size_t)most;
    struct ws_tls_options tls = {.role = WS_ROLE_CLIENT, .ca = settings->operate.cluster_ca};
    if (cluster->url.secure && !(cluster->tls = ws_tls_context_new(&tls, error, sizeof error)))
        return complain(error);
    if (!ws_loop_random(cluster->loop, &cluster->node, sizeof cluster->node))
        return complain("the system has no random numbers");
    if (!topics_init(&cluster->topics, cluster->url.channel) ||
        (settings->mode != MODE_ROOMS && !topics_add_member(&cluster->topics, NULL, 0)))
        return complain("out of memory");
    set_up_link(cluster, &cluster->publisher, &cluster_publisher);
    set_up_link(cluster, &cluster->subscriber, &cluster_subscriber);
    cluster->publisher.gather_ms = CLUSTER_GATHER_MS;
    if (settings->mode != MODE_BROADCAST)
        cluster_observe(cluster);
    if (!redis_link_start(&cluster->publisher) || !redis_link_start(&cluster->subscriber))
        return complain("out of memory");
    return true;
}

bool cluster_start(struct server *server)
{
    const struct settings *settings = server->settings;
    if (!settings->operate.cluster)
        return true;
    struct cluster *cluster = server->cluster = calloc(1, sizeof *cluster);
    if (!cluster)
        return complain("out of memory");
    cluster->server = server;
    cluster->loop = server->loop;
    cluster->hub = server->workers[0].env->hub;
    atomic_store(&cluster->degraded, true);
    return set_up(cluster, settings);
}

void cluster_leave(struct worker *worker)
{
    struct cluster *cluster = worker->server->cluster;
    if (!cluster || worker->index != 0)
        return;
    int64_t end = ws_clock_us() + (int64_t)FLUSH_TIMEOUT_MS * 1000;
    while (cluster->publisher.state == REDIS_LINK_OPEN && cluster->publishing > 0 &&
           ws_clock_us() < end)
        ws_loop_turn(cluster->loop, 20);
    cluster->counts.unanswered += cluster->publishing;
    cluster->publishing = 0;
    cluster_log_failed(cluster, WS_LOG_WARNING);
    for (unsigned i = 0; i < worker->server->worker_count; i++)
        ws_hub_observe(worker->server->workers[i].env->hub, NULL);
    ws_hub_no_waiter(cluster->hub, &cluster->waiter);
    redis_link_stop(&cluster->publisher);
    redis_link_stop(&cluster->subscriber);
    ws_loop_turn(cluster->loop, 0);
}

void cluster_stop(struct server *server)
{
    struct cluster *cluster = server->cluster;
    if (!cluster)
        return;
    topics_free(&cluster->topics);
    ws_bytes_free(&cluster->scratch);
    ws_tls_context_free(cluster->tls);
    cluster_url_free(&cluster->url);
    free(cluster);
    server->cluster = NULL;
}
