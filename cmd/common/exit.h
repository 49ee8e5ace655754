/*
 * exit: the exit codes of the toolkit, in one table, and the functions that print an error or exit.
 *
 * Any file of cmd/ may call it; the library may not. Messages are one line on standard error,
 * "TOOL: message", written with one write(2); control characters in them are escaped, because they
 * may come from a peer.
 */
#ifndef CMD_COMMON_EXIT_H
#define CMD_COMMON_EXIT_H

#include <ws/error.h>

#include <stdbool.h>

enum exit_code {
    WS_EXIT_OK = 0,         /* success; closed by either side with 1000, 1001 or no code */
    WS_EXIT_FAILURE = 1,    /* another run-time or I/O error */
    WS_EXIT_USAGE = 2,      /* the command line is wrong */
    WS_EXIT_CONNECT = 3,    /* cannot connect: name, TCP, proxy */
    WS_EXIT_TLS = 4,        /* TLS failed: handshake, certificate */
    WS_EXIT_REFUSED = 5,    /* the upgrade was refused, or its response is invalid */
    WS_EXIT_PROTOCOL = 6,   /* the peer broke the protocol */
    WS_EXIT_TIMEOUT = 7,    /* a timeout */
    WS_EXIT_LOST = 8,       /* connection lost without a close frame (1006) */
    WS_EXIT_CLOSED = 9,     /* the peer closed with an error code */
    WS_EXIT_ASSERTION = 10, /* --expect, --count, --check or --strict was not met */
    WS_EXIT_SIGINT = 130,   /* not wsserve */
    WS_EXIT_SIGTERM = 143,  /* not wsserve */
};

/*
 * The exit code for the error that ended a client. WS_OK and WS_MORE give 0. The error's category
 * decides, except for network errors: name resolution, TCP and proxy failures are 3, TLS failures
 * are 4, and a lost connection is 8, also before the response to the upgrade (nothing was refused).
 * Every timeout is 7. Local limits and decisions are 1.
 */
enum exit_code exit_code_for(enum ws_error error);

/* The exit code for the end of a connection: `code` is the close frame's (1005: none), `clean`
 * whether there was a close frame. 1000, 1001 and 1005 give 0, no close frame or 1006 gives 8, all
 * others 9. */
enum exit_code exit_code_for_close(unsigned code, bool clean);

/* Sets the tool's name, which messages begin with. It is borrowed and must stay valid. Call it
 * first in main. */
void exit_set_tool(const char *name);

/* Prints one line on standard error; %m prints errno. Keeps errno. */
void exit_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and exit(code). */
__attribute__((noreturn)) void exit_die(enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Has `before` called ahead of each message, to make the terminal ready for it; NULL: nothing is.
 */
void exit_before_message(void (*before)(void *context), void *context);

/* Opens /dev/null in place of each of the three standard streams that is closed: otherwise the next
 * socket would get its descriptor. Call it before anything else is opened. False if standard output
 * was closed: writing there fails, as it would have. */
bool exit_open_streams(void);

/* Ignores SIGPIPE, so that writes fail with EPIPE. Programs that are started get the default again
 * (wsserve's child). */
void exit_ignore_sigpipe(void);

/*
 * Call after a write to standard output failed: on EPIPE (the reader has closed the pipe) exits
 * quietly with 0; otherwise prints errno's message and exits with 1.
 */
__attribute__((noreturn)) void exit_stdout_failed(void);

/* Flushes stdio's standard output before a return from main. Returns `code`, or 1 after a message
 * when something could not be written. EPIPE is not a failure. */
int exit_flush_stdout(int code);

#endif
