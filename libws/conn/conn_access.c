#include "libws/conn/conn_private.h"

#include "libws/io/address.h"
#include "libws/io/stream.h"

#include <stdio.h>
#include <string.h>

/* --- ws/conn.h --- */

void ws_conn_pause(struct ws_conn *conn)
{
    ws_conn_block(conn, WS_BLOCK_HANDLER);
}

void ws_conn_resume(struct ws_conn *conn)
{
    ws_conn_unblock(conn, WS_BLOCK_HANDLER);
}

bool ws_conn_full(const struct ws_conn *conn)
{
    return conn->full;
}

uint64_t ws_conn_id(const struct ws_conn *conn)
{
    return conn->slot.by_id.hash;
}

void *ws_conn_user(const struct ws_conn *conn)
{
    return conn->user;
}

void ws_conn_set_user(struct ws_conn *conn, void *user)
{
    conn->user = user;
}

const struct ws_conn_env *ws_conn_env(const struct ws_conn *conn)
{
    return conn_env(conn);
}

const struct ws_session *ws_conn_session(const struct ws_conn *conn)
{
    return &conn->session;
}

/* The connection that has its socket. */
static const struct ws_conn *wire_of(const struct ws_conn *conn)
{
    return conn->cold->carrier ? conn->cold->carrier : conn;
}

int ws_conn_fd(const struct ws_conn *conn)
{
    return wire_of(conn)->watch.fd;
}

const struct ws_counters *ws_conn_counters(const struct ws_conn *conn)
{
    return &conn->counters;
}

const struct ws_end *ws_conn_end(const struct ws_conn *conn)
{
    return &conn->end;
}

const struct ws_heartbeat *ws_conn_heartbeat(const struct ws_conn *conn)
{
    return &conn->heartbeat;
}

const struct ws_tls *ws_conn_tls(const struct ws_conn *conn)
{
    return wire_of(conn)->cold->tls;
}

bool ws_conn_peer_left(const struct ws_conn *conn)
{
    if (conn->session.in != conn->session.in_end || conn->cold->stream)
        return false;
    return conn->cold->tls ? ws_conn_tls_ended(conn) != WS_OK : ws_stream_at_end(conn->watch.fd);
}

bool ws_conn_upgraded(const struct ws_conn *conn)
{
    return conn->end.opened;
}

bool ws_conn_pong_matched(const struct ws_conn *conn)
{
    return conn->pong_matched;
}

bool ws_conn_paused(const struct ws_conn *conn)
{
    return (conn->blocked & (WS_BLOCK_HANDLER | WS_BLOCK_HUB)) != 0;
}

bool ws_conn_discarding(const struct ws_conn *conn)
{
    return conn->life >= WS_LIFE_LINGERING;
}

enum ws_error ws_conn_refusal(const struct ws_conn *conn)
{
    return conn->refusal;
}

void ws_conn_set_refusal(struct ws_conn *conn, enum ws_error refusal)
{
    conn->refusal = (uint8_t)refusal;
}

uint64_t ws_conn_age_s(const struct ws_conn *conn)
{
    return (uint64_t)(ws_loop_now(conn_env(conn)->loop) / 1000) - conn->accepted_s;
}

uint64_t ws_conn_upgrading_us(const struct ws_conn *conn)
{
    return conn->life == WS_LIFE_UPGRADING ? (uint64_t)(ws_clock_us() - conn->accepted_us) : 0;
}

int64_t ws_conn_phase_ms(const struct ws_conn *conn)
{
    return ws_loop_now(conn_env(conn)->loop) - conn->phase_started_ms;
}

size_t ws_conn_holds(const struct ws_conn *conn)
{
    const struct ws_deflate *deflate = ws_session_deflate(&conn->session);
    if (conn->cold->http2)
        return ws_conn_waiting(conn) + ws_http2_holds(conn->cold->http2);
    return ws_conn_waiting(conn) + (conn->cold->unread ? conn->cold->unread->len : 0) +
           ws_session_holds(&conn->session) + (deflate ? ws_deflate_holds(deflate) : 0);
}

size_t ws_conn_queued(const struct ws_conn *conn)
{
    const struct ws_out *gathered = ws_conn_gathered(conn);
    return ws_conn_waiting(conn) + (gathered ? gathered->bytes : 0);
}

void ws_conn_set_peer(struct ws_conn *conn, const struct sockaddr *address)
{
    struct ws_address peer;
    ws_address_of_sockaddr(address, &peer);
    conn->has_peer = peer.kind == WS_ADDRESS_IP;
    conn->peer_port = peer.port;
    memcpy(conn->peer_ip, peer.ip, sizeof conn->peer_ip);
}

void ws_conn_peer_address(const struct ws_conn *conn, struct ws_address *address)
{
    if (!conn->has_peer) {
        ws_address_of_peer(ws_conn_fd(conn), address);
        return;
    }
    *address = (struct ws_address){.kind = WS_ADDRESS_IP, .port = conn->peer_port};
    memcpy(address->ip, conn->peer_ip, sizeof address->ip);
}

const char *ws_conn_peer(const struct ws_conn *conn, char *text, size_t size)
{
    struct ws_address peer;
    char host[WS_ADDRESS_TEXT];
    ws_conn_peer_address(conn, &peer);
    ws_address_format(&peer, host);
    if (peer.kind != WS_ADDRESS_IP) {
        snprintf(text, size, "%s", host);
        return text;
    }
    return ws_host_port_format(host, peer.port, text, size);
}

/* --- conn_owner.h --- */

struct ws_conn_slot *ws_conn_slot(struct ws_conn *conn)
{
    return &conn->slot;
}

struct ws_conn *ws_conn_of_slot(struct ws_conn_slot *slot)
{
    return ws_container_of(slot, struct ws_conn, slot);
}

bool ws_conn_flag(const struct ws_conn *conn, enum ws_conn_flag flag)
{
    return (conn->flags & flag) != 0;
}

void ws_conn_set_flag(struct ws_conn *conn, enum ws_conn_flag flag, bool on)
{
    if (on)
        conn->flags |= flag;
    else
        conn->flags &= ~(unsigned)flag;
}

const struct ws_conn_cold_slot *ws_conn_cold_slot(const struct ws_conn *conn)
{
    return &conn->cold->slot;
}

struct ws_conn_cold_slot *ws_conn_make_cold_slot(struct ws_conn *conn)
{
    struct ws_conn_cold *cold = ws_conn_cold(conn);
    return cold ? &cold->slot : NULL;
}

bool ws_conn_blocked(const struct ws_conn *conn, enum ws_read_block reason)
{
    return (conn->blocked & reason) != 0;
}

bool ws_conn_failed(const struct ws_conn *conn)
{
    return !ws_conn_usable(conn);
}

bool ws_conn_ended(const struct ws_conn *conn)
{
    return conn->life == WS_LIFE_ENDED;
}

int64_t ws_conn_last_message_ms(const struct ws_conn *conn)
{
    return conn->last_message_ms;
}
