/*
 * recording: the connections of a recording in JSON Lines, and who is the client in each.
 *
 * "dir" says in or out as the tool that wrote the record sees it, which may be the client or the
 * server. The record of the opening tells which: "dir" is there that of the response 101, which
 * servers send and clients receive. Used by read_messages and encode, for a recording at a time.
 */
#ifndef CMD_WSFRAME_READ_RECORDING_H
#define CMD_WSFRAME_READ_RECORDING_H

#include "cmd/common/record/record_read.h"
#include "cmd/wsframe/read/bytes.h"

/* All zero is empty. Private. */
struct recording {
    void *numbers; /* of connections by name, an object of jansson */
    struct ws_bytes *by_server;
    bool last_by_server; /* the last opening was recorded by a server */
};

/* Takes the next record, of any type. Returns the number of its connection, from 1 in the order in
 * which they begin: a second opening under the same name, or without one, begins another. */
size_t recording_take(struct recording *recording, const struct record_in *in);

/* Did the client of the connection send what the record is about? */
bool recording_from_client(const struct recording *recording, size_t number,
                           const struct record_in *in);

void recording_forget(struct recording *recording);

#endif
