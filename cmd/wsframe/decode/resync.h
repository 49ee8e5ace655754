/*
 * resync: finds the beginning of a frame in a capture that began in the middle or has gaps.
 *
 * A header alone proves little: one of forty pairs of random bytes could be one. What counts is
 * evidence, in bits: each further frame of a chain, text that is text, a frame that ends where a
 * segment does. Continuations without FIN are none: numbers of other protocols look like them. A
 * chain is believed from so much evidence on that random bytes have it once in millions of
 * connections; less is enough where the other direction has evidence too, or a handshake was seen.
 * Used by decode; no state.
 */
#ifndef CMD_WSFRAME_DECODE_RESYNC_H
#define CMD_WSFRAME_DECODE_RESYNC_H

#include "cmd/wsframe/decode/event.h"

struct resync_input {
    const uint8_t *data; /* begins and ends where segments do */
    size_t len;
    enum sender sender;       /* SENDER_UNKNOWN if not known */
    const uint32_t *segments; /* offsets in `data` where segments begin, ascending */
    unsigned segment_count;
    unsigned passed;         /* segments before these that began no frame */
    bool known;              /* this is a WebSocket: only the place is unknown */
    unsigned other_evidence; /* of the other direction */
    bool final;              /* no more bytes follow */
};

struct resync_result {
    bool found;        /* a frame begins after the bytes to drop */
    size_t drop;       /* bytes that begin no frame; the others must be given again, with more */
    unsigned evidence; /* of the best chain */
};

/* The time is linear in `len` but for chains, whose length is limited. */
struct resync_result resync(const struct resync_input *input);

#endif
