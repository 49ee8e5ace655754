#include "cmd/wsframe/decode/inflate.h"

#include "cmd/common/exit.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    STEP = 32 << 10,
    MESSAGE_MAX = 64 << 20, /* output of a message: a few bytes may claim far more */
};

struct inflater {
    z_stream z;
    bool context;        /* messages before this one were inflated */
    size_t size;         /* output of this message so far */
    const char *problem; /* of this message */
};

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater || inflateInit2(&inflater->z, -15) != Z_OK)
        exit_die(WS_EXIT_FAILURE, "out of memory");
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
    inflater->context = false;
}

static const char *feed(struct inflater *inflater, const uint8_t *data, size_t len,
                        struct ws_bytes **out)
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
        if (inflater->size > MESSAGE_MAX)
            return "it inflates to more than 64 MiB";
        if (result == Z_STREAM_END) {
            /* A final block ends the stream, not the message (RFC 7692 7.2.3.5). */
            inflateReset(z);
            inflater->context = false;
            if (z->avail_in == 0)
                return NULL;
            continue;
        }
        if (result == Z_DATA_ERROR)
            return inflater->context || !z->msg || !strstr(z->msg, "too far back")
                       ? "it is not valid DEFLATE data (RFC 1951)"
                       : "the context is missing: it refers to messages that are not in this input";
        if (result != Z_OK && result != Z_BUF_ERROR)
            return "out of memory";
        if (z->avail_out > 0)
            return NULL;
    }
}

const char *inflater_part(struct inflater *inflater, const uint8_t *data, size_t len, bool last,
                          struct ws_bytes **out)
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
    const char *problem = inflater->problem;
    if (last) {
        inflater->size = 0;
        inflater->problem = NULL;
        if (problem)
            inflater_forget(inflater);
        else
            inflater->context = true;
    }
    return problem;
}
