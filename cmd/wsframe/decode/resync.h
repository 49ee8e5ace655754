/*
 * resync: where may a frame begin, in a capture that began in the middle or lost something?
 *
 * A header alone proves little, as a fifth of all pairs of bytes could be one. What proves it is
 * that frames follow each other to exactly the end of a TCP segment. Used by decode; no state.
 */
#ifndef CMD_WSFRAME_DECODE_RESYNC_H
#define CMD_WSFRAME_DECODE_RESYNC_H

#include "cmd/wsframe/decode/event.h"

enum resync_result {
    RESYNC_FOUND,   /* a frame begins at `*at` */
    RESYNC_PERHAPS, /* one may begin at 0: what follows will tell; ask again with `trial` */
    RESYNC_NOT,     /* nothing here */
};

/*
 * `data` ends where a segment ended, and begins where one began. `who` sends it, where that is
 * known. With `trial` it begins with what RESYNC_PERHAPS was said of. The work is linear in `len`.
 */
enum resync_result resync(const uint8_t *data, size_t len, enum sender sender, bool trial,
                          size_t *at);

#endif
