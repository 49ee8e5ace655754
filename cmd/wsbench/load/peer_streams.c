#include "cmd/wsbench/load/peer_private.h"

/*
 * --streams: the peers of a worker are in groups of so many, in their order. A group has one HTTP/2
 * connection: the first peer that finds none opens it, and those that come meanwhile wait for the
 * server's first answer on it. When that connection is lost, the next peer that comes opens
 * another.
 */

/* The first of the peer's group; `*end` is what follows the last. */
static struct peer *group_of(const struct peer *peer, struct peer **end)
{
    struct worker *w = peer->worker;
    size_t index = (size_t)(peer - w->peers), first = index - index % w->settings->streams;
    size_t left = w->count - first;
    *end = w->peers + first + (left < w->settings->streams ? left : w->settings->streams);
    return w->peers + first;
}

bool peer_streams_find(const struct peer *peer, struct ws_conn **beside)
{
    struct peer *end;
    bool comes = false;
    *beside = NULL;
    if (peer->worker->settings->streams == 0)
        return true;
    for (struct peer *p = group_of(peer, &end); p < end; p++) {
        if (p->conn && ws_client_may_join(p->conn) != WS_E_STATE) {
            *beside = p->conn;
            return true;
        }
        comes |= p != peer && p->opening && !p->joined && !p->waits;
    }
    return !comes;
}

/* Takes those that wait out of their group: a list. */
static struct peer *take_waiting(const struct peer *peer)
{
    struct peer *end, *list = NULL, **last = &list;
    if (peer->worker->settings->streams == 0 || peer->joined)
        return NULL;
    for (struct peer *p = group_of(peer, &end); p < end; p++) {
        if (!p->waits)
            continue;
        p->waits = p->opening = false;
        p->next_idle = NULL;
        *last = p;
        last = &p->next_idle;
    }
    return list;
}

void peer_streams_answered(struct peer *peer)
{
    if (!peer->opening)
        return;
    peer->opening = false;
    for (struct peer *p = take_waiting(peer), *next; p; p = next) {
        next = p->next_idle;
        peer_begin(p);
    }
}

void peer_streams_failed(struct peer *peer, enum ws_error error, const char *detail)
{
    if (!peer->opening)
        return;
    peer->opening = false;
    for (struct peer *p = take_waiting(peer), *next; p; p = next) {
        next = p->next_idle;
        peer_failed(p, error, detail);
    }
}
