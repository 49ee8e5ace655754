/*
 * show: what happens on the connection, as a person or a program wants to see it.
 *
 * Data goes to standard output (output.h): messages, or JSON records of everything. The rest goes
 * to standard error, as much of it as --verbose asks for.
 */
#ifndef CMD_WSCAT_SHOW_H
#define CMD_WSCAT_SHOW_H

#include "cmd/common/json.h"
#include "cmd/wscat/output.h"
#include "cmd/wscat/settings.h"
#include <ws/client.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct show {
    const struct settings *settings;
    struct output *output;
    struct json json;
    bool escape;       /* stdout is a terminal: control characters must not act */
    int64_t opened_us; /* monotonic */
    struct ws_client_times times;
    int64_t tls_us; /* of the TLS handshake; -1: there was none */
    int64_t upgrade_us;
    bool closing; /* our close frame was sent: a mere echo of its code is no news */
};

void show_init(struct show *show, const struct settings *settings, struct output *output);
void show_free(struct show *show);

/* TLS has been agreed on. */
void show_tls(const struct ws_tls *tls);

/* There is a connection, or a tunnel through a proxy. */
void show_connected(const struct show *show);

/* The connection is open; times of the steps before are in show->times. */
void show_open(struct show *show, const struct ws_event *event);

/* MESSAGE, CHUNK, PING, PONG, CLOSE, ERROR or FRAME from the server. */
void show_event(struct show *show, const struct ws_event *event);

/* A message of ours was sent. */
void show_sent(struct show *show, unsigned opcode, const void *data, size_t len);

/* Our close frame was sent. */
void show_close_sent(struct show *show, unsigned code, const char *reason);

/* An upgrade that was refused, or whose answer cannot be taken: what the server said. One or more
 * lines on standard error. */
void show_refusal(const struct ws_event *event);

/* A rule that the server broke: which, where, and the RFC's section. */
void show_violation(const struct ws_event *event);

#endif
