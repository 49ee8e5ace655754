/*
 * option_value: from the text of an option's argument to the field that it sets.
 *
 * The inner half of options.c, which alone calls it.
 */
#ifndef CMD_COMMON_OPTION_VALUE_H
#define CMD_COMMON_OPTION_VALUE_H

#include "cmd/common/option_row.h"

/* Checks `value` and stores it; NULL where the option takes none or was given none. It is borrowed,
 * except for secrets. False after a fault, which was told. Not for HELP, VERSION and PRINT. */
bool options_apply(struct options *options, const struct option_found *found, const char *value);

/* Keeps `text`, from malloc, until options_free, which wipes it. NULL, as from a strdup that
 * failed, is told as no memory. False without memory; `text` is gone then. */
bool options_own(struct options *options, char *text);

#endif
