/*
 * relay: one message from a connection into a channel, or out of one to a connection (process,
 * shared, pipe): adds the framing's marks or a record, and chooses the type of message. No state.
 */
#ifndef CMD_WSSERVE_BRIDGE_RELAY_H
#define CMD_WSSERVE_BRIDGE_RELAY_H

#include "cmd/common/log.h"
#include "cmd/wsserve/bridge/channel.h"
#include "cmd/wsserve/bridge/framing.h"
#include <ws/conn.h>

#include <stdbool.h>
#include <stdint.h>

/* Writes a MESSAGE, or a CHUNK where the framing takes pieces, of `conn`, which opened at
 * `opened_us` of ws_clock_us(). Errors as channel_write(), and WS_E_MESSAGE_TOO_BIG for what the
 * framing has no length for. */
enum ws_error relay_in(struct channel *channel, enum framing framing, const struct ws_conn *conn,
                       int64_t opened_us, const struct ws_event *event);

/* With jsonl: that a connection opened, and that it ended. Nothing for other framings. */
enum ws_error relay_open(struct channel *channel, enum framing framing, const struct ws_conn *conn,
                         const struct ws_request *request);
enum ws_error relay_close(struct channel *channel, enum framing framing, const struct ws_conn *conn,
                          int64_t opened_us, unsigned code, const void *reason, size_t reason_len,
                          bool clean);

/* The opcode of a message: text that is not valid UTF-8 is sent as binary. */
unsigned relay_opcode(const struct framing_message *message, bool binary);

/* Sends a program's message to `conn`; a record may also be a ping or a close. Errors as
 * ws_conn_send() and ws_conn_close(). */
enum ws_error relay_out(struct ws_conn *conn, const struct framing_message *message, bool binary);

/* The end of what a program wrote: true if there is a last message. What is incomplete is logged,
 * with the connection's id, or 0. */
bool relay_last(struct framing_reader *reader, struct framing_message *message,
                const struct log *log, uint64_t id);

#endif
