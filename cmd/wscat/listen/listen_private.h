/*
 * listen_private: what the files of listen share.
 *
 * listen.c sets up, hears the clients and decides the end; everyone.c is the way to all of them.
 */
#ifndef CMD_WSCAT_LISTEN_LISTEN_PRIVATE_H
#define CMD_WSCAT_LISTEN_LISTEN_PRIVATE_H

#include "cmd/common/signal_repeat.h"
#include "cmd/wscat/input/input.h"
#include "cmd/wscat/input/perform.h"
#include "cmd/wscat/options/settings.h"
#include "cmd/wscat/output/output.h"
#include "cmd/wscat/output/sent.h"
#include "cmd/wscat/output/show.h"
#include "cmd/wscat/people/slash.h"
#include "cmd/wscat/run/ending.h"
#include <ws/server.h>

#include <stdbool.h>
#include <stdint.h>

struct listener {
    struct signal_repeat last_signal;
    struct settings *settings;
    struct ws_loop *loop;
    struct ws_server *server;
    struct ws_server_env *env;
    struct input input;
    struct perform perform; /* --input=jsonl */
    struct output output;
    struct show show;
    struct ending ending;
    struct ws_timer quiet, deadline;
    int64_t moved_ms; /* when a message last went either way */
    uint64_t clients; /* that are open */
    uint64_t received;
    bool in_message; /* pieces of a message were sent, and not the last */
    bool input_ended, over;
    bool enough; /* --count or --expect is decided, or the reader of the output has left */
    int status;
};

/* everyone.c: what the commands of --slash and the records of --input=jsonl do, to every client;
 * messages too. The context is the listener. */
extern const struct slash_ops everyone_ops;

#endif
