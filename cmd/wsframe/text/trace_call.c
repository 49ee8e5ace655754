#include "cmd/wsframe/text/trace_call.h"

#include <ctype.h>
#include <string.h>

/* What follows the last " = " of a line. */
static void result_of(struct trace_call *call, const uint8_t *line, size_t len)
{
    size_t i = len;
    call->total = UINT64_MAX;
    while (i >= 3 && memcmp(line + i - 3, " = ", 3) != 0)
        i--;
    if (i < 3 || i == len)
        return;
    call->failed = line[i] == '-';
    if (isdigit(line[i]))
        for (call->total = 0; i < len && isdigit(line[i]) && call->total < UINT32_MAX; i++)
            call->total = call->total * 10 + (unsigned)(line[i] - '0');
}

/* The place after the name of a function in a line, where its arguments follow or go on; NULL. */
static const uint8_t *after_name(const uint8_t *line, size_t len, const char *name)
{
    static const char resumed[] = " resumed>";
    size_t n = strlen(name), more = sizeof resumed - 1;
    for (size_t from = 0; from < len;) {
        const uint8_t *found = memmem(line + from, len - from, name, n);
        if (!found)
            break;
        from = (size_t)(found - line) + n;
        if (from < len && line[from] == '(')
            return line + from;
        if (len - from >= more && memcmp(line + from, resumed, more) == 0)
            return line + from;
    }
    return NULL;
}

/* A number that something else follows. */
static int fd_of(const uint8_t *p)
{
    int fd = 0;
    while (isdigit(*p) && fd < 1 << 24)
        fd = fd * 10 + (*p++ - '0');
    return fd;
}

/* Of a line in which nothing is known yet. */
static struct trace_call begin_line(const uint8_t *text, size_t len, size_t at)
{
    struct trace_call call = {.line = at, .fd = -1, .total = UINT64_MAX};
    const uint8_t *end = memchr(text + at, '\n', len - at);
    while (call.line > 0 && text[call.line - 1] != '\n')
        call.line--;
    call.end = end ? (size_t)(end - text) : len;
    call.seen = call.line;
    return call;
}

struct trace_call trace_call_of(const uint8_t *text, size_t len, size_t at,
                                const struct trace_call *before)
{
    static const char *const names[] = {"sendto",   "write",    "send",     "sendmsg", "writev",
                                        "pwrite64", "sendmmsg", "recvfrom", "read",    "recv",
                                        "recvmsg",  "readv",    "pread64",  "recvmmsg"};
    enum { SENDING = 7 };
    struct trace_call call = at < before->end ? *before : begin_line(text, len, at);
    if (call.known)
        return call;
    const uint8_t *from = text + call.seen;
    for (size_t i = 0; i < sizeof names / sizeof *names && !call.known; i++) {
        const uint8_t *next = after_name(from, at - call.seen, names[i]);
        if (!next)
            continue;
        call.known = true;
        call.side = i < SENDING ? PIECE_ONE : PIECE_OTHER;
        call.traced = *next == ' ' || isdigit(next[1]);
        if (*next == '(' && isdigit(next[1]))
            call.fd = fd_of(next + 1);
    }
    call.seen = at;
    if (call.traced)
        result_of(&call, text + call.line, call.end - call.line);
    return call;
}

bool trace_is(const uint8_t *text, size_t len)
{
    const struct trace_call nothing = {0};
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '"')
            continue;
        struct trace_call call = trace_call_of(text, len, i, &nothing);
        if (call.traced && (call.total != UINT64_MAX || call.failed))
            return true;
        const uint8_t *end = memchr(text + i, '\n', len - i); /* one string a line says it */
        i = end ? (size_t)(end - text) : len;
    }
    return false;
}

uint64_t trace_vector_length(const uint8_t *text, size_t len, size_t at)
{
    static const char word[] = ", iov_len=";
    size_t n = sizeof word - 1;
    uint64_t value = 0;
    if (len - at >= 3 && memcmp(text + at, "...", 3) == 0)
        at += 3;
    if (len - at <= n || memcmp(text + at, word, n) != 0)
        return UINT64_MAX;
    for (at += n; at < len && isdigit(text[at]) && value < UINT32_MAX; at++)
        value = value * 10 + (unsigned)(text[at] - '0');
    return value;
}
