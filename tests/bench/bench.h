/*
 * bench: shared by the reference servers of the benchmarks: listening, the accept key, reading a
 * frame's header without checks. They skip all checks on purpose, to measure the cost of the kernel
 * and the format only. Not for use.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

enum { BUFFER_SIZE = 512 * 1024, BUFFER_ROOM = 16 };

/* Returns a listening socket on 127.0.0.1, and prints its port as "listening PORT". */
int bench_listen(void);

/* Accepts a connection, non-blocking and with TCP_NODELAY; -1 when there is none. */
int bench_accept(int listener);

/* Accepts connections and reads from them for ever, with one recv a wake-up. Each has `size` bytes
 * of memory, zero but for the int that they begin with: its socket. `input` takes what was
 * received, before which BUFFER_ROOM bytes are free; 0 ends the connection. At its end `over`
 * closes the socket and frees what is to be freed. */
_Noreturn void bench_serve(size_t size, int (*input)(void *peer, uint8_t *data, size_t len),
                           void (*over)(void *peer));

/* Answers the upgrade request in `head`: writes the 101 into `answer`, returns its length; 0 when
 * there is no key in it. */
size_t bench_upgrade(const char *head, size_t len, char *answer, size_t size);

/* Parses a frame's header from `have` bytes. Returns its length, or 0 when it is incomplete. */
size_t bench_header(const uint8_t *p, size_t have, uint64_t *payload, int *fin,
                    const uint8_t **key);

/* Writes the header of an unmasked frame, returns its length. */
size_t bench_put_header(uint8_t *p, unsigned first_byte, uint64_t payload);

/* Sends all bytes, waiting if necessary. 0 when the peer is gone. */
int bench_send_all(int fd, const void *data, size_t len);

double bench_now(void);

_Noreturn void bench_die(const char *what);

#endif
