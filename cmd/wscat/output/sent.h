/*
 * sent: sees what leaves on the connection, pings, pongs and closes of the library's included.
 *
 * An output filter that reads our own output as the peer does: the head of the request for -v, then
 * frames and messages for --jsonl and -vv. Without these it is not used, and costs nothing. In
 * listen mode there is one for each client.
 */
#ifndef CMD_WSCAT_OUTPUT_SENT_H
#define CMD_WSCAT_OUTPUT_SENT_H

#include "cmd/common/record/sent_reader.h"
#include "cmd/wscat/output/show.h"
#include <ws/conn.h>

struct sent {
    struct ws_output_filter filter; /* first */
    struct show *show;
    bool head_seen; /* the request, or in listen mode the answer */
    bool upgraded;
    int64_t opened_us; /* monotonic; 0: not yet */
    unsigned closing;  /* as show's */
    struct sent_reader reader;
};

/* Is it shown at all? */
bool sent_wanted(const struct settings *settings);

/* `sent->filter` goes into the config of the connection. */
void sent_init(struct sent *sent, struct show *show);

/* The upgrade is done: frames follow. `conn` says what was agreed on. Sets the beginning of the
 * clock of what is shown. */
void sent_opened(struct sent *sent, const struct ws_conn *conn);

/* The connection has ended; another may follow. */
void sent_ended(struct sent *sent);

/* In listen mode each connection's user pointer is one of these, or NULL, and this is the filter in
 * their config. The record that show gets names the connection. */
struct sent *sent_new(struct show *show);

/* What `show` shows next is about this client: its number, the clock since it opened, and whether
 * we close it. */
void sent_about(struct show *show, const struct ws_conn *conn);
extern const struct ws_output_filter sent_to_clients;

/* NULL is allowed. */
void sent_free(struct sent *sent);

#endif
