/*
 * slash: the commands of --slash: lines that begin with a slash and are not sent as they are.
 *
 * Used by the client and by listen mode, which say through `slash_ops` what their connections are.
 * No state.
 */
#ifndef CMD_WSCAT_PEOPLE_SLASH_H
#define CMD_WSCAT_PEOPLE_SLASH_H

#include <stdbool.h>
#include <stddef.h>

/* What commands, and records of --input=jsonl, do; false is a failure that was reported. */
struct slash_ops {
    /* A message, with WS_SEND_MORE in `flags` a fragment of one. */
    bool (*send)(void *context, unsigned opcode, unsigned flags, void *data, size_t len);
    /* A ping or pong of at most WS_CONTROL_PAYLOAD_MAX bytes. */
    void (*control)(void *context, unsigned opcode, const void *data, size_t len);
    void (*close)(void *context, unsigned code, const char *reason);
    /* Bytes, as they are on the wire. */
    void (*raw)(void *context, const void *data, size_t len);
    /* Prints the head of the server's response; what was sent and received. */
    void (*headers)(void *context);
    void (*stats)(void *context);
};

/* Carries out a line that begins with one slash: true, after a message if something is wrong with
 * it. Any other is to be sent, and "//x" has become "/x" for that. `max` limits the bytes of a
 * file. */
bool slash_take(const struct slash_ops *ops, void *context, char **line, size_t *len, size_t max);

enum { SLASH_NAME_MAX = 16 }; /* bytes of a command's name, with its slash and a NUL */

/* What all commands that begin with these `len` bytes go on with. False: there is nothing. */
bool slash_complete(const char *begun, size_t len, char rest[SLASH_NAME_MAX]);

#endif
