/*
 * option_value: parses an option's argument and stores it in its field.
 *
 * Internal to options.c.
 */
#ifndef CMD_COMMON_OPTIONS_OPTION_VALUE_H
#define CMD_COMMON_OPTIONS_OPTION_VALUE_H

#include "cmd/common/options/option_row.h"

/* Checks `value` and stores it; NULL if the option has no argument. It is borrowed, except for
 * secrets. False after an error message. Not for HELP, VERSION and PRINT. */
bool options_apply(struct options *options, const struct option_found *found, const char *value);

/* Sets a FLAG to false, as --flag=false does; it counts as given. */
void options_clear(struct options *options, const struct option_found *found);

/* Takes ownership of `text` (from malloc) until options_free(), which wipes it. False, after a
 * message, when memory runs out, and for NULL from a failed strdup(); `text` is freed then. */
bool options_own(struct options *options, char *text);

#endif
