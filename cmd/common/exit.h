/*
 * exit: the exit codes of the toolkit, in one table, and the ways a tool ends or complains.
 *
 * Any file of cmd/ may call it; the library may not. Messages are one line on standard error,
 * "TOOL: message", written in one go; control characters in them are escaped, as they may quote a
 * peer.
 */
#ifndef CMD_COMMON_EXIT_H
#define CMD_COMMON_EXIT_H

#include <ws/error.h>

#include <stdbool.h>

enum exit_code {
    WS_EXIT_OK = 0,         /* success; closed with 1000, 1001 or no code, whoever began */
    WS_EXIT_FAILURE = 1,    /* another run-time or I/O error */
    WS_EXIT_USAGE = 2,      /* the command line is wrong */
    WS_EXIT_CONNECT = 3,    /* cannot connect: name, TCP, proxy */
    WS_EXIT_TLS = 4,        /* TLS failed: handshake, certificate */
    WS_EXIT_REFUSED = 5,    /* the upgrade was refused or its answer cannot be taken */
    WS_EXIT_PROTOCOL = 6,   /* the peer broke the protocol */
    WS_EXIT_TIMEOUT = 7,    /* a timeout */
    WS_EXIT_LOST = 8,       /* connection lost without a close frame (1006) */
    WS_EXIT_CLOSED = 9,     /* the peer closed with an error code */
    WS_EXIT_ASSERTION = 10, /* --expect, --count, --check, --strict or --fail-if was not met */
    WS_EXIT_SIGINT = 130,   /* not wsserve */
    WS_EXIT_SIGTERM = 143,  /* not wsserve */
};

/* One line on what `code` means, for the EXIT STATUS of --help; NULL for a code that is not of the
 * table. Constant. */
const char *exit_meaning(int code);

/*
 * The code for what ended a client. WS_OK and WS_MORE give 0. The category decides, but for the
 * network's: no name, no connection and no way through a proxy are 3, TLS is 4, a connection that
 * ended is 8, also where it ended before the upgrade was answered: nobody refused anything, the
 * peer is gone. A timeout is 7 whatever it was waiting for. Limits and decisions of our own are 1.
 */
enum exit_code exit_code_for(enum ws_error error);

/* The code for the end of a connection: `code` as it stood in the close frame (1005: none),
 * `clean` whether one came at all. 1000, 1001 and 1005 are 0, no close frame or 1006 is 8, else 9.
 */
enum exit_code exit_code_for_close(unsigned code, bool clean);

/* What messages begin with; borrowed for ever. To be called first of all in main. */
void exit_set_tool(const char *name);
const char *exit_tool(void);

/* One line on standard error; %m prints errno. errno is left as it was. */
void exit_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and exit(code). */
__attribute__((noreturn)) void exit_die(enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Opens /dev/null in place of each of the three standard streams that was closed: otherwise the
 * next socket would be taken for it. To be called before anything else is opened. */
void exit_open_streams(void);

/* Ignores SIGPIPE, so that writes fail with EPIPE and can be answered. A child process gets the
 * default back before it executes anything: exit_restore_sigpipe, safe after fork. */
void exit_ignore_sigpipe(void);
void exit_restore_sigpipe(void);

/*
 * After a write to standard output failed: exits quietly with 0 on EPIPE, as whoever read it has
 * seen enough; else says what errno says and exits with 1.
 */
__attribute__((noreturn)) void exit_stdout_failed(void);

/* Flushes stdio's standard output before a return from main: returns `code`, or 1 with a message
 * when something could not be written. EPIPE is no failure. */
int exit_flush_stdout(int code);

#endif
