#include "cmd/wsbench/payload/replay.h"

#include "cmd/common/exit.h"
#include "cmd/common/record/record_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDING_MOST = 1 << 30 };

static bool add(struct replay *r, const struct record_in *in)
{
    /* Memory doubles: a power of two is full. */
    if ((r->count & (r->count - 1)) == 0) {
        size_t capacity = r->count ? 2 * r->count : 1;
        struct replay_message *messages = realloc(r->messages, capacity * sizeof *messages);
        if (!messages)
            return false;
        r->messages = messages;
    }
    struct replay_message *m = &r->messages[r->count++];
    *m = (struct replay_message){
        .at_us = in->elapsed_us,
        .offset = ws_bytes_len(r->data),
        .len = in->len,
        .binary = in->type == RECORD_BINARY,
    };
    return ws_bytes_append(&r->data, in->data, in->len);
}

/* `*others` becomes true if it is a message of the server's. */
static bool read_line(struct replay *r, struct record_side *side, bool *others, const char *line,
                      size_t len, const char **problem)
{
    struct record_in in;
    bool added = true;
    *problem = record_read(&in, line, len);
    bool ours = !*problem && record_sent_by(side, &in, false);
    if (!*problem && (in.type == RECORD_TEXT || in.type == RECORD_BINARY)) {
        added = !ours || add(r, &in);
        *others |= !ours;
    }
    record_in_free(&in);
    if (!*problem && (!added || ws_bytes_len(r->data) > RECORDING_MOST))
        *problem = added ? "the recording is too large" : "out of memory";
    return !*problem;
}

/* The messages that the client has sent. `*others`: the server has sent some. */
static bool read_all(struct replay *r, bool *others, FILE *file, const char *name, char *problem,
                     size_t size)
{
    struct record_side side = {0};
    char *line = NULL;
    size_t capacity = 0, number = 0;
    const char *wrong = NULL;
    for (ssize_t len; !wrong && (len = getline(&line, &capacity, file)) >= 0;) {
        number++;
        if (strspn(line, " \t\r\n") < (size_t)len)
            read_line(r, &side, others, line, (size_t)len, &wrong);
    }
    if (wrong)
        snprintf(problem, size, "%s:%zu: %s", name, number, wrong);
    int failed = errno; /* of a read: see replay_read() */
    free(line);
    errno = failed;
    return !wrong;
}

bool replay_read(struct replay *r, const char *name, char *problem, size_t size)
{
    FILE *file = fopen(name, "re");
    *r = (struct replay){0};
    if (!file) {
        *problem = '\0';
        exit_warn("%s: %m", name);
        return false;
    }
    bool others = false, ok = read_all(r, &others, file, name, problem, size);
    if (ferror(file)) {
        *problem = '\0';
        exit_warn("%s: %m", name);
        ok = false;
    }
    fclose(file);
    if (ok && r->count == 0) {
        snprintf(problem, size,
                 others ? "%s: the client sent no message in it; what the server sent is not sent"
                        : "%s: it has no text or binary message",
                 name);
        return false;
    }
    for (size_t i = r->count; ok && i-- > 0;) {
        r->messages[i].at_us -= r->messages[0].at_us;
        if (r->messages[i].at_us < 0)
            r->messages[i].at_us = 0;
    }
    return ok;
}

void replay_free(struct replay *r)
{
    free(r->messages);
    ws_bytes_free(&r->data);
    *r = (struct replay){0};
}
