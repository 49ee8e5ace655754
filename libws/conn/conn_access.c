#include "libws/conn/conn_private.h"

bool ws_conn_full(const struct ws_conn *conn)
{
    return conn->full;
}

uint64_t ws_conn_id(const struct ws_conn *conn)
{
    return conn->id;
}

void *ws_conn_user(const struct ws_conn *conn)
{
    return conn->user;
}

void ws_conn_set_user(struct ws_conn *conn, void *user)
{
    conn->user = user;
}

const struct ws_conn_env *ws_conn_env(const struct ws_conn *conn)
{
    return conn->env;
}

const struct ws_session *ws_conn_session(const struct ws_conn *conn)
{
    return &conn->session;
}

int ws_conn_fd(const struct ws_conn *conn)
{
    return conn->watch.fd;
}

const struct ws_counters *ws_conn_counters(const struct ws_conn *conn)
{
    return &conn->counters;
}

const struct ws_end *ws_conn_end(const struct ws_conn *conn)
{
    return &conn->end;
}

const struct ws_heartbeat *ws_conn_heartbeat(const struct ws_conn *conn)
{
    return &conn->heartbeat;
}

const struct ws_tls *ws_conn_tls(const struct ws_conn *conn)
{
    return conn->cold->tls;
}

bool ws_conn_upgraded(const struct ws_conn *conn)
{
    return conn->opened;
}

bool ws_conn_pong_matched(const struct ws_conn *conn)
{
    return conn->pong_matched;
}

bool ws_conn_paused(const struct ws_conn *conn)
{
    return conn->paused;
}

bool ws_conn_discarding(const struct ws_conn *conn)
{
    return conn->discard;
}

enum ws_error ws_conn_refusal(const struct ws_conn *conn)
{
    return conn->refusal;
}

void ws_conn_set_refusal(struct ws_conn *conn, enum ws_error refusal)
{
    conn->refusal = refusal;
}

uint64_t ws_conn_age_s(const struct ws_conn *conn)
{
    return (uint64_t)(ws_loop_now(conn->env->loop) / 1000) - conn->accepted_s;
}

int64_t ws_conn_phase_ms(const struct ws_conn *conn)
{
    return ws_loop_now(conn->env->loop) - conn->phase_started_ms;
}
