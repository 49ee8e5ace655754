/*
 * show: prints what happens on the connection, for people or programs.
 *
 * Data goes to standard output (output.h): messages, or JSON records of all events. Everything else
 * goes to standard error, in the detail that --verbose selects.
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
    bool escape;       /* stdout is a terminal: control characters are escaped */
    int64_t opened_us; /* monotonic */
    struct ws_client_times times;
    int64_t tls_us; /* duration of the TLS handshake; -1: none */
    int64_t upgrade_us;
    bool closing; /* our close frame was sent: an echo of its code is not reported */
};

void show_init(struct show *show, const struct settings *settings, struct output *output);
void show_free(struct show *show);

/* Call when the TLS handshake is done. */
void show_tls(const struct ws_tls *tls);

/* Call when connected to the server, or through a proxy. */
void show_connected(const struct show *show);

/* Call when the connection is open; show->times has the times of the earlier steps. */
void show_open(struct show *show, const struct ws_event *event);

/* Shows a MESSAGE, CHUNK, PING, PONG, CLOSE, ERROR or FRAME event. */
void show_event(struct show *show, const struct ws_event *event);

/* Shows a sent message. */
void show_sent(struct show *show, unsigned opcode, const void *data, size_t len);

/* Shows our close frame. */
void show_close_sent(struct show *show, unsigned code, const char *reason);

/* Prints the server's response to an upgrade that was refused or failed: one or more lines on
 * standard error. */
void show_refusal(const struct ws_event *event);

/* Prints a protocol violation by the server: the rule, the place in the stream, and the RFC's
 * section. */
void show_violation(const struct ws_event *event);

#endif
