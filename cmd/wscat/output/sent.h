/*
 * sent: sees what leaves on the connection, pings, pongs and closes of the library's included.
 *
 * An output filter that reads our own output as the server does: the head of the request for -v,
 * then frames and messages for --jsonl and -vv. Without these it is not used, and costs nothing.
 */
#ifndef CMD_WSCAT_OUTPUT_SENT_H
#define CMD_WSCAT_OUTPUT_SENT_H

#include "cmd/common/sent_reader.h"
#include "cmd/wscat/output/show.h"
#include <ws/conn.h>

struct sent {
    struct ws_output_filter filter; /* first */
    struct show *show;
    bool frames; /* show them, and not the request alone */
    bool upgraded;
    struct sent_reader reader;
};

/* `sent->filter` goes into the config of the connection. */
void sent_init(struct sent *sent, struct show *show);

/* The upgrade is done: frames follow. `conn` says what was agreed on. */
void sent_opened(struct sent *sent, const struct ws_conn *conn);

/* The connection has ended; another may follow. */
void sent_ended(struct sent *sent);

#endif
