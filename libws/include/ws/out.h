/*
 * out: where what is to be sent is gathered until the caller sends it.
 *
 * A session owns no output; it writes into a `ws_out` of the caller's: a list of spans in sending
 * order, some of them borrowed (they point into memory of somebody else's, until the flush), some
 * owned, some shared between many connections, and the rest headers and small copies in the
 * `ws_out` itself. Neighbours in memory become one span, so a row of replies written over the input
 * that they answer leaves as a single send. One `ws_out` serves any number of sessions, one after
 * the other; once it has grown, nothing is allocated.
 *
 * Used by session and handshake; sent by net/conn or by whoever drives a session alone.
 */
#ifndef WS_OUT_H
#define WS_OUT_H

#include <ws/error.h>
#include <ws/shared.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ws_span_kind {
    WS_SPAN_SCRATCH,  /* lies in the ws_out's own memory, which may move: see ws_out_span_data() */
    WS_SPAN_BORROWED, /* somebody else's, valid until the flush */
    WS_SPAN_OWNED,    /* from malloc, freed by the flush */
    WS_SPAN_SHARED,   /* one reference to a ws_shared is held */
};

struct ws_span {
    enum ws_span_kind kind;
    size_t len;
    union {
        const uint8_t *data; /* borrowed and owned: the first byte to send */
        size_t offset;       /* scratch */
    };
    void *owner; /* owned: what to free; shared: the struct ws_shared */
};

/* All zero is empty. Private to out.c but for reading `count`, `bytes`, `in_place` and, of the
 * first `count` spans, `len`: their bytes come from ws_out_span_data(). */
struct ws_out {
    struct ws_span *spans;
    size_t count;
    size_t capacity;
    uint8_t *scratch;
    size_t scratch_len;
    size_t scratch_capacity;
    size_t bytes;    /* to be sent, all spans together */
    size_t in_place; /* of them, those written over the input that they answer */
};

/* Frees everything that `out` holds, unsent or not, and leaves it empty. */
void ws_out_free(struct ws_out *out);

/* Forgets all spans: what was owned is freed, what was shared loses a reference. Memory is kept for
 * the next use, up to a bound. To be called once the bytes were sent or copied. */
void ws_out_clear(struct ws_out *out);

/* Makes sure that the next two additions, `len` bytes of scratch in all, cannot fail: for those who
 * must write all or nothing. False without memory. */
bool ws_out_prepare(struct ws_out *out, size_t len);

/* Bytes `len` at the end of the scratch memory, to be written before the next call; they belong to
 * the output at once. NULL without memory. */
uint8_t *ws_out_reserve(struct ws_out *out, size_t len);

/* Takes the last `len` bytes back that ws_out_reserve() handed out last. */
void ws_out_trim(struct ws_out *out, size_t len);

/* Each adds to the end and returns WS_OK, or WS_E_NO_MEMORY with `out` as it was. */
enum ws_error ws_out_copy(struct ws_out *out, const void *data, size_t len);
enum ws_error ws_out_borrow(struct ws_out *out, const void *data, size_t len);
/* Over the input that it answers; as ws_out_borrow, and counted in `in_place`. */
enum ws_error ws_out_in_place(struct ws_out *out, const void *data, size_t len);
/* `data` lies in `memory`, which came from malloc and is freed by the flush. On failure it stays
 * the caller's. */
enum ws_error ws_out_own(struct ws_out *out, void *memory, const void *data, size_t len);
/* Of `shared`, `len` bytes from `offset`; takes a reference of its own. What follows what was there
 * last makes one span with it. */
enum ws_error ws_out_share(struct ws_out *out, struct ws_shared *shared, size_t offset, size_t len);

/* The first byte of span `index`, valid until something is added or cleared. */
const uint8_t *ws_out_span_data(const struct ws_out *out, size_t index);

#ifdef __cplusplus
}
#endif

#endif
