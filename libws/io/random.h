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

/* All zero is ready. Bytes once given out are wiped from the block. */
struct ws_random {
    uint32_t left;
    uint8_t block[2048];
};

/* Fills `bytes`; false when libcrypto has none to give, and nothing is then to be sent. `context`
 * is a struct ws_random: the form that ws_session_config.random wants. */
bool ws_random_bytes(void *context, void *bytes, size_t size);

/* Below `limit`, which is not 0; for jitter, where a slight bias does not matter. 0 on failure. */
uint32_t ws_random_below(struct ws_random *random, uint32_t limit);

#endif
