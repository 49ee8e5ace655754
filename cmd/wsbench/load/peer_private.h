/*
 * peer_private: what the files of peer call in each other.
 */
#ifndef CMD_WSBENCH_LOAD_PEER_PRIVATE_H
#define CMD_WSBENCH_LOAD_PEER_PRIVATE_H

#include "cmd/wsbench/load/peer.h"

/* --- peer.c --- */

/* Starts to connect. */
void peer_connect(struct peer *peer);
/* The same of one that is counted as connecting already, and has waited. */
void peer_begin(struct peer *peer);
/* The time for what is done with the peer now. What one read of its socket brought came at one
 * time, and the clock is read once for it, and once more for all that is sent in answer. */
int64_t peer_now(struct peer *peer);

/* --- peer_end.c --- */

/* Counts a refusal. The first one is kept for the report. */
void peer_refused(struct peer *peer, const struct ws_response *response);
/* Counts that it could not be opened, because of `error`. */
void peer_count_failed(struct peer *peer, enum ws_error error, const char *detail);
/* The same, and its place is free. */
void peer_failed(struct peer *peer, enum ws_error error, const char *detail);
/* The peer's connection is over, whether or not it still exists: counts how it ended, what waits is
 * lost, and its place is free, but for a stream's. */
void peer_over(struct peer *peer, const struct ws_end *end);
/* It has ended, or never began: another may take its place. */
void peer_vacate(struct peer *peer, bool was_open);

/* --- peer_open.c --- */

/* Call before the loop runs. */
void peer_open_init_one(struct peer *peer);
/* --first-expect: limits the time until the message comes. */
void peer_open_limit(struct peer *peer);
/* It could not even begin, because of `error`: it fails in the loop's next turn, as others do. */
void peer_open_unable(struct peer *peer, enum ws_error error);
/* The connection has opened. */
void peer_opened(struct peer *peer);
/* A connection has ended, or could not be opened: opens it again where that was asked for. */
void peer_open_again(struct peer *peer, bool was_open);

/* Call when a connection has opened or failed: starts the next. */
void peer_open_done(struct worker *worker);
/* Churn: the peer's connection has ended, and another may take its place. */
void peer_open_vacated(struct peer *peer);

/* --- peer_streams.c --- */

/* Is there an HTTP/2 connection that the peer can share? `*beside` is a connection on it; NULL: the
 * peer is to open one of its own. False: another is opening one, which is to be waited for. */
bool peer_streams_find(const struct peer *peer, struct ws_conn **beside);
/* The server has answered the peer's request, and not before that its HTTP/2 is known: those that
 * wait for it begin. No more than the first call for a request has an effect. */
void peer_streams_answered(struct peer *peer);
/* It was not answered: those that wait for the peer's connection have failed as it has. */
void peer_streams_failed(struct peer *peer, enum ws_error error, const char *detail);

/* --- peer_send.c --- */

/* Does it send in this mode? */
bool peer_sends(const struct peer *peer);
/* Call before the loop runs. */
void peer_send_init(struct peer *peer);
/* Sends what it may now, as far as window, queue and schedule allow. */
void peer_send_more(struct peer *peer);
/* Sends one message that was due at `due_ns`. False if it could not be sent. */
bool peer_send_one(struct peer *peer, int64_t due_ns);
/* The connection has ended: no answers can come any more. */
void peer_send_end(struct peer *peer);
/* Answers may have come, or messages been given up: sends the next in their place. */
void peer_send_refill(struct peer *peer);

/* --- peer_receive.c --- */

/* Call before the loop runs. */
void peer_receive_init(struct peer *peer);
/* It reads without pauses from now on. */
void peer_receive_stop(struct peer *peer);
/* The most common event, taken straight: the echo of the first message that waits, whole and
 * unchanged. False when it is another: nothing was counted. */
bool peer_receive_echo(struct peer *peer, const struct ws_event *event);
/* The same for the messages of a RUN: returns how many of the first ones these are. */
unsigned peer_receive_echoes(struct peer *peer, const struct ws_event *run);
/* Takes a MESSAGE, a CHUNK or a PONG. */
void peer_receive(struct peer *peer, const struct ws_event *event);

#endif
