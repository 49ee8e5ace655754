/*
 * conn: a session on a stream. receive → events → handler → flush.
 *
 * One receive into the loop's buffer, every event of it to the handler, one send for all that the
 * handler answered; only what the kernel refused is copied into the connection's queue. Deadlines
 * (handshake, heartbeat, close, fragment, write, idle) share one entry of the loop's wheel.
 *
 * An idle connection is this struct and nothing else. One thread's, its loop's.
 */
#ifndef WS_CONN_H
#define WS_CONN_H

#include "libws/io/queue.h"
#include "libws/tls/tls.h"
#include <ws/handler.h>
#include <ws/heartbeat.h>
#include <ws/loop.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shared by any number of connections, unchanged while one of them lives. Times are milliseconds;
 * 0 switches a limit off. */
struct ws_conn_config {
    struct ws_session_config session; /* `random` may be NULL: the loop's is used then */
    struct ws_heartbeat_config heartbeat;
    uint32_t handshake_ms;
    uint32_t close_ms;    /* for the peer's close frame, and for the end of its stream after that. A
                           * client, whose server may still have much to say, counts from the last
                           * byte that moved */
    uint32_t fragment_ms; /* for a fragmented message to be finished */
    uint32_t write_ms;    /* since the kernel last took a byte */
    uint32_t idle_ms;     /* since the last message */
    size_t high_water;    /* bytes queued above which the connection is full; low water, where it is
                           * no longer, is a quarter of it */
    uint32_t max_rate;    /* messages a second; above it reading pauses */
    size_t max_bandwidth; /* bytes a second, the same */
    /* For those who record what is sent, or test clients with what should not be: called with what
     * is about to be sent, whole frames or one HTTP answer, and may change it, or keep it back
     * (ws_conn_defer_output). NULL: nobody. */
    void (*output_filter)(struct ws_conn *conn, struct ws_out *out);
    /* Has the session gone from one state to another? Called between two events, at the latest
     * before the handler's close; conn->end says why, as far as it is known. NULL: nobody asks. */
    void (*on_state_change)(struct ws_conn *conn, enum ws_state from, enum ws_state to);
    bool pause_reads_when_full; /* while it is full nothing is read from the peer: for modes whose
                                 * output answers its input. Two ends that both did it for other
                                 * reasons would wait for ever. */
};

/* Every default of the toolkit, for a role. */
void ws_conn_config_init(struct ws_conn_config *config, enum ws_role role);

struct ws_hub;
struct ws_member;
struct ws_overload;
struct ws_registry;
struct ws_client_entry;
struct ws_unread;

/* What the connections of one loop have in common; outlives them. The config may be changed on the
 * loop's thread, between two events: every connection goes by it at once. */
struct ws_conn_env {
    struct ws_loop *loop;
    struct ws_conn_config *config;
    const struct ws_handler *handler;
    void *user;                   /* whatever the handler wants to find */
    struct ws_registry *registry; /* that they leave at their end; NULL: none */
    struct ws_hub *hub;           /* what is sent to many of them; NULL: nothing is */
    struct ws_overload *overload; /* what they are charged to; NULL: nobody counts */
    struct ws_tls_context *tls;   /* server's: those that it takes in speak TLS; NULL: they do not.
                                   * Another may be put here on the loop's thread at any time */
    /* overload's: the loop came to a timer `late_ms` after its time, as it looks a few times a
     * second. On the loop's thread. NULL: nobody is told. */
    void (*lagged)(struct ws_conn_env *env, int64_t late_ms);
};

struct ws_pong;

/* Where the body of a long HTTP answer comes from; embedded in what knows more of it. */
struct ws_body {
    uint64_t left; /* bytes still to come; conn counts them down */
    /* Puts up to `size` of them into `buffer`; at least one. 0: they cannot be had, and the
     * connection ends before the peer has them all. */
    size_t (*read)(struct ws_body *body, void *buffer, size_t size);
    /* The last call, after the last byte or when the connection ends. */
    void (*free)(struct ws_body *body);
};

struct ws_counters {
    uint64_t messages_in, messages_out;
    uint64_t bytes_in, bytes_out; /* on the wire */
};

/* What few connections have at a time. */
struct ws_conn_cold {
    struct ws_queue queue;  /* what waits to be sent; with TLS, in plain */
    struct ws_queue sealed; /* with TLS: records that the kernel would not take yet */
    struct ws_tls *tls;
    struct ws_unread *unread;             /* input that the handler's pause left unread */
    struct ws_pong *pong;                 /* the newest, while the kernel refuses output */
    struct ws_member *member;             /* hub's: of the group that it has joined */
    struct ws_client_entry *client_entry; /* server's: whom it is counted for */
    size_t charged;                       /* overload's: bytes that are counted for it */
    int64_t
        paid_us[2]; /* what it sent is paid for by then, at the rates of messages and of bytes */
    struct ws_body *body; /* of an HTTP answer, while there is more of it */
};

/* Private to conn.c and registry.c, but for what the accessors below read. */
struct ws_conn {
    struct ws_watch watch;
    bool paused : 1;   /* by the handler */
    bool full : 1;     /* the queue was above high water, and is not yet below low water */
    bool resumed : 1;  /* what is parked is to be looked at */
    bool failed : 1;   /* the stream is of no more use */
    bool ended : 1;    /* the handler was told */
    bool fin_sent : 1; /* nothing more will be sent, the kernel was told */
    bool opened : 1;
    bool peer_eof : 1;
    bool in_read_cycle : 1;
    bool drained_due : 1;
    bool discard : 1;          /* what still comes is thrown away */
    bool paused_by_hub : 1;    /* hub's: paused until slow receivers have caught up */
    bool is_slow_receiver : 1; /* hub's: is one of those */
    bool registered : 1;
    bool evicted : 1;        /* overload's: it has been sent away, and is charged no more */
    unsigned bulk_score : 3; /* little receives until it counts as one who sends little */
    bool throttled : 1; /* it has sent faster than it may, or much, and is not read for a while */
    bool peer_hup : 1;  /* nobody is there any more, but what he said last is not read yet */
    bool output_deferred : 1;    /* some of what is to be sent lies with config.tamper */
    bool bypass_filter : 1;      /* what is being sent is not to be tampered with */
    unsigned reported_state : 2; /* the state that config.moved was told last */
    bool pong_matched : 1;       /* the last pong answered our last ping */
    uint32_t accepted_s;         /* when it was made, in the loop's seconds */
    const struct ws_conn_env *env;
    void *user; /* the handler's, for this connection */
    struct ws_session session;
    struct ws_conn_cold *cold; /* never NULL: an empty one is everybody's, and not written to */
    struct ws_timer timer;
    struct ws_deferred task;
    struct ws_heartbeat heartbeat;
    int64_t phase_started_ms; /* the handshake, an unfinished message (0: none is), the closing:
                               * whichever it is in; what its deadline runs from */
    int64_t last_message;
    int64_t last_taken; /* by the kernel, or when the queue began */
    uint64_t id;
    struct ws_counters counters;
    struct ws_end end;
    enum ws_error refusal; /* every request gets this answer; WS_OK: the handler decides */
    struct ws_conn *next;  /* in the registry */
};

/*
 * Puts a session in the role of the home's config on `fd`, which is non-blocking and belongs to the
 * connection from here on (not on failure). NULL without memory or when the loop cannot watch it.
 * The connection frees itself after the handler's close.
 */
struct ws_conn *ws_conn_new(const struct ws_conn_env *env, int fd, void *user);

/*
 * Has it speak TLS from its first byte on; to be called before anything else is done with it. The
 * handshake goes on by itself and under config's handshake_ms; what is sent meanwhile waits for it.
 * `name` is the server's, for a client to check, and NULL for a server. WS_OK, WS_E_NO_MEMORY or
 * WS_E_TLS.
 */
enum ws_error ws_conn_secure(struct ws_conn *conn, struct ws_tls_context *context,
                             const char *name);

/* Its TLS endpoint; NULL: it is plain. Lives as long as the connection. */
const struct ws_tls *ws_conn_tls(const struct ws_conn *conn);

/* The connection's own side, to write to; NULL without memory. It goes by itself, once there is
 * nothing in it. For hub and server. */
struct ws_conn_cold *ws_conn_cold(struct ws_conn *conn);

/* Client: sends the request. Errors as ws_session_connect. */
enum ws_error ws_conn_connect(struct ws_conn *conn, const struct ws_request_options *options);

/* Server, of a request that came: errors as ws_session_accept and ws_session_refuse. */
enum ws_error ws_conn_accept(struct ws_conn *conn, const struct ws_acceptance *acceptance);
enum ws_error ws_conn_refuse(struct ws_conn *conn, const struct ws_http_answer *answer);
enum ws_error ws_conn_refuse_error(struct ws_conn *conn, enum ws_error why);
enum ws_error ws_conn_refuse_with(struct ws_conn *conn, enum ws_error why,
                                  const struct ws_header *headers, size_t header_count);

/* As ws_conn_refuse, with a body that is read when there is room for it: 64 KiB at a time, so what
 * waits in memory is bounded. `answer` has none; `body` is freed in any case. Not for HEAD. */
enum ws_error ws_conn_refuse_body(struct ws_conn *conn, const struct ws_http_answer *answer,
                                  struct ws_body *body);

/* Errors as ws_session_send and so on; WS_E_CLOSING too for a connection that has failed. What is
 * sent leaves at the end of the batch at the latest. Data is always copied, unless a flag of
 * ws_session_send says otherwise. */
enum ws_error ws_conn_send(struct ws_conn *conn, unsigned opcode, unsigned flags, void *data,
                           size_t len);
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

/* For config.tamper: so many bytes of what was to be sent are kept back now; with 0 the connection
 * may come to its end. They count as a full queue, but for nobody's memory limit. */
void ws_conn_defer_output(struct ws_conn *conn, size_t bytes);
/* And these are sent now as they are, behind all that was sent before. WS_OK, WS_E_NO_MEMORY or
 * WS_E_CLOSING. */
enum ws_error ws_conn_send_raw(struct ws_conn *conn, const void *data, size_t len);

/* Begins the closing handshake; the connection goes on delivering until the peer has answered, but
 * no longer than close_ms. Errors as ws_session_close. */
enum ws_error ws_conn_close(struct ws_conn *conn, unsigned code, const char *reason);

/* Within event(), of a CLOSE: our answer waits until ws_conn_close(), and until then messages may
 * still be sent: what a program says once it has read all. The handler sees to it that the end
 * comes; none of the connection's own deadlines runs but the one for writing. */
void ws_conn_defer_close_reply(struct ws_conn *conn);

/* Fails the connection because of `why`: its close code or HTTP status is sent if it has one, and
 * after that nothing more is delivered but the handler's close. */
void ws_conn_fail(struct ws_conn *conn, enum ws_error why);

/* Ends it at once: what is queued is lost, and the peer may see a reset. */
void ws_conn_abort(struct ws_conn *conn, enum ws_error why);

/* Between two events: nothing more is read or delivered until it is resumed; what was received
 * already is kept. Both may be called at any time, in any order. */
void ws_conn_pause(struct ws_conn *conn);
void ws_conn_resume(struct ws_conn *conn);

/* The home's config has changed: a deadline that is nearer now is kept. */
void ws_conn_reconsider(struct ws_conn *conn);

/* Is the queue above high water? `drained` is called when it is not any longer. */
bool ws_conn_full(const struct ws_conn *conn);

/* Bytes that wait to be sent. */
size_t ws_conn_queued(const struct ws_conn *conn);

/* Bytes of memory that its queue, parked input, unfinished messages and zlib take. */
size_t ws_conn_holds(const struct ws_conn *conn);

/* When a byte last moved either way, in the loop's milliseconds. */
int64_t ws_conn_last_moved(const struct ws_conn *conn);

/* Its number, unique among the connections of its server; 0 for a client's. */
uint64_t ws_conn_id(const struct ws_conn *conn);

/* The handler's own pointer for this connection: what ws_conn_new() was given, or was set since. */
void *ws_conn_user(const struct ws_conn *conn);
void ws_conn_set_user(struct ws_conn *conn, void *user);

/* What it shares with the other connections of its loop; outlives it. */
const struct ws_conn_env *ws_conn_env(const struct ws_conn *conn);

/* Its protocol half, to read: state, negotiated deflate, the last frame. Lives as long as conn. */
const struct ws_session *ws_conn_session(const struct ws_conn *conn);

/* Its socket, to ask for addresses or to set options; the connection closes it. */
int ws_conn_fd(const struct ws_conn *conn);

/* Messages and bytes so far; how it ended, as far as is known yet; its pings and round trips. Each
 * lives as long as conn. */
const struct ws_counters *ws_conn_counters(const struct ws_conn *conn);
const struct ws_end *ws_conn_end(const struct ws_conn *conn);
const struct ws_heartbeat *ws_conn_heartbeat(const struct ws_conn *conn);

/* Was the upgrade done? Stays true until the end. */
bool ws_conn_upgraded(const struct ws_conn *conn);

/* Did the last pong answer the last ping of ours? */
bool ws_conn_pong_matched(const struct ws_conn *conn);

/* Has a handler paused it? */
bool ws_conn_paused(const struct ws_conn *conn);

/* Is what still arrives thrown away, since the connection is about to end? */
bool ws_conn_discarding(const struct ws_conn *conn);

/* Server: the answer that every request on it gets; WS_OK: the handler decides. */
enum ws_error ws_conn_refusal(const struct ws_conn *conn);
void ws_conn_set_refusal(struct ws_conn *conn, enum ws_error refusal);

/* Seconds since it was made, and milliseconds since its present phase (handshake, unfinished
 * message, closing) began. */
uint64_t ws_conn_age_s(const struct ws_conn *conn);
int64_t ws_conn_phase_ms(const struct ws_conn *conn);

/* "127.0.0.1:4711", "[::1]:4711" or "unix": the other end's address, as it is now. Writes at most
 * `size` bytes with the NUL and returns `text`. */
const char *ws_conn_peer(const struct ws_conn *conn, char *text, size_t size);

#endif
