#include "cmd/wsframe/http2/hpack.h"

#include "cmd/common/exit.h"

#include <nghttp2/nghttp2.h>

/* A struct hpack is nghttp2's inflater. */
static nghttp2_hd_inflater *inflater_of(struct hpack *hpack)
{
    return (nghttp2_hd_inflater *)hpack;
}

bool hpack_supported(void)
{
    return true;
}

struct hpack *hpack_new(void)
{
    nghttp2_hd_inflater *inflater;
    if (nghttp2_hd_inflate_new(&inflater) != 0)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    return (struct hpack *)inflater;
}

void hpack_free(struct hpack *hpack)
{
    if (hpack)
        nghttp2_hd_inflate_del(inflater_of(hpack));
}

void hpack_allow(struct hpack *hpack, uint32_t table_size)
{
    enum { DEFAULT = 4096 };
    /* A smaller one counts only once the sender of the blocks agrees, which it says in a block. */
    if (table_size < DEFAULT)
        table_size = DEFAULT;
    if (table_size > HPACK_TABLE_MAX)
        table_size = HPACK_TABLE_MAX;
    /* Between the pieces of a block it refuses, and the table stays as it is. */
    nghttp2_hd_inflate_change_table_size(inflater_of(hpack), table_size);
}

bool hpack_read(struct hpack *hpack, const uint8_t *data, size_t len, bool last, hpack_sink *sink,
                void *context)
{
    int flags;
    do {
        nghttp2_nv field;
        ssize_t used = nghttp2_hd_inflate_hd2(inflater_of(hpack), &field, &flags, data, len, last);
        if (used < 0)
            return false;
        data += used;
        len -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            sink(context, (struct ws_str){(const char *)field.name, field.namelen},
                 (struct ws_str){(const char *)field.value, field.valuelen});
        else if (used == 0)
            break;
    } while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
    if (last)
        nghttp2_hd_inflate_end_headers(inflater_of(hpack));
    return true;
}

const char *hpack_code_name(uint32_t code)
{
    return nghttp2_http2_strerror(code);
}
