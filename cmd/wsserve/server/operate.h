/*
 * operate: what keeps a server in service: SIGHUP, SIGUSR1, statistics now and then, sockets that
 * systemd opened, the end when nobody comes.
 *
 * On loop 0's thread, but where it says otherwise.
 */
#ifndef CMD_WSSERVE_SERVER_OPERATE_H
#define CMD_WSSERVE_SERVER_OPERATE_H

#include <signal.h>
#include <stdbool.h>

struct serve;

/* Adds the signals that are for it. */
void operate_add_signals(sigset_t *signals);

/* Once it listens. */
void operate_start(struct serve *serve);

/* While shutting down nothing of it is of use any more; may be called twice. */
void operate_stop(struct serve *serve);

/* After everything else has gone: frees the settings of reloads. */
void operate_free(struct serve *serve);

/* Was the signal one of them? It is dealt with then. */
bool operate_signal(struct serve *serve, int signal_number);

/* A connection has come, or has gone. On any thread. */
void operate_note_connection(struct serve *serve);

/* How many sockets systemd, or whoever does it that way, left open for us from descriptor 3 on
 * (sd_listen_fds(3)); 0 where they are for another process. Takes it out of the environment: to be
 * called once, before there are threads. */
int operate_inherited_sockets(void);

#endif
