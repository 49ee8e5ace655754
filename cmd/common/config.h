/*
 * config: a file of options, one a line, in the words of the command line.
 *
 *     # who may come
 *     max-connections = 10k
 *     idle-timeout 5m
 *     compress
 *
 * A name is a long option's without its dashes; "=" may be left out, and so may the value where the
 * command line needs none. What stands behind it belongs to it, blanks inside included, those
 * around it not. Whoever has a --config calls it: at the start, and again to see what has changed.
 */
#ifndef CMD_COMMON_CONFIG_H
#define CMD_COMMON_CONFIG_H

#include "cmd/common/options.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_MAX = 1 << 20 }; /* bytes of a file */

/* What was read from a file; all zero is nothing. */
struct config {
    char *path;
    char *text; /* with NUL behind it, and none inside */
};

/* Reads the whole file. False with a line in `why`, cut to `size` bytes: it cannot be read, is
 * larger than CONFIG_MAX, or has a NUL inside. config_free() in either case. */
bool config_read(struct config *config, const char *path, char *why, size_t size);
void config_free(struct config *config);

enum config_part {
    CONFIG_WHOLE,
    CONFIG_RELOADABLE, /* the options that may change while the tool runs */
    CONFIG_FIXED,      /* and the others */
};

/*
 * Sets the options of `part` of the file, but for those that `over` (OPTIONS_MAX bytes, as in
 * struct options; or NULL) says were given already: a command line wins. False at the first fault
 * in that part, with options->status, after one line "FILE:LINE: …".
 */
bool config_apply(struct options *options, const struct config *config, enum config_part part,
                  const uint8_t *over);

#endif
