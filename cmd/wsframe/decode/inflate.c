#include "cmd/wsframe/decode/inflate.h"

#include "cmd/common/exit.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    STEP = 32 << 10,
    MESSAGE_MAX = 64 << 20, /* output of a message: a few bytes may claim far more */
    WINDOW = 32 << 10,      /* as far back as a reference goes */
};

const struct inflate_problem inflate_incomplete = {"bytes of it are missing", NULL};

static const struct inflate_problem
    too_large = {"it inflates to more than 64 MiB", NULL},
    no_memory = {"out of memory", NULL},
    no_context = {"the context is missing: it refers to messages that are not in this input", NULL},
    takes_over = {"it refers to messages before it",
                  "a compressor that keeps its context, though no_context_takeover was agreed on "
                  "(RFC 7692 7.1.1)"},
    invalid = {"it is not valid DEFLATE data (RFC 1951)",
               "a message that is not compressed, was damaged, or has the header of zlib or gzip"};

struct inflater {
    z_stream z;
    bool takeover;
    bool lost;                             /* something before is not there */
    size_t known;                          /* output since then */
    size_t size;                           /* output of this message so far */
    const struct inflate_problem *problem; /* of this message */
};

struct inflater *inflater_new(bool whole, bool takeover)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater || inflateInit2(&inflater->z, -15) != Z_OK)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    inflater->lost = !whole;
    inflater->takeover = takeover;
    return inflater;
}

void inflater_free(struct inflater *inflater)
{
    if (!inflater)
        return;
    inflateEnd(&inflater->z);
    free(inflater);
}

void inflater_forget(struct inflater *inflater)
{
    if (!inflater)
        return;
    inflateReset(&inflater->z);
    inflater->lost = true;
    inflater->known = 0;
}

static const struct inflate_problem *of_data_error(const struct inflater *inflater)
{
    const char *message = inflater->z.msg;
    if (!message || !strstr(message, "too far back"))
        return &invalid;
    if (!inflater->takeover)
        return &takes_over;
    return inflater->lost && inflater->known < WINDOW ? &no_context : &invalid;
}

static const struct inflate_problem *feed(struct inflater *inflater, const uint8_t *data,
                                          size_t len, struct ws_bytes **out)
{
    z_stream *z = &inflater->z;
    z->next_in = (Bytef *)(uintptr_t)data;
    z->avail_in = (uInt)len;
    for (;;) {
        bytes_reserve(out, STEP);
        z->next_out = ws_bytes_data(*out) + (*out)->len;
        z->avail_out = STEP;
        int result = inflate(z, Z_SYNC_FLUSH);
        size_t made = STEP - z->avail_out;
        (*out)->len += made;
        inflater->size += made;
        inflater->known += made;
        if (inflater->size > MESSAGE_MAX)
            return &too_large;
        if (result == Z_STREAM_END) {
            /* A final block ends the stream, not the message (RFC 7692 7.2.3.5). */
            inflater_forget(inflater);
            if (z->avail_in == 0)
                return NULL;
            continue;
        }
        if (result == Z_DATA_ERROR)
            return of_data_error(inflater);
        if (result != Z_OK && result != Z_BUF_ERROR)
            return &no_memory;
        if (z->avail_out > 0)
            return NULL;
    }
}

const struct inflate_problem *inflater_part(struct inflater *inflater, const uint8_t *data,
                                            size_t len, bool last, struct ws_bytes **out)
{
    static const uint8_t tail[] = {0, 0, 0xFF, 0xFF}; /* RFC 7692 7.2.2 */
    const uint8_t *p = data;
    while (!inflater->problem && len > 0) {
        size_t n = len < (1u << 30) ? len : 1u << 30;
        inflater->problem = feed(inflater, p, n, out);
        p += n;
        len -= n;
    }
    if (!inflater->problem && last)
        inflater->problem = feed(inflater, tail, sizeof tail, out);
    const struct inflate_problem *problem = inflater->problem;
    if (last) {
        inflater->size = 0;
        inflater->problem = NULL;
        if (problem)
            inflater_forget(inflater);
        else if (!inflater->takeover)
            inflateReset(&inflater->z);
    }
    return problem;
}
