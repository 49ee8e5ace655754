/*
 * records: what happens on the connection as JSON Lines, for --jsonl.
 *
 * A part of show.h; the form of a record is cmd/common/record/record.h's. On a terminal, characters
 * that control it are escaped.
 */
#ifndef CMD_WSCAT_OUTPUT_RECORDS_H
#define CMD_WSCAT_OUTPUT_RECORDS_H

#include "cmd/common/json.h"
#include "cmd/common/record/record.h"
#include "cmd/wscat/output/output.h"
#include "cmd/wscat/people/editor.h"
#include <ws/conn.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stdint.h>

struct records {
    bool wanted; /* --jsonl; else nothing is written */
    bool escape; /* for a terminal */
    struct output *output;
    struct editor *person; /* types on the same terminal; or NULL */
    struct json json;
    uint64_t conn;     /* in listen mode: the connection's number; else 0 */
    int64_t opened_us; /* monotonic; 0: not yet */
};

void records_free(struct records *records);

/* The server's 101; `url` is what was asked for. */
void records_open(struct records *records, const struct ws_response *response, const char *url,
                  const struct record_timing *timing);

/* In listen mode: our 101 to a client's request, with the subprotocol chosen, or NULL. */
void records_client(struct records *records, const struct ws_conn *conn,
                    const struct ws_request *request, const char *subprotocol);

/* A failure before there was a connection. */
void records_failure(struct records *records, enum ws_error error);

/* A MESSAGE, PING, PONG, CLOSE or ERROR event; others are no records. */
void records_event(struct records *records, enum record_direction direction,
                   const struct ws_event *event);

#endif
