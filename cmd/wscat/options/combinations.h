/*
 * combinations: which options of wscat do not go together.
 *
 * An option without an effect is a mistake, which is better reported than ignored; so is a message
 * that could not be sent. One place for all of these rules; called by main.c.
 */
#ifndef CMD_WSCAT_OPTIONS_COMBINATIONS_H
#define CMD_WSCAT_OPTIONS_COMBINATIONS_H

#include "cmd/wscat/options/settings.h"

/* For settings that wscat_settings_read() has read. False after a message, with options->status
 * set. */
bool combinations_check(const struct settings *settings, struct options *options);

#endif
