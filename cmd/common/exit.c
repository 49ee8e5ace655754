#include "cmd/common/exit.h"

#include "cmd/common/hex.h"
#include <ws/close.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *tool = "libws";
static void (*before_message)(void *context);
static void *before_context;

enum exit_code exit_code_for(enum ws_error error)
{
    switch (error) {
    case WS_E_RESOLVE:
    case WS_E_CONNECT:
    case WS_E_NO_DESCRIPTORS: /* for a socket to connect with */
    case WS_E_PROXY:
        return WS_EXIT_CONNECT;
    case WS_E_TLS:
        return WS_EXIT_TLS;
    case WS_E_LOST:
    case WS_E_RESET:
    case WS_E_EOF_IN_HANDSHAKE:
    case WS_E_STREAM_RESET:
    case WS_E_GOAWAY:
        return WS_EXIT_LOST;
    case WS_E_HTTP2:
    case WS_E_HTTP2_FLOOD:
        return WS_EXIT_PROTOCOL;
    default:
        break;
    }
    switch (ws_error_info(error)->category) {
    case WS_CAT_NONE:
        return WS_EXIT_OK;
    case WS_CAT_PROTOCOL:
        return WS_EXIT_PROTOCOL;
    case WS_CAT_UPGRADE:
        return WS_EXIT_REFUSED;
    case WS_CAT_TIMEOUT:
        return WS_EXIT_TIMEOUT;
    case WS_CAT_NETWORK:
    case WS_CAT_RESOURCE:
    case WS_CAT_POLICY:
    case WS_CAT_ACCESS:
    case WS_CAT_CALLER:
        break;
    }
    return WS_EXIT_FAILURE;
}

enum exit_code exit_code_for_close(unsigned code, bool clean)
{
    if (!clean || code == WS_CLOSE_ABNORMAL)
        return WS_EXIT_LOST;
    switch (code) {
    case WS_CLOSE_NORMAL:
    case WS_CLOSE_GOING_AWAY:
    case WS_CLOSE_NO_CODE:
        return WS_EXIT_OK;
    default:
        return WS_EXIT_CLOSED;
    }
}

void exit_set_tool(const char *name)
{
    tool = name;
}

static void complain(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static void write_line(const char *message, size_t len, char *line, size_t size)
{
    int head = snprintf(line, size, "%s: ", tool);
    size_t used = (size_t)head;
    used += hex_escape(message, len, 0, line + used, size - used - 1, NULL);
    line[used++] = '\n';
    /* A failed write is ignored: there is no other place to report it. */
    while (write(STDERR_FILENO, line, used) < 0 && errno == EINTR)
        ;
}

static void complain(const char *format, va_list args)
{
    int saved = errno;
    char message[2048], line[4096], *long_message = NULL, *long_line = NULL;
    va_list again;
    va_copy(again, args);
    errno = saved; /* for %m */
    int len = vsnprintf(message, sizeof message, format, args);
    if (len < 0)
        len = 0;
    if (before_message)
        before_message(before_context);
    if ((size_t)len >= sizeof message) {
        /* A URL, a header: shown whole where there is memory for it, else cut. */
        size_t size = HEX_ESCAPE_GROWTH * (size_t)len + sizeof line - sizeof message;
        long_message = malloc((size_t)len + 1);
        long_line = malloc(size);
        errno = saved;
        if (long_message && long_line) {
            vsnprintf(long_message, (size_t)len + 1, format, again);
            write_line(long_message, (size_t)len, long_line, size);
        } else {
            write_line(message, sizeof message - 1, line, sizeof line);
        }
        free(long_message);
        free(long_line);
    } else {
        write_line(message, (size_t)len, line, sizeof line);
    }
    va_end(again);
    errno = saved;
}

void exit_before_message(void (*before)(void *context), void *context)
{
    before_message = before;
    before_context = context;
}

void exit_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
}

void exit_die(enum exit_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    exit((int)code);
}

bool exit_open_streams(void)
{
    bool has_stdout = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) < 0)
            exit((int)WS_EXIT_FAILURE);
    return has_stdout;
}

void exit_ignore_sigpipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

void exit_stdout_failed(void)
{
    if (errno == EPIPE)
        exit(WS_EXIT_OK);
    exit_die(WS_EXIT_FAILURE, "cannot write to standard output: %m");
}

/* Has the reader of a pipe left? An earlier write may have failed, whose errno is gone. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int exit_flush_stdout(int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno == EPIPE || reader_left())
        return code;
    if (errno)
        exit_warn("cannot write to standard output: %m");
    else
        exit_warn("cannot write to standard output");
    return code == WS_EXIT_OK ? WS_EXIT_FAILURE : code;
}
