/*
 * resync: finds the beginning of a frame in a capture that began in the middle or has gaps.
 *
 * A header alone proves little: a fifth of all pairs of bytes could be one. The proof is a chain of
 * frames that ends exactly where a TCP segment ends. Used by decode; no state.
 */
#ifndef CMD_WSFRAME_DECODE_RESYNC_H
#define CMD_WSFRAME_DECODE_RESYNC_H

#include "cmd/wsframe/decode/event.h"

enum resync_result {
    RESYNC_FOUND,   /* a frame begins at `*at` */
    RESYNC_PERHAPS, /* a frame may begin at 0: call again with `trial` when more bytes are there */
    RESYNC_NOT,     /* no frame found */
};

/*
 * `data` begins and ends at segment boundaries. `sender` is SENDER_UNKNOWN if not known. With
 * `trial` it begins with the data of an earlier RESYNC_PERHAPS. The time is linear in `len`.
 */
enum resync_result resync(const uint8_t *data, size_t len, enum sender sender, bool trial,
                          size_t *at);

#endif
