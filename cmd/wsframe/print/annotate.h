/*
 * annotate: the output of --bytes: every byte of a frame with its meaning. Called by print_text
 * only.
 */
#ifndef CMD_WSFRAME_PRINT_ANNOTATE_H
#define CMD_WSFRAME_PRINT_ANNOTATE_H

#include "cmd/wsframe/decode/event.h"

/* Prints the bytes of a frame's event with labels. */
void annotate(const struct decode_event *event);

#endif
