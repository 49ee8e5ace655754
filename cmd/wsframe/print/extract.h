/*
 * extract: writes each message to a file of its own (--extract). Called by print.
 */
#ifndef CMD_WSFRAME_PRINT_EXTRACT_H
#define CMD_WSFRAME_PRINT_EXTRACT_H

#include "cmd/wsframe/print/printer.h"

/* Writes the message to DIR/CONNECTION-NUMBER-SENDER.txt, or .bin; control frames are none. A file
 * that is there already, or that cannot be written, ends the tool. */
void extract(struct printer *printer, const struct decode_event *event);

#endif
