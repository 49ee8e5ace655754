/*
 * conn: a session on a stream. receive → events → handler → flush.
 *
 * One receive into a buffer that the connections of a loop share, every event of it to the handler,
 * one send for all replies; only what the kernel refused is copied into the connection's queue. The
 * deadlines (handshake, heartbeat, close, fragment, write, idle) share one timer.
 *
 * A connection frees itself after the handler's close. It lives on one loop, and every function
 * here is for that loop's thread; all of them may be called inside the handler.
 */
#ifndef WS_CONN_H
#define WS_CONN_H

#include <ws/handler.h>
#include <ws/heartbeat.h>
#include <ws/loop.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ws_conn;
struct ws_tls;
struct ws_tls_context;

/*
 * One link of a chain that output passes on its way to the kernel, for recording and fault
 * injection. `filter` gets what is about to be sent, whole frames or one HTTP answer; it may change
 * it, or take it out and send it later (ws_conn_defer_output, ws_conn_send_raw). What it leaves in
 * `out` goes to `next`. Must outlive the connections; may be shared by all.
 */
struct ws_output_filter {
    const struct ws_output_filter *next; /* NULL: the kernel comes next */
    void (*filter)(const struct ws_output_filter *self, struct ws_conn *conn, struct ws_out *out);
};

/* Limits and behaviour of connections. Times are milliseconds; 0 switches a limit off. */
struct ws_conn_config {
    /* `random` and `date` may be NULL: the loop's are used then. `deflate_pool` is set by
     * ws_conn_env_init(). */
    struct ws_session_config session;
    struct ws_heartbeat_config heartbeat;
    uint32_t handshake_ms; /* for the whole upgrade, TLS included */
    uint32_t close_ms;     /* for the peer's close frame, and for the end of its stream after that;
                            * absolute, whatever the peer goes on sending. It runs from when our close
                            * frame has left, and again while a slow peer takes what lies in the
                            * kernel before that. A client's stands still while its handler pauses
                            * it, and is doubled once if a message is under way at its end. The end
                            * of the stream is waited for a second at most by a client, and by a
                            * server that refused the upgrade; not at all by a client whose upgrade
                            * failed */
    uint32_t fragment_ms;  /* for a fragmented message to be finished */
    uint32_t write_ms;     /* since the peer last took a byte, while some wait */
    uint32_t idle_ms;      /* since the last message: either way for a server, of the peer's for a
                            * client */
    size_t high_water;    /* bytes queued above which the connection is full; low water, where it is
                           * no longer, is a quarter of it */
    uint32_t max_rate;    /* messages a second; above it reading pauses */
    size_t max_bandwidth; /* bytes a second, the same */
    const struct ws_output_filter *output_filters; /* the first of the chain; NULL: none */
    /* The session went from one state to another: called between two events, at the latest before
     * the handler's close; ws_conn_end() says why, as far as it is known. NULL: not reported. */
    void (*on_state_change)(struct ws_conn *conn, enum ws_state from, enum ws_state to);
    /* HTTP/2 (RFC 8441): a connection that speaks it carries others, each on a stream. Over TLS it
     * is spoken where both ends' contexts offer it. Server: clients that begin with it are answered
     * in it on plain TCP too; and how many streams a client may have at a time. */
    bool http2_prior;
    uint32_t max_streams;
    bool pause_reads_when_full; /* nothing is read from a peer whose queue is full: back-pressure
                                 * for modes whose output answers their input. Two ends that both
                                 * do it for other reasons would wait for ever. */
};

/* Every default of the toolkit, for a role. */
void ws_conn_config_init(struct ws_conn_config *config, enum ws_role role);

/* Notifications for the module that owns connections (server). Every member may be NULL. */
struct ws_conn_hooks {
    void (*requested)(struct ws_conn *conn); /* its request came, and is answered now */
    void (*opened)(struct ws_conn *conn);    /* the upgrade is done; before the handler's open */
    void (*memory_changed)(struct ws_conn *conn); /* ws_conn_holds() may have changed */
    void (*drained)(struct ws_conn *conn);        /* its queue went from full to below low water */
    /* All is sent, and it only waits for the peer to close: at most once. Of one that carries
     * others: the last of them has ended. */
    void (*sent_all)(struct ws_conn *conn);
    /* A client opened a stream of HTTP/2 on a connection; `conn`, which is new, will get the
     * request on it. NULL: streams are refused. */
    void (*carried)(struct ws_conn *conn);
    /* It ended: after the handler's close; its memory lasts until the end of the batch. */
    void (*ended)(struct ws_conn *conn);
};

struct ws_conn_scratch; /* receive buffer, output and more, which all connections of a loop share */

/*
 * What connections of one loop have in common; outlives them. Fill it with ws_conn_env_init(). Its
 * config may be changed on the loop's thread between two events, and applies to every connection at
 * once (see ws_conn_reconsider), except for `session`'s random and deflate_pool.
 */
struct ws_conn_env {
    struct ws_loop *loop;
    struct ws_conn_config config; /* its own copy */
    const struct ws_handler *handler;
    void *user; /* the handler's, for all of them */
    struct ws_conn_hooks hooks;
    struct ws_conn_scratch *scratch; /* the loop's; freed with it */
};

/* Makes an environment for connections on `loop`, with a copy of `config`; what that points to must
 * outlive the connections, as `handler` must. Needs no counterpart: its memory is freed with the
 * loop. WS_OK or WS_E_NO_MEMORY. */
enum ws_error ws_conn_env_init(struct ws_conn_env *env, struct ws_loop *loop,
                               const struct ws_conn_config *config,
                               const struct ws_handler *handler, void *user);

/* Another config from now on, copied. */
void ws_conn_env_configure(struct ws_conn_env *env, const struct ws_conn_config *config);

/* Source of the body of a long HTTP answer; embedded in a struct of its owner. */
struct ws_body {
    uint64_t left; /* bytes still to come; conn counts them down */
    /* Puts up to `size` of them into `buffer` and returns how many, at least one. 0: they cannot be
     * read, and the connection ends before the peer has them all. */
    size_t (*read)(struct ws_body *body, void *buffer, size_t size);
    /* The last call, after the last byte or when the connection ends. */
    void (*free)(struct ws_body *body);
};

struct ws_counters {
    uint64_t messages_in, messages_out;
    uint64_t bytes_in, bytes_out; /* on the wire */
};

/*
 * Puts a session in the role of env's config on `fd`, which is non-blocking and belongs to the
 * connection from here on (not on failure). `user` is the handler's (ws_conn_user). NULL without
 * memory or when the loop cannot watch it. The connection frees itself after the handler's close.
 */
struct ws_conn *ws_conn_new(const struct ws_conn_env *env, int fd, void *user);

/*
 * Makes it speak TLS from its first byte on; to be called before anything else is done with it. The
 * handshake proceeds by itself, within config's handshake_ms; what is sent meanwhile waits for it.
 * `name` is the server's, for a client to check, and NULL for a server. WS_OK, WS_E_NO_MEMORY or
 * WS_E_TLS.
 */
enum ws_error ws_conn_secure(struct ws_conn *conn, struct ws_tls_context *context,
                             const char *name);

/* Client, right after ws_conn_new(): it speaks HTTP/2 by prior knowledge, without TLS. A connection
 * that the caller does not see takes the socket, and `conn` goes on on a stream of it, as after TLS
 * has agreed on HTTP/2. */
void ws_conn_use_http2(struct ws_conn *conn);

/* Does it speak HTTP/2, so that it carries others and has no request of its own? */
bool ws_conn_is_carrier(const struct ws_conn *conn);

/* The id of the connection that carries it, and the number of its stream there. False: it has a
 * socket of its own. */
bool ws_conn_stream(const struct ws_conn *conn, uint64_t *carrier_id, uint32_t *stream_id);

enum { WS_CUT_BY_MAX = 64 };

/* Until the handler's close has returned: "RST_STREAM CANCEL", "GOAWAY PROTOCOL_ERROR", "our GOAWAY
 * ENHANCE_YOUR_CALM": what ended it on the level of HTTP/2; "" if nothing did. Returns `text`. */
const char *ws_conn_cut_by(const struct ws_conn *conn, char text[WS_CUT_BY_MAX]);

/* Its TLS endpoint, for the functions of tls.h; NULL: it has none. Lives as long as the connection.
 */
const struct ws_tls *ws_conn_tls(const struct ws_conn *conn);

/* Client: sends the request. Errors as ws_session_connect. */
enum ws_error ws_conn_connect(struct ws_conn *conn, const struct ws_request_options *options);

/* Server: answer the request that came. Errors as ws_session_accept and ws_session_refuse;
 * WS_E_CLOSING for a connection that has failed. After an error nothing was sent, and the request
 * still waits for its answer. */
enum ws_error ws_conn_accept(struct ws_conn *conn, const struct ws_acceptance *acceptance);
enum ws_error ws_conn_refuse(struct ws_conn *conn, const struct ws_http_answer *answer);
enum ws_error ws_conn_refuse_error(struct ws_conn *conn, enum ws_error why);
enum ws_error ws_conn_refuse_with(struct ws_conn *conn, enum ws_error why,
                                  const struct ws_header *headers, size_t header_count);

/* As ws_conn_refuse, with a body that is read as the peer takes it: 64 KiB at a time, so what waits
 * in memory is bounded. `answer` has none; `body` is freed in any case. Not for HEAD. */
enum ws_error ws_conn_refuse_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                                  struct ws_body *body);

/* Sends; errors as ws_session_send, and WS_E_CLOSING for a connection that has failed. It leaves at
 * the end of the batch at the latest. Data is always copied, unless a flag of ws_session_send says
 * otherwise. */
enum ws_error ws_conn_send(struct ws_conn *conn, unsigned opcode, unsigned flags, void *data,
                           size_t len);
/* Sends `count` messages, which are copied; `*sent` gets how many were sent. Errors as
 * ws_session_send_many, and WS_E_CLOSING for a connection that has failed. */
enum ws_error ws_conn_send_many(struct ws_conn *conn, unsigned opcode, const struct iovec *messages,
                                size_t count, size_t *sent);
/* Whole messages that were framed before, in `len` bytes of `frames` from `offset`. */
struct ws_sharing {
    struct ws_shared *frames;
    size_t offset, len;
    size_t messages;
    struct ws_compressed_span deflated; /* which of them are compressed */
};

/* Server: sends them; see ws_session_share() for the errors. */
enum ws_error ws_conn_share(struct ws_conn *conn, const struct ws_sharing *sharing);
/* Forgets what waits to be sent of such messages, but for what the kernel has begun to take;
 * returns how many of them. For fan-out to a peer that is too slow. */
size_t ws_conn_drop_shared(struct ws_conn *conn);
/* Sends what was gathered now, and not at the end of the batch. */
void ws_conn_flush_now(struct ws_conn *conn);
/* Only from within the handler's event(), of that event: sends its payload back, in place. */
enum ws_error ws_conn_reply(struct ws_conn *conn, const struct ws_event *event);
enum ws_error ws_conn_ping(struct ws_conn *conn, const void *data, size_t len);
/* A pong that answers no ping (5.5.3); those that do are sent without it. Errors as
 * ws_session_pong. */
enum ws_error ws_conn_pong(struct ws_conn *conn, const void *data, size_t len);

/* For an output filter: it now holds `bytes` bytes back in all. The connection does not end before
 * that is 0 again. They count towards a full queue, but not as the connection's memory. */
void ws_conn_defer_output(struct ws_conn *conn, size_t bytes);

/* For an output filter: sends bytes that it held back, after all that was sent before; they pass
 * only the filters after it. `filter` NULL: none. WS_OK, WS_E_NO_MEMORY or WS_E_CLOSING. */
enum ws_error ws_conn_send_raw(struct ws_conn *conn, const struct ws_output_filter *filter,
                               const void *data, size_t len);

/* What was gathered of this connection's output and has not been flushed; NULL: nothing. Valid
 * until anything is sent. */
const struct ws_out *ws_conn_gathered(const struct ws_conn *conn);

/* Begins the closing handshake; the connection delivers events until the peer has answered, but no
 * longer than close_ms. Errors as ws_session_close. */
enum ws_error ws_conn_close(struct ws_conn *conn, unsigned code, const char *reason);

/* Within event(), of a CLOSE: our answer waits until ws_conn_close(), and until then messages may
 * still be sent: what a program writes once it has read everything. The handler must end it; of the
 * connection's own deadlines only the one for writing runs. */
void ws_conn_defer_close_reply(struct ws_conn *conn);

/* Fails the connection because of `why`: its close code or HTTP status is sent if it has one, and
 * after that nothing more is delivered but the handler's close. */
void ws_conn_fail(struct ws_conn *conn, enum ws_error why);

/* Ends it at once: what is queued is lost, and the peer may see a reset. */
void ws_conn_abort(struct ws_conn *conn, enum ws_error why);

/* For the handler: nothing more is read or delivered, from between two events on, until it is
 * resumed; what was received already is kept. Both may be called at any time, in any order; each
 * pause is ended by one resume, however often it was asked for. Pauses by other modules (hub, rate
 * limit, full queue) are not ended by it. */
void ws_conn_pause(struct ws_conn *conn);
void ws_conn_resume(struct ws_conn *conn);

/* env's config has changed: deadlines that are nearer now are kept. */
void ws_conn_reconsider(struct ws_conn *conn);

/* Is the queue above high water? `drained` is called when it is not any longer. What ws_conn_send()
 * gathers is flushed whenever it is above high water itself, so that a handler may send until this
 * is true. */
bool ws_conn_full(const struct ws_conn *conn);

/* Bytes that wait since the kernel refused them; what was gathered and not flushed is not among
 * them. */
size_t ws_conn_queued(const struct ws_conn *conn);

/* Bytes of memory that its queue, unread input, unfinished messages and zlib take. */
size_t ws_conn_holds(const struct ws_conn *conn);

/* When a byte last moved either way, in the loop's milliseconds. */
int64_t ws_conn_last_moved_ms(const struct ws_conn *conn);

/* Its number, unique among the connections of its server; 0 for a client's. */
uint64_t ws_conn_id(const struct ws_conn *conn);

/* The handler's own pointer for this connection: what ws_conn_new() was given, or was set since. */
void *ws_conn_user(const struct ws_conn *conn);
void ws_conn_set_user(struct ws_conn *conn, void *user);

/* What it shares with the other connections of its loop; outlives it. */
const struct ws_conn_env *ws_conn_env(const struct ws_conn *conn);

/* Its protocol half, to read: state, negotiated deflate, the last frame. Lives as long as conn. */
const struct ws_session *ws_conn_session(const struct ws_conn *conn);

/* Its socket, or that of the connection that carries it, to ask for addresses or to set options;
 * the connection closes it. */
int ws_conn_fd(const struct ws_conn *conn);

/* Messages and bytes so far; how it ended, as far as is known yet; its pings and round trips. Each
 * lives as long as conn. */
const struct ws_counters *ws_conn_counters(const struct ws_conn *conn);
const struct ws_end *ws_conn_end(const struct ws_conn *conn);
const struct ws_heartbeat *ws_conn_heartbeat(const struct ws_conn *conn);

/* Has the peer left, and everything that it sent been delivered? Asks the system: for a handler
 * that is about to do something costly for it. A peer that only ended its sending direction counts
 * too. Of a stream of HTTP/2 it is not known. */
bool ws_conn_peer_left(const struct ws_conn *conn);

/* Was the upgrade done? Stays true until the end. */
bool ws_conn_upgraded(const struct ws_conn *conn);

/* Did the last pong answer the last ping of ours? */
bool ws_conn_pong_matched(const struct ws_conn *conn);

/* Has the handler, or the hub, paused it? */
bool ws_conn_paused(const struct ws_conn *conn);

/* Is what still arrives discarded, since the connection is about to end? */
bool ws_conn_discarding(const struct ws_conn *conn);

/* Server: the answer that every request on it gets; WS_OK: the handler decides. */
enum ws_error ws_conn_refusal(const struct ws_conn *conn);
void ws_conn_set_refusal(struct ws_conn *conn, enum ws_error refusal);

/* Seconds since it was made, and milliseconds since its present phase (handshake, unfinished
 * message, closing) began. */
uint64_t ws_conn_age_s(const struct ws_conn *conn);
int64_t ws_conn_phase_ms(const struct ws_conn *conn);

/* Microseconds since it was made, until the upgrade is done; 0 after that. */
uint64_t ws_conn_upgrading_us(const struct ws_conn *conn);

/* "127.0.0.1:4711" (of IPv4 over an IPv6 socket too), "[::1]:4711" or "unix": the other end's
 * address. Writes at most
 * `size` bytes with the NUL and returns `text`. */
const char *ws_conn_peer(const struct ws_conn *conn, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
