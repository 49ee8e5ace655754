/*
 * support_net: shared by the unit tests of libws above io.
 *
 * Running a loop until a condition holds, a growing buffer, a record of a handler's events, and a
 * peer: a session driven by hand over a descriptor that is not on the loop.
 */
#ifndef TESTS_UNIT_SUPPORT_NET_H
#define TESTS_UNIT_SUPPORT_NET_H

#include "libws/io/random.h"
#include <ws/conn.h>
#include <ws/loop.h>
#include <ws/session.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs `loop` until `condition` holds; fails the test after a minute. */
#define TURN_UNTIL(loop, condition)                                                                \
    do {                                                                                           \
        int64_t give_up_ = ws_clock_us() + 60 * 1000000;                                           \
        while (!(condition)) {                                                                     \
            if (ws_clock_us() > give_up_)                                                          \
                fail_msg("%s:%d: never came true: %s", __FILE__, __LINE__, #condition);            \
            ws_loop_turn(loop, 5);                                                                 \
        }                                                                                          \
    } while (0)

struct grown {
    uint8_t *data;
    size_t len, capacity;
};

void grown_add(struct grown *grown, const void *data, size_t len);
void grown_consume(struct grown *grown, size_t len);
void grown_free(struct grown *grown);

/* The events of one end. */
struct record {
    struct grown data; /* the payloads of all messages and chunks, one after the other */
    unsigned opens, messages, chunks, pings, pongs, closes, errors, drained, ends;
    uint16_t code; /* of the close event */
    enum ws_error error;
    struct ws_end end;
    uint8_t pong[WS_CONTROL_PAYLOAD_MAX + 1]; /* the last one, and its length */
    size_t pong_len;
};

void record_event(struct record *record, const struct ws_event *event);
void record_free(struct record *record);

/* The other end of a descriptor, non-blocking, and a session that answers as the RFC prescribes. */
struct peer {
    int fd;
    struct ws_session_config config;
    struct ws_session session;
    struct ws_random random;
    struct ws_deflate_pool deflate; /* for tests that set config.deflate */
    struct ws_out out;
    struct grown pending; /* bytes that the kernel did not take yet */
    struct record record;
    bool eof; /* the stream ended, or was reset */
    bool echo;
    unsigned receives; /* receives that returned bytes */
    size_t received;
    uint8_t *buffer;
};

void far_init(struct peer *end, int fd, enum ws_role role);
/* Sends the upgrade request. */
void far_connect(struct peer *end);
void far_send(struct peer *end, unsigned opcode, unsigned flags, const void *data, size_t len);
void far_close(struct peer *end, unsigned code);
/* Sends bytes without the session. */
void far_raw(struct peer *end, const void *data, size_t len);
/* Writes as much as the kernel takes. */
void far_flush(struct peer *end);
/* Receives once if there is data, answers, and writes. True when bytes were received. */
bool far_pump(struct peer *end);
void far_free(struct peer *end);

/* Runs the loop and pumps the peer alternately until the condition holds. */
#define PUMP_UNTIL(loop, end, condition)                                                           \
    do {                                                                                           \
        int64_t give_up_ = ws_clock_us() + 60 * 1000000;                                           \
        while (!(condition)) {                                                                     \
            if (ws_clock_us() > give_up_)                                                          \
                fail_msg("%s:%d: never came true: %s", __FILE__, __LINE__, #condition);            \
            bool moved_ = far_pump(end);                                                           \
            ws_loop_turn(loop, moved_ ? 0 : 1);                                                    \
        }                                                                                          \
    } while (0)

/* Two connected stream sockets, non-blocking. */
void socket_pair(int fds[2]);
/* Makes the kernel's buffers as small as the system allows. */
void shrink_buffers(int fd);
/* The number of open descriptors of this process. */
unsigned open_descriptors(void);
/* Fills with pseudo-random bytes: the same ones for the same seed. */
void fill(uint8_t *data, size_t len, uint32_t seed);

#endif
