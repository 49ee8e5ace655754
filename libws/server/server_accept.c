#include "libws/server/server_private.h"

#include "libws/conn/conn_owner.h"
#include "libws/io/address.h"
#include <ws/conn.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPT_BATCH = 64,     /* a wake-up, so that present connections get their turn */
    ACCEPT_PAUSE_MS = 100, /* after the system had no descriptor for us */
    SLOW_FROM = 80,        /* percent of the connections; from there on it accepts more slowly */
    SLOW_PAUSE_MS = 10,
};

static void warn(struct ws_server *server, const char *message)
{
    if (server->options.warn)
        server->options.warn(server->options.user, message);
}

/* --- handing a socket to its loop --- */

struct handoff {
    struct ws_async async;
    struct ws_worker *worker;
    int fd;
    union {
        struct sockaddr any;
        struct sockaddr_in6 largest; /* that is kept */
    } peer;
    uint64_t id;
    bool late;
    enum ws_error refusal;
    struct ws_client_entry *client_entry;
};

/* Never plaintext where TLS is configured. */
static enum ws_error secure(struct ws_conn *conn)
{
    struct ws_tls_context *context = ws_server_env(conn)->tls;
    return context ? ws_conn_secure(conn, context, NULL) : WS_E_NO_MEMORY;
}

/* Keeps the entry that `conn` is counted in; NULL: none. */
static void count_for(struct ws_server *server, struct ws_conn *conn, struct ws_client_entry *entry)
{
    struct ws_conn_cold_slot *slot = entry ? ws_conn_make_cold_slot(conn) : NULL;
    if (slot) {
        slot->client_entry = entry;
    } else if (entry) {
        ws_admission_reassign(server->admission, NULL, 0, &entry); /* counted by no address */
        ws_conn_set_refusal(conn, WS_E_NO_MEMORY);
    }
}

/* It is one of the server's from now on. */
static void enrol(struct ws_worker *worker, struct ws_conn *conn, const struct handoff *handoff)
{
    struct ws_server *server = worker->server;
    ws_conn_set_flag(conn, WS_CONN_LATE, handoff->late);
    ws_conn_set_refusal(conn, handoff->refusal);
    count_for(server, conn, handoff->client_entry);
    ws_registry_add(worker->env.registry, conn, handoff->id);
    if (server->options.accepted)
        server->options.accepted(server->options.user, conn);
    ws_server_begin_unfinished(worker, conn);
}

/* On the worker's thread. */
static void adopt_socket(struct ws_worker *worker, const struct handoff *handoff)
{
    struct ws_server *server = worker->server;
    struct ws_conn *conn = ws_conn_new(&worker->env.conn, handoff->fd, NULL);
    if (!conn) {
        warn(server, "a connection was dropped: out of memory");
        close(handoff->fd);
        if (handoff->late)
            atomic_fetch_sub(&server->late, 1);
        ws_admission_leave(server->admission, WS_PLACE_UNFINISHED, handoff->client_entry);
        ws_admission_release(server->admission);
        return;
    }
    ws_conn_set_peer(conn, &handoff->peer.any);
    if (server->options.secure && secure(conn) != WS_OK)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
    enrol(worker, conn, handoff);
}

static void on_handoff(struct ws_async *async)
{
    struct handoff *handoff = ws_container_of(async, struct handoff, async);
    adopt_socket(handoff->worker, handoff);
    free(handoff);
}

static void dispatch_socket(struct ws_server *server, struct handoff *handoff)
{
    struct ws_worker *worker = &server->workers[server->next_worker];
    server->next_worker = (server->next_worker + 1) % server->worker_count;
    if (worker->env.conn.loop == server->loop) {
        adopt_socket(worker, handoff);
        return;
    }
    struct handoff *posted = malloc(sizeof *posted);
    if (!posted) {
        adopt_socket(&server->workers[0], handoff);
        return;
    }
    *posted = *handoff;
    posted->async.run = on_handoff;
    posted->worker = worker;
    ws_loop_post(worker->env.conn.loop, &posted->async);
}

enum ws_error ws_server_reassign(struct ws_server *server, struct ws_conn *conn,
                                 const struct sockaddr *address)
{
    struct ws_conn_cold_slot *slot = ws_conn_make_cold_slot(conn);
    struct ws_client_entry *entry = slot ? slot->client_entry : NULL;
    if (!slot)
        return WS_E_NO_MEMORY;
    enum ws_error error = ws_admission_reassign(server->admission, address, ws_clock_us(), &entry);
    slot->client_entry = entry;
    ws_server_leave_carrier(conn);
    return error;
}

/* --- counting one in --- */

static void count_in(struct ws_server *server, const struct sockaddr *address,
                     struct handoff *handoff)
{
    handoff->id = atomic_fetch_add(&server->last_id, 1) + 1;
    handoff->refusal =
        ws_admission_acquire(server->admission, address, ws_clock_us(), &handoff->client_entry);
    handoff->late = atomic_load(&server->shutting_down);
    if (handoff->late)
        atomic_fetch_add(&server->late, 1);
}

/* By its address a carrier counts while none of its streams does. The first stream counts as what
 * was accepted, a later one by itself. */
static void count_stream(struct ws_server *server, struct ws_conn *conn, struct handoff *handoff)
{
    struct ws_conn *carrier = ws_conn_carrier(conn);
    bool first = ws_conn_flag(carrier, WS_CONN_UNFINISHED);
    struct ws_client_entry *entry = ws_server_take_entry(carrier);
    struct ws_address address;
    struct sockaddr_storage socket_address = {0};
    const struct sockaddr *from = (const struct sockaddr *)&socket_address;
    ws_conn_peer_address(conn, &address);
    ws_address_to_socket(&address, &socket_address);
    count_in(server, entry ? NULL : from, handoff);
    if (entry && !first)
        handoff->refusal = ws_admission_reassign(server->admission, from, ws_clock_us(), &entry);
    if (entry)
        handoff->client_entry = entry;
}

void ws_server_on_carried(struct ws_conn *conn)
{
    struct ws_server_env *env = (struct ws_server_env *)(uintptr_t)ws_server_env(conn);
    struct ws_worker *worker = ws_container_of(env, struct ws_worker, env);
    struct ws_conn *carrier = ws_conn_carrier(conn);
    struct handoff handoff = {.fd = -1};
    count_stream(worker->server, conn, &handoff);
    ws_server_count_for_carrier(conn);
    if (ws_conn_refusal(carrier) != WS_OK)
        handoff.refusal = ws_conn_refusal(carrier);
    ws_server_begin_carrying(carrier);
    enrol(worker, conn, &handoff);
}

/* --- accepting --- */

static void admit(struct ws_server *server, int fd, const struct sockaddr *address)
{
    const struct ws_server_options *options = &server->options;
    if (options->allowed && !options->allowed(options->user, address)) {
        close(fd);
        return;
    }
    struct handoff handoff = {.fd = fd};
    memcpy(&handoff.peer, address, sizeof handoff.peer);
    count_in(server, address, &handoff);
    if (handoff.late) {
        adopt_socket(&server->workers[0], &handoff);
    } else {
        dispatch_socket(server, &handoff);
    }
}

static void watch_listeners(struct ws_server *server, unsigned interest)
{
    for (struct ws_listener *l = server->listeners; l; l = l->next)
        if (l->watch.fd >= 0)
            ws_loop_rewatch(server->loop, &l->watch, interest);
}

static void pause_accepting(struct ws_server *server, int64_t ms)
{
    watch_listeners(server, 0);
    ws_loop_arm(server->loop, &server->accept_again, ws_loop_now(server->loop) + ms);
}

void ws_server_on_accept_again(struct ws_timer *timer)
{
    struct ws_server *server = ws_container_of(timer, struct ws_server, accept_again);
    watch_listeners(server, WS_READABLE);
}

/* One line when it begins and one when it ends, however long it takes. */
static void on_fd_exhaustion(struct ws_server *server, int number)
{
    char message[160];
    if (!server->fds_exhausted) {
        snprintf(message, sizeof message, "accept: %s; trying again every %d ms", strerror(number),
                 ACCEPT_PAUSE_MS);
        warn(server, message);
    }
    server->fds_exhausted = true;
    ws_server_ask(server, &server->workers[0].env, ws_server_free_descriptors, NULL, NULL);
    pause_accepting(server, ACCEPT_PAUSE_MS);
}

/* Is this of one connection, that ended before it was accepted (accept(2) passes its errors on), or
 * that a firewall forbids (EPERM)? */
static bool of_one_connection(int number)
{
    static const int numbers[] = {
        EINTR,       ECONNABORTED, EPERM,        ENETDOWN,    EPROTO,
        ENOPROTOOPT, EHOSTDOWN,    EHOSTUNREACH, ENETUNREACH, ETIMEDOUT,
#ifdef ENONET
        ENONET,
#endif
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

void ws_server_on_acceptable(struct ws_watch *watch, unsigned ready)
{
    struct ws_listener *listener = ws_container_of(watch, struct ws_listener, watch);
    struct ws_server *server = listener->owner;
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    } address;
    (void)ready;
    for (int i = 0; i < ACCEPT_BATCH && watch->fd >= 0; i++) {
        socklen_t len = sizeof address;
        int fd = accept4(watch->fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (server->fds_exhausted)
                warn(server, "accepting again");
            server->fds_exhausted = false;
            admit(server, fd, &address.any);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        if (of_one_connection(errno))
            continue;
        on_fd_exhaustion(server, errno);
        return;
    }
    /* Nearly full: present connections get more of the time. */
    if (ws_admission_percent(server->admission) >= SLOW_FROM)
        pause_accepting(server, SLOW_PAUSE_MS);
}
