#include "libws/proto/deflate_isal.h"

#include <stdlib.h>

#ifdef WITH_ISAL
#include <isa-l/igzip_lib.h>

bool ws_isal_can(unsigned bits)
{
    return bits >= 9;
}

struct isal_zstream *ws_isal_new(unsigned bits, unsigned level, size_t *allocated)
{
    uint32_t tokens = level == WS_ISAL_SMALL ? ISAL_DEF_LVL1_MIN : ISAL_DEF_LVL3_SMALL;
    struct isal_zstream *z = malloc(sizeof *z);
    uint8_t *buffer = z ? malloc(tokens) : NULL;
    if (!buffer) {
        free(z);
        return NULL;
    }
    isal_deflate_init(z);
    z->level = level;
    z->level_buf = buffer;
    z->level_buf_size = tokens;
    z->hist_bits = (uint16_t)bits;
    *allocated = sizeof *z + tokens;
    return z;
}

void ws_isal_free(struct isal_zstream *z)
{
    free(z->level_buf);
    free(z);
}

void ws_isal_reset(struct isal_zstream *z)
{
    isal_deflate_reset(z);
}

bool ws_isal_run(struct isal_zstream *z, const uint8_t *data, uint32_t *len, bool flush,
                 uint8_t *to, uint32_t *room)
{
    z->next_in = (uint8_t *)(uintptr_t)data;
    z->avail_in = *len;
    z->next_out = to;
    z->avail_out = *room;
    z->flush = flush ? SYNC_FLUSH : NO_FLUSH;
    isal_deflate(z); /* its errors are of parameters, which are ours */
    *len = z->avail_in;
    *room = z->avail_out;
    return z->avail_in == 0 && z->internal_state.state == ZSTATE_NEW_HDR;
}

#else

bool ws_isal_can(unsigned bits)
{
    (void)bits;
    return false;
}

struct isal_zstream *ws_isal_new(unsigned bits, unsigned level, size_t *allocated)
{
    (void)bits, (void)level, (void)allocated;
    return NULL;
}

void ws_isal_free(struct isal_zstream *z)
{
    (void)z;
}

void ws_isal_reset(struct isal_zstream *z)
{
    (void)z;
}

bool ws_isal_run(struct isal_zstream *z, const uint8_t *data, uint32_t *len, bool flush,
                 uint8_t *to, uint32_t *room)
{
    (void)z, (void)data, (void)len, (void)flush, (void)to, (void)room;
    return true;
}
#endif
