/* In the place of hpack.c where nghttp2 was left out (WITH_HTTP2=0). Without a table nothing else
 * is ever called. */
#include "cmd/wsframe/http2/hpack.h"

bool hpack_supported(void)
{
    return false;
}

struct hpack *hpack_new(void)
{
    return NULL;
}

void hpack_free(struct hpack *hpack)
{
    (void)hpack;
}

void hpack_allow(struct hpack *hpack, uint32_t table_size)
{
    (void)hpack;
    (void)table_size;
}

bool hpack_read(struct hpack *hpack, const uint8_t *data, size_t len, bool last, hpack_sink *sink,
                void *context)
{
    (void)hpack;
    (void)data;
    (void)len;
    (void)last;
    (void)sink;
    (void)context;
    return false;
}

const char *hpack_code_name(uint32_t code)
{
    (void)code;
    return "";
}
