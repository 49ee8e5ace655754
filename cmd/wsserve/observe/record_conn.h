/*
 * record_conn: --record=DIR, the messages of every connection in both directions, a file of JSON
 * Lines each (docs/record.schema.json): the records of wscat --jsonl, which wsbench --replay reads.
 *
 * Input is recorded from the handler's events; output from the bytes themselves, frame by frame, so
 * that nothing is missed: a broadcast, a pong, the close. A spool writes, so no loop waits for the
 * disk; what it drops is counted and logged. server/instrument.c calls it.
 */
#ifndef CMD_WSSERVE_OBSERVE_RECORD_CONN_H
#define CMD_WSSERVE_OBSERVE_RECORD_CONN_H

#include "cmd/common/json.h"
#include "cmd/common/log.h"
#include <ws/conn.h>

#include <stdbool.h>
#include <stdint.h>

/* One a server, used by all its threads. */
struct recorder;

/* Makes the folder `path` if it is missing. `limit`: bytes in all; 0: none. `log` must outlive it.
 * NULL with errno. */
struct recorder *recorder_open(const struct log *log, const char *path, uint64_t limit);

/* Any thread. */
void recorder_set_limit(struct recorder *recorder, uint64_t limit);

/* Records that the spool dropped. Any thread. */
uint64_t recorder_dropped(const struct recorder *recorder);

/* Writes what is queued, for at most `timeout_ms`, logs what is missing, and frees it. NULL is
 * allowed. */
void recorder_close(struct recorder *recorder, int timeout_ms);

/* What is recorded of one connection; used by its loop's thread. */
struct recording;

/* Starts to record a connection that was just upgraded, having requested `target` of `host`: called
 * before its 101 is sent, in the handler's open. `json` is the thread's scratch memory. NULL
 * without memory, and beyond the limit. */
struct recording *recording_new(struct recorder *recorder, const struct ws_conn *conn,
                                struct ws_str host, const char *target, struct json *json);

/* Ends it; the file is closed once all is written. NULL is allowed, here and below. */
void recording_free(struct recording *recording);

/* An event came. */
void recording_event(struct recording *recording, const struct ws_event *event, struct json *json);

/* What is about to be sent. */
void recording_sent(struct recording *recording, const struct ws_out *out, struct json *json);

#endif
