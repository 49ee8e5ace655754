/*
 * annotate: --bytes: every byte of a frame with what it says. Called by print_text alone.
 */
#ifndef CMD_WSFRAME_PRINT_ANNOTATE_H
#define CMD_WSFRAME_PRINT_ANNOTATE_H

#include "cmd/wsframe/decode/event.h"

/* The bytes of a frame's event, each labelled. */
void annotate(const struct decode_event *event);

#endif
