/*
 * config: a file of options, one a line, with the names of the command line.
 *
 *     # limits
 *     max-connections = 10k
 *     idle-timeout 5m
 *     compress
 *
 * A name is a long option's without its dashes; "=" is optional, and so is the value where the
 * command line needs none. The value is the rest of the line without the blanks around it. Tools
 * with --config call it at the start, and again to reload.
 */
#ifndef CMD_COMMON_OPTIONS_CONFIG_H
#define CMD_COMMON_OPTIONS_CONFIG_H

#include "cmd/common/options/options.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_MAX = 1 << 20 }; /* bytes of a file */

/* The content of a file; all zero is empty. */
struct config {
    char *path;
    char *text; /* NUL-terminated, with no NUL inside */
};

/* Reads the whole file; `again`: which has to be a regular one then. False if it cannot be read, is
 * larger than CONFIG_MAX, or contains a NUL: `why` gets the reason, one line of at most `size`
 * bytes. Free it with config_free() in either case. */
bool config_read(struct config *config, const char *path, bool again, char *why, size_t size);
void config_free(struct config *config);

enum config_part {
    CONFIG_WHOLE,
    CONFIG_RELOADABLE, /* the options that may change while the tool runs */
    CONFIG_FIXED,      /* the options that may not */
};

/* Checks the settings after a line: NULL, or one line on what is wrong with it, which lives until
 * the next call. */
typedef const char *config_check(void *context);

/*
 * Sets the options of `part` of the file, except those that `over` marks as given on the command
 * line, which takes precedence (OPTIONS_MAX bytes, as in struct options; or NULL). `check` is
 * called with `context` after each of them; NULL: it is not. Stops at the first error in that part:
 * false, with options->status, after one line "FILE:LINE: …".
 */
bool config_apply(struct options *options, const struct config *config, enum config_part part,
                  const uint8_t *over, config_check *check, void *context);

#endif
