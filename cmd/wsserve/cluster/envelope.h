/*
 * envelope: what wsserve puts into Redis for its other nodes: a message after a head of 32 bytes.
 *
 *     0   "WSC1"
 *     4   1: text, 2: binary
 *     5   three bytes, 0
 *     8   the node that sends it: a random number of its run
 *     16  its place among the node's messages to this group: see below
 *     24  when it was sent: microseconds since 1970
 *     32  the message
 *
 * Numbers are big-endian. The upper half of a place is the number of a series, the lower half
 * counts within it from 1: a node that forgets a group and comes back to it begins a series with a
 * higher number. Used by cluster. No state.
 */
#ifndef CMD_WSSERVE_CLUSTER_ENVELOPE_H
#define CMD_WSSERVE_CLUSTER_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENVELOPE_HEAD = 32 };

struct envelope {
    unsigned opcode; /* WS_OP_TEXT, WS_OP_BINARY */
    uint64_t node;
    uint64_t place; /* 0: of a group that the node does not count for */
    int64_t sent_us;
    const uint8_t *data;
    size_t len;
};

/* Writes the head. */
void envelope_write(const struct envelope *envelope, uint8_t head[ENVELOPE_HEAD]);

/* Reads `size` bytes, which `envelope->data` then borrows. False: no node wrote them, or text in it
 * is not UTF-8. */
bool envelope_read(const void *bytes, size_t size, struct envelope *envelope);

/*
 * How many messages are missing between `last`, the place of the last one that came, and `place`.
 * -1: `place` is not after `last`: it came already, or was counted as missing.
 */
int64_t envelope_missing(uint64_t last, uint64_t place);

#endif
