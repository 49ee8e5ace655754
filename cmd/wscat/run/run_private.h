/*
 * run_private: what the files of run share.
 *
 * run.c sets up and decides the end; link.c connects, follows redirects and connects again;
 * sending.c is the way from the command line and standard input to the connection, receiving.c the
 * way back.
 */
#ifndef CMD_WSCAT_RUN_RUN_PRIVATE_H
#define CMD_WSCAT_RUN_RUN_PRIVATE_H

#include "cmd/common/signal_repeat.h"
#include "cmd/wscat/input/input.h"
#include "cmd/wscat/input/perform.h"
#include "cmd/wscat/options/settings.h"
#include "cmd/wscat/output/output.h"
#include "cmd/wscat/output/sent.h"
#include "cmd/wscat/output/show.h"
#include "cmd/wscat/output/stats.h"
#include "cmd/wscat/run/ending.h"
#include <ws/client.h>

#include <stdbool.h>
#include <stdint.h>

struct run {
    struct settings *settings;
    struct ws_loop *loop;
    struct output output;
    struct show show;
    struct sent sent;
    struct stats stats;

    /* run.c */
    struct ending ending;
    struct ws_timer quiet;    /* --wait, after the end of input */
    struct ws_timer deadline; /* --timeout */
    struct signal_repeat last_signal;
    unsigned close_code; /* of our close frame */
    char close_reason[WS_CLOSE_REASON_MAX + 1];
    bool over;
    bool cut;    /* the peer closed while there was more input */
    bool enough; /* --count or --expect is met, or cannot be */
    int forced;  /* the exit code, if decided before the connection ended, or -1 */
    int status;

    /* link.c */
    struct ws_conn_env env;
    struct ws_client *client; /* while connecting */
    struct ws_conn *conn;     /* from then to the end */
    char *response;           /* the head of the response, for /headers; or NULL */
    bool opened;              /* the upgrade of the present connection is done */
    int64_t connected_us;
    unsigned redirects;
    bool without_http2;     /* once the present connection has ended, over HTTP/1.1 */
    char *redirect;         /* where to, once the present connection has ended; or NULL */
    unsigned attempts;      /* to connect again, in a row */
    int64_t opened_ms;      /* when the connection was opened; 0: not since the last attempt */
    unsigned http_status;   /* of the refusal of the present connection; or 0 */
    int64_t retry_after_ms; /* that it asked for */
    struct ws_timer retry;

    /* sending.c */
    struct input input;
    struct perform perform; /* --input=jsonl */
    size_t next_word;       /* of settings->messages */
    bool word_is_input;     /* that word is "@-", which is being read */
    bool input_ended;       /* nothing more is to be sent */
    bool awaits_reply;      /* --request-reply */
    bool delayed;           /* --send-delay, until `delayed_until_us` */
    int64_t delayed_until_us;
    bool in_message;       /* pieces of a message were sent, and not the last */
    struct ws_timer delay; /* ends `delayed` */
};

/* --- run.c --- */

/* Reports what happened to `ending`, and carries out its action. */
void run_next(struct run *run, enum ending_event event);

/* The same for what decides the exit code, whatever comes later. */
void run_next_with(struct run *run, enum ending_event event, int status);

/* The connection has ended or could not be made, and there will be no other. */
void run_ended(struct run *run, int status);

/* --- link.c --- */

/* Connects to settings->target. False after a message. */
bool link_start(struct run *run);

/*
 * After the end of a connection, or of the attempt to make one: goes on to where a redirect points,
 * or waits to connect again. False if neither is due; `error` is what ended it, `close_code` the
 * server's or 0.
 */
bool link_again(struct run *run, enum ws_error error, unsigned close_code);

/* Remembers what a refused upgrade asks for. True if a redirect will be followed. */
bool link_note_refusal(struct run *run, const struct ws_response *response);

/* The server's HTTP/2 takes no WebSockets. True if HTTP/1.1 will be tried. */
bool link_note_unsupported(struct run *run);

/* --quiet with --reconnect: a failure after which link_again() connects again is not printed. */
bool link_quiet(const struct run *run);

void link_end(struct run *run);

/* --- sending.c --- */

void sending_init(struct run *run);
void sending_free(struct run *run);

/* Sends what may be sent now. Call it when the connection opens, and whenever an obstacle is gone.
 */
void sending_continue(struct run *run);

/* The present connection has ended. Another begins with the words of the command line again. */
void sending_restart(struct run *run);

/* The peer closes: is there more input? */
void sending_note_cut(struct run *run);

/* Reports that the end came before all messages and all input were sent, if it did. */
void sending_say_unsent(const struct run *run);

/* Sends one message; false after an error, which is reported. */
bool sending_message(struct run *run, unsigned opcode, unsigned flags, void *data, size_t len);

/* --- receiving.c --- */

/* What the connection's handler is. */
extern const struct ws_handler receiving_handler;

#endif
