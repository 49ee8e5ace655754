/*
 * out: collects what is to be sent until the caller sends it.
 *
 * A session owns no output; it writes into a `ws_out` of the caller's: a list of spans in sending
 * order, some borrowed (they point into the caller's memory, until the flush), some owned, some
 * shared between many connections; headers and small copies are in the `ws_out` itself. Spans that
 * are neighbours in memory become one, so replies written over the input that they answer leave as
 * a single send. One `ws_out` serves any number of sessions, one after the other; once it has
 * grown, nothing is allocated.
 *
 * Written by session and handshake, sent by conn or by the caller. One thread's at a time.
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
    WS_SPAN_SCRATCH,  /* in the ws_out's own memory, which may move: see ws_out_span_data() */
    WS_SPAN_BORROWED, /* the caller's, valid until the flush */
    WS_SPAN_OWNED,    /* from malloc, freed by the flush */
    WS_SPAN_SHARED,   /* holds a reference to a ws_shared */
};

struct ws_span {
    enum ws_span_kind kind;
    size_t len;
    union {
        const uint8_t *data; /* all others: the first byte to send */
        size_t offset;       /* WS_SPAN_SCRATCH */
    };
    void *owner; /* owned: what to free; shared: the struct ws_shared */
};

/* All zero is empty. Callers may read `count`, `bytes`, `in_place` and, of the first `count` spans,
 * `len`; the bytes come from ws_out_span_data(). The rest is private. */
struct ws_out {
    struct ws_span *spans;
    size_t count;
    size_t capacity;
    struct ws_bytes *scratch; /* memory that the spans of kind WS_SPAN_SCRATCH are in */
    size_t bytes;             /* to be sent, all spans together */
    size_t in_place;          /* of them, those written over the input that they answer */
};

/* Frees everything that `out` holds, sent or not, and leaves it empty. */
void ws_out_free(struct ws_out *out);

/* Removes all spans: frees what is owned, releases what is shared. Memory is kept for the next use,
 * up to a bound. To be called once the bytes were sent or copied. */
void ws_out_clear(struct ws_out *out);

/* Makes sure that the next two additions, `len` bytes of scratch in all, cannot fail: for callers
 * that must write all or nothing. False without memory. */
bool ws_out_prepare(struct ws_out *out, size_t len);

/* Adds `len` bytes of scratch memory, which the caller writes before the next call. NULL without
 * memory, with `out` as it was. */
uint8_t *ws_out_reserve(struct ws_out *out, size_t len);

/* Removes the last `len` bytes of what ws_out_reserve() returned last. */
void ws_out_trim(struct ws_out *out, size_t len);

/* Each of these adds `len` bytes at the end and returns WS_OK, or WS_E_NO_MEMORY with `out` as it
 * was. */

enum ws_error ws_out_copy(struct ws_out *out, const void *data, size_t len);
enum ws_error ws_out_borrow(struct ws_out *out, const void *data, size_t len);
/* As ws_out_borrow, for bytes written over the input that they answer: counted in `in_place`. */
enum ws_error ws_out_in_place(struct ws_out *out, const void *data, size_t len);
/* `data` lies in `memory`, which came from malloc and is freed by the flush. On failure `memory`
 * remains the caller's. */
enum ws_error ws_out_own(struct ws_out *out, void *memory, const void *data, size_t len);
/* `len` bytes of `shared` from `offset`; takes a reference. Consecutive parts become one span. */
enum ws_error ws_out_share(struct ws_out *out, struct ws_shared *shared, size_t offset, size_t len);

/* The first byte of span `index`, valid until something is added or cleared. */
const uint8_t *ws_out_span_data(const struct ws_out *out, size_t index);

#ifdef __cplusplus
}
#endif

#endif
