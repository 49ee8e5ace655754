/*
 * own: the messages that the user gives in place of those that payload.c makes, what is sent first
 * on each connection, and templates in the URL and in headers.
 *
 * Read once from the command line; the workers share it and change nothing.
 */
#ifndef CMD_WSBENCH_PAYLOAD_OWN_H
#define CMD_WSBENCH_PAYLOAD_OWN_H

#include "cmd/common/options/target.h"
#include "cmd/wsbench/payload/match.h"
#include "cmd/wsbench/payload/replay.h"
#include "cmd/wsbench/payload/template.h"

/* The options as typed. */
struct own_options {
    struct option_list messages;
    const char *message_file, *replay_file, *match;
    const char *first_message, *first_expect;
};

/* All zero: there are none. */
struct own {
    struct template *messages; /* sent in turn; owned */
    size_t message_count;
    struct replay replay;
    struct template first;
    bool has_first;
    struct template target;   /* of the URL */
    struct template *headers; /* the values of target's headers; owned, NULL: none varies */
    size_t header_count;
};

/* Reads the options. `text`: the messages are text, and must be UTF-8. False after writing why to
 * `problem`; where a file cannot be read it is printed, and `problem` is "". Free it with
 * own_free() in either case. */
bool own_read(struct own *own, const struct own_options *options, const struct target *target,
              bool text, char *problem, size_t size);
void own_free(struct own *own);

/* Are there messages of the user's own, or a recording? */
bool own_any(const struct own *own);

/* What a connection is opened with where the URL or a header varies. */
struct own_request {
    char *target;              /* NULL: the URL's; owned */
    struct ws_header *headers; /* NULL: the target's; owned, and so are the values */
    size_t header_count;
};

/* Sets it for connection `conn`. False without memory. Free it with own_request_free(). */
bool own_request(const struct own *own, const struct target *target, uint64_t conn,
                 uint64_t *random, struct own_request *request);
void own_request_free(struct own_request *request);

#endif
