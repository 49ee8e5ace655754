/*
 * server: runs the server that the settings describe: sets up the parts of `struct server`
 * (context.h), wraps the mode's handlers, shuts down.
 */
#ifndef CMD_WSSERVE_SERVER_SERVER_H
#define CMD_WSSERVE_SERVER_SERVER_H

struct options;
struct settings;

/* Serves until a signal, --oneshot or --exit-idle ends it. `options` are those of `settings`; both
 * must outlive the call. Returns the exit status; errors were printed. Main thread, once. */
int server_run(const struct settings *settings, const struct options *options);

#endif
