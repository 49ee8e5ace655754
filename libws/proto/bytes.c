#include "libws/proto/bytes.h"

#include <stdlib.h>
#include <string.h>

bool ws_bytes_reserve_exactly(struct ws_bytes **bytes, size_t more)
{
    struct ws_bytes *old = *bytes;
    size_t len = ws_bytes_len(old), capacity = ws_bytes_capacity(old);
    if (ws_bytes_fits(old, more))
        return true;
    if (more > SIZE_MAX / 4 || len > SIZE_MAX / 4)
        return false;
    if (old && old->consumed > 0) {
        memmove(old->memory + WS_HEADROOM, ws_bytes_data(old), len);
        old->consumed = 0;
        if (capacity - len >= more)
            return true;
    }
    struct ws_bytes *grown = realloc(old, sizeof *grown + WS_HEADROOM + len + more);
    if (!grown)
        return false;
    grown->len = len;
    grown->capacity = len + more;
    grown->consumed = 0;
    *bytes = grown;
    return true;
}

bool ws_bytes_reserve(struct ws_bytes **bytes, size_t more)
{
    size_t len = ws_bytes_len(*bytes), capacity = ws_bytes_capacity(*bytes);
    size_t consumed = *bytes ? (*bytes)->consumed : 0;
    if (ws_bytes_fits(*bytes, more))
        return true;
    if (more > SIZE_MAX / 4 || len > SIZE_MAX / 4)
        return false;
    /* Moving the bytes to the front is paid for by those that were consumed, if they are as many;
     * where they are fewer, growing is. */
    if (consumed >= len && capacity - len >= more)
        return ws_bytes_reserve_exactly(bytes, more);
    return ws_bytes_reserve_exactly(bytes, len + more < capacity * 2 ? capacity * 2 - len : more);
}

bool ws_bytes_append(struct ws_bytes **bytes, const void *data, size_t len)
{
    if (len == 0)
        return true;
    if (!ws_bytes_reserve(bytes, len))
        return false;
    memcpy(ws_bytes_data(*bytes) + (*bytes)->len, data, len);
    (*bytes)->len += len;
    return true;
}

void ws_bytes_consume(struct ws_bytes *bytes, size_t len)
{
    if (!bytes)
        return;
    bytes->len -= len;
    bytes->consumed = bytes->len ? bytes->consumed + len : 0;
}

void ws_bytes_free(struct ws_bytes **bytes)
{
    free(*bytes);
    *bytes = NULL;
}
