/*
 * mask: the XOR of RFC 6455 section 5.3, fast at every size.
 *
 * It may move the bytes while it masks them: a server unmasks a payload and moves it to where its
 * reply will be sent from in one pass. No state; any thread may call it.
 */
#ifndef WS_MASK_H
#define WS_MASK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * dst[i] = src[i] ^ key[(offset + i) % 4] for i < len. `offset` is the number of payload bytes
 * before these, so that a payload can be masked piece by piece. `dst` may equal `src`, lie below it
 * (overlapping or not), or not overlap at all; it must not lie above it and overlap.
 */
void ws_mask(void *dst, const void *src, size_t len, const uint8_t key[4], uint64_t offset);

#ifdef __cplusplus
}
#endif

#endif
