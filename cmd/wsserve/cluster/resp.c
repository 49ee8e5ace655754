#include "cmd/wsserve/cluster/resp.h"

#include <hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reader moves what is left of its memory each time a reply was taken from it: small pieces
 * keep that cheap. */
enum { PIECE = 4096 };

enum { AROUND = 32 }; /* bytes of a string's length and line ends, at most */

struct resp {
    redisReader *reader;
    size_t max;
    struct resp_reply reply; /* the one in the making */
    size_t parts;            /* that an array is to have */
    size_t short_used;       /* of `short_text` */
    uint64_t skip, skipped;  /* bytes to pass over, and the length of the string that they end */
    bool stopped;            /* `got` returned false */
    bool (*got)(void *context, const struct resp_reply *reply);
    void *context;
    char violation[160];
    char short_text[RESP_SHORT_MAX]; /* parts that others follow: the reader's memory may move
                                      * before the last has come */
};

static void *violate(struct resp *resp, const char *what)
{
    if (!resp->violation[0])
        snprintf(resp->violation, sizeof resp->violation, "%s", what);
    return NULL; /* the reader fails then */
}

static void *violate_size(struct resp *resp)
{
    char text[80];
    snprintf(text, sizeof text, "a reply of more than the %zu bytes that there may be", resp->max);
    return violate(resp, text);
}

static bool is_last(const redisReadTask *task)
{
    return !task->parent || task->idx == task->parent->elements - 1;
}

static bool is_payload(const redisReadTask *task)
{
    return task->parent && is_last(task) && task->type == REDIS_REPLY_STRING;
}

/* Hands the reply over if the part was the last of it. Not NULL: the reader goes on. */
static void *take(struct resp *resp, const redisReadTask *task, struct resp_part part)
{
    struct resp_reply *reply = &resp->reply;
    if (!task->parent) {
        reply->array = false;
        reply->count = 0;
    }
    if (part.len > resp->max) { /* and came in one piece */
        if (!is_payload(task))
            return violate_size(resp);
        part = (struct resp_part){.kind = RESP_TOO_LARGE, .len = part.len};
    }
    if (part.data && !is_last(task)) {
        if (part.len > sizeof resp->short_text - resp->short_used)
            return violate(resp, "a name in a reply is too long");
        part.data = memcpy(resp->short_text + resp->short_used, part.data, part.len);
        resp->short_used += part.len;
    }
    reply->parts[reply->count++] = part;
    if (is_last(task)) {
        if (!resp->stopped && !resp->got(resp->context, reply))
            resp->stopped = true;
        resp->short_used = 0;
        reply->count = 0;
    }
    return resp;
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    enum resp_kind kind = task->type == REDIS_REPLY_STATUS  ? RESP_STATUS
                          : task->type == REDIS_REPLY_ERROR ? RESP_ERROR
                                                            : RESP_STRING;
    return take(task->privdata, task, (struct resp_part){.kind = kind, .data = text, .len = len});
}

static void *on_integer(const redisReadTask *task, long long number)
{
    return take(task->privdata, task,
                (struct resp_part){.kind = RESP_INTEGER, .number = (int64_t)number});
}

static void *on_nil(const redisReadTask *task)
{
    return take(task->privdata, task, (struct resp_part){.kind = RESP_NIL});
}

/* `count` is what Redis claims. */
static void *on_array(const redisReadTask *task, int count)
{
    struct resp *resp = task->privdata;
    if (task->parent)
        return violate(resp, "an array inside an array");
    if (count < 1 || count > RESP_PARTS_MAX)
        return violate(resp, "an array of a length that no reply here has");
    resp->reply.array = true;
    resp->reply.count = 0;
    resp->parts = (size_t)count;
    resp->short_used = 0;
    return resp;
}

/* Nothing that is handed out needs freeing. */
static void on_free(void *object)
{
    (void)object;
}

static redisReplyObjectFunctions functions = {on_string, on_array, on_integer, on_nil, on_free};

bool resp_available(void)
{
    return true;
}

/* A reader that has read nothing yet, in the place of the one that there is. */
static bool begin_reading(struct resp *resp)
{
    if (resp->reader)
        redisReaderFree(resp->reader);
    resp->reader = redisReaderCreateWithFunctions(&functions);
    if (resp->reader)
        resp->reader->privdata = resp;
    return resp->reader != NULL;
}

struct resp *resp_new(size_t max)
{
    struct resp *resp = calloc(1, sizeof *resp);
    if (!resp || !begin_reading(resp)) {
        free(resp);
        return NULL;
    }
    resp->max = max;
    return resp;
}

void resp_free(struct resp *resp)
{
    if (!resp)
        return;
    if (resp->reader)
        redisReaderFree(resp->reader);
    free(resp);
}

/* --- a string that is too large --- */

/* The reader waits for the end of a payload that is too large: what is left of it is to be passed
 * over. False: it waits for something else. */
static bool begin_skipping(struct resp *resp)
{
    enum { DIGITS = 12 };
    const redisReader *reader = resp->reader;
    const char *text = reader->buf + reader->pos;
    size_t have = reader->len - reader->pos, digits = 0;
    uint64_t len = 0;
    if (!resp->reply.array || resp->reply.count + 1 != resp->parts)
        return false;
    for (; digits < DIGITS && text[digits] >= '0' && text[digits] <= '9'; digits++)
        len = len * 10 + (uint64_t)(text[digits] - '0');
    if (digits == 0 || text[digits] != '\r' || text[digits + 1] != '\n')
        return false;
    resp->skipped = len;
    resp->skip = digits + 2 + len + 2 - have;
    if (!begin_reading(resp))
        violate(resp, "out of memory");
    return true;
}

/* Returns how much of `len` bytes it passed over. */
static size_t skip(struct resp *resp, size_t len)
{
    size_t taken = len < resp->skip ? len : (size_t)resp->skip;
    struct resp_reply *reply = &resp->reply;
    resp->skip -= taken;
    if (resp->skip > 0)
        return taken;
    reply->parts[reply->count++] =
        (struct resp_part){.kind = RESP_TOO_LARGE, .len = (size_t)resp->skipped};
    if (!resp->got(resp->context, reply))
        resp->stopped = true;
    reply->count = 0;
    resp->short_used = 0;
    return taken;
}

/* --- feeding --- */

/* All replies that are whole. */
static bool drain(struct resp *resp)
{
    void *reply;
    do {
        reply = NULL;
        if (redisReaderGetReply(resp->reader, &reply) != REDIS_OK) {
            violate(resp, resp->reader->errstr);
            return false;
        }
    } while (reply && !resp->stopped);
    return true;
}

bool resp_feed(struct resp *resp, const char *data, size_t len,
               bool (*got)(void *context, const struct resp_reply *reply), void *context)
{
    if (resp->violation[0])
        return false;
    resp->got = got;
    resp->context = context;
    resp->stopped = false;
    while (len > 0 && !resp->stopped && !resp->violation[0]) {
        size_t piece = len < PIECE ? len : PIECE;
        if (resp->skip > 0) {
            piece = skip(resp, len);
            data += piece;
            len -= piece;
            continue;
        }
        if (redisReaderFeed(resp->reader, data, piece) != REDIS_OK) {
            violate(resp, "out of memory");
            return false;
        }
        if (!drain(resp))
            return false;
        /* What waits for its end: a claim is believed until so much has come. */
        if (resp->reader->len - resp->reader->pos > resp->max + AROUND && !begin_skipping(resp))
            violate_size(resp);
        data += piece;
        len -= piece;
    }
    return !resp->violation[0];
}

const char *resp_violation(const struct resp *resp)
{
    return resp->violation;
}
