/*
 * random: unguessable bytes from libcrypto, drawn in blocks (RFC 6455 section 10.3).
 *
 * A masking key is 4 bytes, and a call of RAND_bytes for each would cost more than the frame. One
 * thread's; each loop has one (ws_loop_random).
 */
#ifndef LIBWS_IO_RANDOM_H
#define LIBWS_IO_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is ready. Bytes are wiped from the block once used. */
struct ws_random {
    uint32_t unused;     /* bytes at the beginning of the block that were not used yet */
    uint8_t block[8192]; /* libcrypto takes a microsecond for any number of them */
};

/* Fills `bytes`; false when libcrypto fails: nothing may be sent then. `context`
 * is a struct ws_random: the form that ws_session_config.random wants. */
bool ws_random_bytes(void *context, void *bytes, size_t size);

#endif
