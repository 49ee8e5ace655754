/*
 * sent_reader: reads what a connection is about to send, as its peer will: for records and -vv.
 *
 * Replies, pings, pongs, closes and shared broadcasts are all in it. It works on a copy, since the
 * session that reads it writes over its input. Called by output filters of any tool, on the thread
 * of the connection's loop.
 */
#ifndef CMD_COMMON_RECORD_SENT_READER_H
#define CMD_COMMON_RECORD_SENT_READER_H

#include <ws/conn.h>
#include <ws/out.h>

struct sent_reader {
    struct ws_session_config config; /* of the next */
    struct ws_session session;       /* the peer's */
};

/* The connection is open: what follows the upgrade are frames. `frames`: their headers are events
 * too; `chunks`: messages come in pieces and are not assembled. Without memory, compressed messages
 * are not read. Does not move afterwards. */
void sent_reader_begin(struct sent_reader *reader, const struct ws_conn *conn, bool frames,
                       bool chunks);
void sent_reader_free(struct sent_reader *reader);

/* Reads `len` bytes of frames, over which it writes; calls `event` for each event but ERROR. */
void sent_reader_feed(struct sent_reader *reader, uint8_t *bytes, size_t len,
                      void (*event)(void *context, const struct ws_event *event), void *context);

/* A copy of all of `out`, from malloc. */
uint8_t *sent_reader_copy(const struct ws_out *out);

/* The length of the HTTP head that `data` begins with, or 0. */
size_t sent_reader_head(const uint8_t *data, size_t len);

#endif
