/*
 * diagram: --diagram: the picture of RFC 6455 section 5.2, filled in. Called by print_text alone.
 */
#ifndef CMD_WSFRAME_PRINT_DIAGRAM_H
#define CMD_WSFRAME_PRINT_DIAGRAM_H

#include "cmd/wsframe/decode/event.h"

/* Draws a frame's event, four bytes a row; of a long payload only the beginning. */
void diagram(const struct decode_event *event);

#endif
