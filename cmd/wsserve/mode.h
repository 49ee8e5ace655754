/*
 * mode: what a connection is for. One file a mode; serve.c picks one and logs around it.
 */
#ifndef CMD_WSSERVE_MODE_H
#define CMD_WSSERVE_MODE_H

#include "libws/net/conn.h"
#include "libws/net/handler.h"

struct mode {
    const char *name;
    struct ws_handler
        handler; /* its `open` and `close` come after and before serve.c's log lines */
    bool chunks; /* large frames are wanted as they arrive */
    bool choke;  /* its output answers its input: see ws_conn_config */
};

/* --echo: every message back, in the bytes that it came in. */
extern const struct mode mode_echo;

#endif
