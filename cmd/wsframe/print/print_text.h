/*
 * print_text: decoded frames as lines for people. Called by print alone.
 *
 *     0x0000  > text          FIN        5 bytes  key 37fa213d  "Hello"
 *
 * A line a frame: where it begins, who sent it (">" the client, "<" the server), opcode, flags,
 * length, masking key and the beginning of the payload; below it what is wrong with it.
 */
#ifndef CMD_WSFRAME_PRINT_PRINT_TEXT_H
#define CMD_WSFRAME_PRINT_PRINT_TEXT_H

#include "cmd/wsframe/print/printer.h"

/* Of an event that is not wanted only its faults are printed. */
void print_text(struct printer *printer, const struct decode_event *event, bool wanted);

#endif
