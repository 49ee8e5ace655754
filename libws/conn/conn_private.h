/*
 * conn_private: what the files of conn share. Nothing else includes it, except conn's own tests.
 *
 * conn.c follows a message: readable, session, handler, flush. conn_life.c is a connection's
 * beginning and end. conn_send.c gathers and sends what handlers send, conn_body.c the bodies of
 * long HTTP answers. conn_time.c watches the deadlines. conn_wire.c is the way to the descriptor
 * and from it, directly or through TLS. conn_env.c is what connections share. conn_carrier.c is a
 * connection that speaks HTTP/2 and carries others, each on a stream of it.
 */
#ifndef LIBWS_CONN_CONN_PRIVATE_H
#define LIBWS_CONN_CONN_PRIVATE_H

#include "libws/conn/conn_owner.h"
#include "libws/http2/http2.h"
#include "libws/io/queue.h"
#include "libws/tls/tls.h"
#include <ws/conn.h>

#include <assert.h>

enum {
    /* Receives of up to this size: with a quarter of it large frames are a quarter slower. For
     * WS_FAIR_MS after an interactive connection received, a bulk sender gets at most
     * WS_RECEIVE_FAIR at a time: a receive of 512 KiB and its answer take a millisecond. */
    WS_RECEIVE_SIZE = 512 * 1024,
    WS_RECEIVE_FAIR = 64 * 1024,
    WS_FAIR_MS = 100,
    WS_BULK_READS = 7, /* small reads until a bulk sender counts as interactive again */
    /* Bytes of messages that a connection delivers before it is another's turn: a compressed byte
     * may become a thousand. */
    WS_TURN_MOST = 4 << 20,
    /* How long a client, and a server that refused the upgrade, wait for the end of the peer's
     * stream once they have sent all; and a client, for an idle server's answer to its close. */
    WS_LINGER_MS = 1000,
    /* Plaintext that is encrypted at a time: cold->sealed holds little more than that because of
     * what we send. */
    WS_SEALED_MAX = 256 * 1024,
    WS_SEALED_HIGH = 2 * WS_SEALED_MAX,
    /* Bytes that a peer may send on a stream of HTTP/2 before they are read: high water, but at
     * most this. */
    WS_STREAM_WINDOW_MAX = 1 << 20,
};

/* What the connections of a loop take turns with. */
struct ws_conn_scratch {
    int64_t fair_until_ms;  /* until then no receive is larger than WS_RECEIVE_FAIR */
    uint8_t *receive;       /* WS_HEADROOM + WS_RECEIVE_SIZE bytes */
    struct ws_out out;      /* the output that `writer` gathers */
    struct ws_conn *writer; /* NULL: none */
    struct ws_out sealed;   /* TLS records about to be sent by `sealer` */
    struct ws_conn *sealer;
    struct ws_out carried; /* empty; its memory, for the frames of a carrier */
    struct ws_deflate_pool deflate;
    int64_t date_s; /* what `date` was written of */
    char date[WS_HTTP_DATE];
};

/* Input that a pause left unread. */
struct ws_unread {
    size_t begin, len;
    uint8_t memory[]; /* WS_HEADROOM bytes before the first */
};

/* The newest pong, while the kernel refuses output. */
struct ws_pong {
    size_t len;
    uint8_t data[WS_CONTROL_PAYLOAD_MAX];
};

/* What few connections have at a time. */
struct ws_conn_cold {
    struct ws_queue queue;  /* what waits to be sent; with TLS, plaintext */
    struct ws_queue sealed; /* with TLS: records that the kernel would not take yet */
    struct ws_tls *tls;
    struct ws_http2 *http2;         /* of a carrier */
    struct ws_http2_stream *stream; /* of one that is carried, and by which: in place of a socket */
    struct ws_conn *carrier;
    struct ws_conn_env *own_env; /* of a client's carrier, which no handler knows of */
    struct ws_unread *unread;
    struct ws_pong *pong;
    struct ws_body *body; /* of an HTTP answer, while there is more of it */
    size_t in_flight;     /* at the last look, what the kernel had and the peer had not taken */
    int64_t looked_ms;    /* when that was */
    int64_t paid_us[2];   /* when its input is paid for, at the rates of messages and of bytes */
    struct ws_conn_cold_slot slot;
};

/* Where a connection is in its life. It only advances, and may skip states. */
enum ws_conn_life {
    WS_LIFE_UPGRADING, /* TLS handshake, request, response */
    WS_LIFE_OPEN,      /* frames; the closing handshake too */
    WS_LIFE_CARRYING,  /* HTTP/2: it has no session, and carries other connections */
    WS_LIFE_LINGERING, /* the session is closed: output is sent, input discarded */
    WS_LIFE_FAILED,    /* the stream is unusable; ends at the end of the batch at the latest */
    WS_LIFE_ENDED,     /* the handler's close was called; freed at the end of the batch */
};

/* What a message touches is at the beginning, so that it takes few cache lines. Times have 48 bits,
 * where something small fits beside them: enough for thousands of years of milliseconds. */
struct ws_conn {
    struct ws_watch watch;
    unsigned life : 3;           /* enum ws_conn_life */
    unsigned reported_state : 2; /* the state that config.on_state_change got last */
    unsigned bulk_score : 3;     /* small reads left before it counts as interactive */
    unsigned blocked : 6;        /* enum ws_read_block */
    unsigned flags : 7;          /* enum ws_conn_flag */
    bool full : 1;               /* the queue was above high water, and is not yet below low */
    bool resumed : 1;            /* unread input is to be looked at */
    bool drained_due : 1;        /* the handler's drained is to be called */
    bool close_out : 1;          /* the kernel has taken our close frame */
    bool close_prolonged : 1;    /* a client's: the time to close was doubled */
    bool fin_sent : 1;           /* nothing more will be sent, and the kernel knows */
    bool peer_eof : 1;           /* nothing more will come */
    bool peer_hup : 1;           /* peer has hung up; unread data remains */
    bool in_read_cycle : 1;      /* process_input() runs, and will flush */
    bool output_deferred : 1;    /* an output filter holds some of it back */
    bool pong_matched : 1;       /* the last pong answered our last ping */
    uint32_t accepted_s;         /* when it was made, in the loop's seconds */
    void *user;                  /* the handler's, for this connection */
    struct ws_conn_cold *cold;   /* never NULL; points at a shared empty object until needed */
    struct ws_session session;
    struct ws_counters counters;
    union {
        int64_t accepted_us;     /* before the upgrade is done */
        int64_t last_message_ms; /* after it: received, or sent by a server */
    };
    int64_t last_taken_ms : 48; /* when output was last taken: by the kernel, or from it by the peer
                                 * as far as that was looked at */
    uint64_t peer_port : 16;
    struct ws_heartbeat heartbeat;
    int64_t phase_started_ms : 48; /* the handshake, a refusal's body, an unfinished message (0:
                                    * none), the closing: what the present deadline runs from */
    uint64_t refusal : 8; /* an enum ws_error: every request's answer; WS_OK: the handler decides */
    uint64_t magic_seen : 2; /* bytes of ws_http2_magic that came while `may_be_http2` */
    bool may_be_http2 : 1;   /* nothing that came says yet which HTTP it is */
    bool dismissed : 1;      /* a carrier: ws_conn_dismiss() */
    bool refused : 1;        /* our upgrade: only the body of the refusal is still awaited */
    bool has_peer : 1; /* peer_ip and peer_port are set: the kernel forgets them with a reset */
    struct ws_timer timer;
    struct ws_deferred task;
    struct ws_end end;
    uint8_t peer_ip[16]; /* as in struct ws_address */
    struct ws_conn_slot slot;
};

/* What it shares with others: the config of its session is a part of that. */
static inline const struct ws_conn_env *conn_env(const struct ws_conn *conn)
{
    const char *config = (const char *)conn->session.config;
    return (const void *)(config - offsetof(struct ws_conn_env, config.session));
}

static inline void ws_conn_enter(struct ws_conn *conn, enum ws_conn_life to)
{
    assert(to > conn->life);
    assert(to != WS_LIFE_ENDED || conn->life >= WS_LIFE_LINGERING);
    conn->life = (unsigned)to & 7;
}

/* The same for WS_LIFE_FAILED, from which there may be more causes than one. */
static inline void ws_conn_set_failed(struct ws_conn *conn)
{
    if (conn->life < WS_LIFE_FAILED)
        ws_conn_enter(conn, WS_LIFE_FAILED);
}

/* What connections without a cold part of their own have in its place; never written to. */
extern struct ws_conn_cold ws_conn_no_cold;

/* It has a socket and nothing between that and the session, and nothing waits on either way. */
static inline bool ws_conn_plain(const struct ws_conn *conn)
{
    return conn->cold == &ws_conn_no_cold;
}

static inline bool ws_conn_is_client(const struct ws_conn *conn)
{
    return conn_env(conn)->config.session.role == WS_ROLE_CLIENT;
}

static inline bool ws_conn_usable(const struct ws_conn *conn)
{
    return conn->life < WS_LIFE_FAILED;
}

static inline bool ws_conn_carries(const struct ws_conn *conn)
{
    return conn->cold->http2 != NULL;
}

/* Has it nothing more to say, apart from what waits to be sent? */
static inline bool ws_conn_closed(const struct ws_conn *conn)
{
    return ws_conn_carries(conn) ? ws_http2_done(conn->cold->http2)
                                 : ws_session_state(&conn->session) == WS_STATE_CLOSED;
}

/* Sending failed, and what was received before is still to be read: ws_conn_sending_failed(). */
static inline bool ws_conn_broken(const struct ws_conn *conn)
{
    return conn->fin_sent && conn->life < WS_LIFE_LINGERING && !conn->peer_eof;
}

/* --- conn_send.c --- */

/* The loop's output, for `conn` to write into; it is sent at the end of its read cycle or of the
 * batch. */
struct ws_out *ws_conn_take_out(struct ws_conn *conn);
/* Sets `full` and the reads that it blocks. */
void ws_conn_set_full(struct ws_conn *conn);
/* The peer takes no more. What it sent before it reset the connection is still read, since its
 * close frame may be there; after other errors, and where nothing is read, the connection ends. */
void ws_conn_sending_failed(struct ws_conn *conn, enum ws_error why);
/* Sends what is in `out`, and clears it; what is refused is queued. */
void ws_conn_send_out(struct ws_conn *conn, struct ws_out *out);
/* Sends what another connection gathered in the loop's output. */
void ws_conn_free_out(struct ws_conn_scratch *scratch);
/* Sends what `conn` has gathered in the loop's output; what the kernel refuses is queued. */
void ws_conn_flush(struct ws_conn *conn);

/* Answers a PING. While the kernel refuses output only the newest pong is kept (5.5.3). WS_OK,
 * WS_E_NO_MEMORY, or the errors of ws_session_answer(). */
enum ws_error ws_conn_answer_ping(struct ws_conn *conn, const struct ws_event *event);
/* Nothing waits any longer: sends the pong that was kept, if there is one. */
void ws_conn_send_kept_pong(struct ws_conn *conn);

/* ws_conn_gathered() */
static inline const struct ws_out *ws_conn_own_out(const struct ws_conn *conn)
{
    const struct ws_conn_scratch *scratch = conn_env(conn)->scratch;
    return scratch->writer == conn ? &scratch->out : NULL;
}

/* --- conn_wire.c --- */

/* Receives once: up to `size` bytes from the wire, whose plaintext is put into `buffer`, which is
 * scratch->receive after its headroom, or which are payload that the handler takes. WS_OK and the
 * length of the plaintext in `*len`, 0 for that payload; or the errors of ws_stream_receive() and
 * ws_tls_open(), with 0. `*wire` gets how many bytes came. */
enum ws_error ws_conn_receive(struct ws_conn *conn, uint8_t *buffer, size_t size, size_t *len,
                              size_t *wire);
/* The receive buffer is used by the next connection: unread input moves to memory of its own. */
void ws_conn_keep_unread(struct ws_conn *conn);
/* Sends what is in `out` while nothing waits: as much as the kernel takes, and with TLS at most
 * some more that lies in cold->sealed then. `*sent` gets how many bytes of `out` those were. Errors
 * of ws_stream_send() and ws_tls_seal(). */
enum ws_error ws_conn_transmit(struct ws_conn *conn, struct ws_out *out, size_t *sent);
/* Sends of what waits; `*sent` gets how many bytes went. The same errors. */
enum ws_error ws_conn_send_waiting(struct ws_conn *conn, size_t *sent);
/* Sends the records that TLS made by itself while something was received. */
void ws_conn_send_records(struct ws_conn *conn);
/* Nothing more will be sent: says so, in TLS and then with a FIN. False while the first of that
 * waits for the kernel: to be called again then. */
bool ws_conn_shut(struct ws_conn *conn);
/* The connection ends now: says so in TLS, if that can be done at once. */
void ws_conn_shut_now(struct ws_conn *conn);
/* What the loop, or the carrier, is to report. WS_OK, WS_E_NO_MEMORY or WS_E_IO. */
enum ws_error ws_conn_watch(struct ws_conn *conn, unsigned interest);
/* The other end has gone, while nothing is read: is there something left to read? `*why` gets how
 * it ended. */
bool ws_conn_hung_up(const struct ws_conn *conn, enum ws_error *why);
/* Closes the socket, or the stream. */
void ws_conn_close_wire(struct ws_conn *conn);
/* Drops all queued output. */
void ws_conn_forget_waiting(struct ws_conn *conn);

/* Did TLS end? WS_OK, or what ws_tls_ended() says. */
static inline enum ws_error ws_conn_tls_ended(const struct ws_conn *conn)
{
    return conn->cold->tls ? ws_tls_ended(conn->cold->tls) : WS_OK;
}

/* Bytes that wait to be sent, not yet taken by the kernel. */
static inline size_t ws_conn_waiting(const struct ws_conn *conn)
{
    return conn->cold->queue.bytes + conn->cold->sealed.bytes;
}

/* True if the sealed backlog is so large that it must include TLS's own records (alerts, key
 * updates). Until the peer has taken them it is not read. */
static inline bool ws_conn_tls_backlogged(const struct ws_conn *conn)
{
    return conn->cold->sealed.bytes > WS_SEALED_HIGH;
}

/* True while the TLS handshake is in progress. */
static inline bool ws_conn_tls_handshaking(const struct ws_conn *conn)
{
    return conn->cold->tls && !ws_tls_established(conn->cold->tls);
}

/* Does something wait that could be sent if the kernel took it? */
static inline bool ws_conn_sendable(const struct ws_conn *conn)
{
    return ws_conn_tls_handshaking(conn) ? conn->cold->sealed.bytes > 0 : ws_conn_waiting(conn) > 0;
}

/* --- conn_carrier.c --- */

/* Returns the connection that what is received from here on belongs to, after TLS or the first
 * bytes have shown which HTTP is spoken: `conn`, or what carries it from now on. */
struct ws_conn *ws_conn_choose_http(struct ws_conn *conn);
/* By the first bytes that come it is seen whether they are HTTP/2: conn carries then. True: that
 * cannot be said yet. */
bool ws_conn_waits_for_magic(struct ws_conn *conn, const uint8_t *data, size_t len);
/* Are there streams that are ready, and were not called? */
bool ws_conn_streams_ready(const struct ws_conn *conn);
/* Of a carrier: bytes came; its streams get theirs. */
void ws_conn_carry(struct ws_conn *carrier, uint8_t *data, size_t len);
/* Calls the streams that are ready, and sends what they write. */
void ws_conn_serve_streams(struct ws_conn *carrier);
/* Nothing more comes, because of `why`: streams are read to their ends. */
void ws_conn_carrier_ended(struct ws_conn *carrier, enum ws_error why);
/* Ends all streams at once. */
void ws_conn_end_streams(struct ws_conn *carrier);
/* One of its streams has ended. */
void ws_conn_carrier_left(struct ws_conn *carrier);

/* --- conn_body.c --- */

/* Reads more of the body and sends it: when the queue is empty. */
void ws_conn_send_body(struct ws_conn *conn);
void ws_conn_free_body(struct ws_conn *conn);

/* --- conn_time.c --- */

/* Has the timer fire at the nearest deadline, at the latest. */
void ws_conn_arm(struct ws_conn *conn);
/* The time to close runs from now. */
void ws_conn_begin_closing(struct ws_conn *conn);
/* Output is sent, all of it: if our close frame is among it, the time to close runs from now. */
void ws_conn_note_close_out(struct ws_conn *conn);
/* If our upgrade was refused, a short while is left for the body. To be called after each event. */
void ws_conn_note_refusal(struct ws_conn *conn);
void ws_conn_on_timer(struct ws_timer *timer);

/* --- conn_life.c --- */

/* The connection's own cold part, to write to; NULL without memory. It is freed by itself, once
 * nothing is in it. */
struct ws_conn_cold *ws_conn_cold(struct ws_conn *conn);
/* Ends the connection if it has come to its end and nothing is left to be sent; else updates what
 * follows from its state. To be called when either may have changed; it may have ended afterwards.
 */
void ws_conn_settle(struct ws_conn *conn);
/* It has ended, and the batch too: its memory goes. */
void ws_conn_destroy(struct ws_conn *conn);
/* One without a wire, which is not watched yet; NULL without memory. */
struct ws_conn *ws_conn_make(const struct ws_conn_env *env, void *user);

/* --- conn.c --- */

void ws_conn_on_ready(struct ws_watch *watch, unsigned ready);
/* `len` bytes of plaintext came, in `wire` bytes; they lie in the receive buffer. */
void ws_conn_on_received(struct ws_conn *conn, uint8_t *buffer, size_t len, size_t wire);
/* What was deferred to the end of the batch: sending, resuming, ending. */
void ws_conn_on_task(struct ws_deferred *task);

/* When all that it sent is paid for, in the loop's microseconds. */
static inline int64_t ws_conn_paid_us(const struct ws_conn *conn)
{
    const int64_t *paid = conn->cold->paid_us;
    return paid[0] > paid[1] ? paid[0] : paid[1];
}

/* The queue is below low water again: reading goes on, and the handler is notified. */
void ws_conn_drained(struct ws_conn *conn);

/* Is the peer being read? */
static inline bool ws_conn_reading(const struct ws_conn *conn)
{
    return !(conn->blocked & ~(unsigned)WS_BLOCK_TLS) && !conn->peer_eof;
}

void ws_conn_update_interest(struct ws_conn *conn);

#endif
