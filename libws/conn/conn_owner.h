/*
 * conn_owner: what conn offers to the module that owns connections (server) beyond <ws/conn.h>.
 *
 * A slot in each connection for the owner's own data, so that it needs no table of its own: one
 * node for a hash table and a few bits in the connection itself, and more where it is rare. conn
 * reads none of it, except the id. All for the connection's own thread.
 */
#ifndef LIBWS_CONN_CONN_OWNER_H
#define LIBWS_CONN_CONN_OWNER_H

#include "libws/io/hash_table.h"
#include <ws/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_conn;
struct ws_conn_env;

/* In every connection; its hash is the connection's id. */
struct ws_conn_slot {
    struct ws_hash_node by_id;
};

struct ws_conn_slot *ws_conn_slot(struct ws_conn *conn);
struct ws_conn *ws_conn_of_slot(struct ws_conn_slot *slot);

/* Of one on a stream of HTTP/2: the connection that carries it. NULL: it has a socket. */
struct ws_conn *ws_conn_carrier(const struct ws_conn *conn);

/* Server: sends GOAWAY. The carrier ends with its streams, and a second later in any case, so that
 * they may send why they were refused. Once it is called, further calls do nothing. */
void ws_conn_dismiss(struct ws_conn *carrier);

/* Client: may another connection go over the HTTP/2 connection that `beside` is on? As
 * ws_client_may_join(). */
enum ws_error ws_conn_may_share(const struct ws_conn *beside);

/* Client: makes `*conn`, which is on a further stream of the HTTP/2 connection that `beside` is on;
 * `env` is of the same loop. What is left is its request, as after ws_conn_new(). WS_OK,
 * WS_E_NO_MEMORY, or what ws_conn_may_share() says. */
enum ws_error ws_conn_new_beside(struct ws_conn *beside, const struct ws_conn_env *env, void *user,
                                 struct ws_conn **conn);

struct ws_address;
struct sockaddr;

/* Keeps the address of its other end, as accept() returned it, so that it is known after a reset
 * too. */
void ws_conn_set_peer(struct ws_conn *conn, const struct sockaddr *address);

/* The address of its other end. */
void ws_conn_peer_address(const struct ws_conn *conn, struct ws_address *address);

enum ws_conn_flag {
    WS_CONN_SLOW = 1,    /* hub: senders wait for this receiver */
    WS_CONN_EVICTED = 2, /* overload: it was evicted, and is no longer charged */
    /* server: what it counts as; none of them: nothing */
    WS_CONN_UNFINISHED = 4, /* its request has not come, or a plain answer is being sent */
    WS_CONN_ADMITTED = 8,   /* it has one of the places */
    WS_CONN_WAITING = 16,   /* nothing, and it only waits to be closed */
    WS_CONN_LATE = 32, /* server: it came while it was shutting down, which does not await it */
    WS_CONN_FOR_CARRIER = 64, /* server: a stream that counts in its carrier's place */
};

bool ws_conn_flag(const struct ws_conn *conn, enum ws_conn_flag flag);
void ws_conn_set_flag(struct ws_conn *conn, enum ws_conn_flag flag, bool on);

/* What few connections have. Its memory stays as long as a member is set. */
struct ws_conn_cold_slot {
    void *group_member;   /* hub's */
    void *client_entry;   /* admission's */
    unsigned counted;     /* server's, of a carrier: streams with WS_CONN_FOR_CARRIER */
    size_t charged_bytes; /* overload's */
};

/* To read; never NULL. */
const struct ws_conn_cold_slot *ws_conn_cold_slot(const struct ws_conn *conn);
/* To write to; NULL without memory. */
struct ws_conn_cold_slot *ws_conn_make_cold_slot(struct ws_conn *conn);

/* Why a connection is not being read; or-ed together. */
enum ws_read_block {
    WS_BLOCK_HANDLER = 1, /* ws_conn_pause() */
    WS_BLOCK_HUB = 2,     /* its receivers cannot follow */
    WS_BLOCK_RATE = 4,    /* it sent faster than it may, or much at once; ends with a timer */
    WS_BLOCK_QUEUE = 8,   /* config.pause_reads_when_full, and it is full */
    WS_BLOCK_UNREAD = 16, /* input that was received before it was paused comes first */
    WS_BLOCK_TLS = 32,    /* TLS has more records to send than the peer takes */
};

/* Adds a reason; and takes it away: once no other is left, reading goes on at the end of the
 * batch. */
void ws_conn_block(struct ws_conn *conn, enum ws_read_block reason);
void ws_conn_unblock(struct ws_conn *conn, enum ws_read_block reason);
bool ws_conn_blocked(const struct ws_conn *conn, enum ws_read_block reason);

/* Receives what lies in the kernel now, as if the loop had reported it; it may end because of that.
 * Not within a handler. */
void ws_conn_receive_now(struct ws_conn *conn);

/* Did the stream fail, or has the connection ended? Nothing can be sent on it then. */
bool ws_conn_failed(const struct ws_conn *conn);
/* Has the handler's close been called? */
bool ws_conn_ended(const struct ws_conn *conn);

/* Its upgrade must be done by `deadline_ms` of the loop's time, if config's handshake_ms, which may
 * not be 0 then, would allow more. For a client whose connecting has taken part of the time. */
void ws_conn_limit_handshake(struct ws_conn *conn, int64_t deadline_ms);

/* `why` is why it ends, unless there was a reason before. */
void ws_conn_record_error(struct ws_conn *conn, enum ws_error why);

/* Milliseconds since output was last taken, by the kernel or from it by the peer; 0 where none
 * waits. While some does that is looked at every half second, or more often where write_ms is
 * short. */
int64_t ws_conn_stalled_ms(const struct ws_conn *conn);

/* When its last message was received, or sent by a server, or its upgrade was done, in the loop's
 * milliseconds. Only of an open connection. */
int64_t ws_conn_last_message_ms(const struct ws_conn *conn);

#endif
