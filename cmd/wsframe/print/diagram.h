/*
 * diagram: the output of --diagram: the diagram of RFC 6455 section 5.2, filled in. Called by
 * print_text only.
 */
#ifndef CMD_WSFRAME_PRINT_DIAGRAM_H
#define CMD_WSFRAME_PRINT_DIAGRAM_H

#include "cmd/wsframe/decode/event.h"

/* Draws a frame's event, four bytes a row, and only the beginning of a long payload. */
void diagram(const struct decode_event *event);

#endif
