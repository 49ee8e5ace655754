/*
 * print_text: prints decoded frames as lines for people. Called by print only.
 *
 *     0x0000  > text          FIN        5 bytes  key 37fa213d  "Hello"
 *
 * A frame is a line: offset, sender (">" client, "<" server), opcode, flags, length, masking key
 * and the beginning of the payload. Its findings follow below.
 */
#ifndef CMD_WSFRAME_PRINT_PRINT_TEXT_H
#define CMD_WSFRAME_PRINT_PRINT_TEXT_H

#include "cmd/wsframe/print/printer.h"

/* Prints an event; only its findings if it is not wanted. */
void print_text(struct printer *printer, const struct decode_event *event, bool wanted);

/* The bytes that it shows of a binary payload at most; 0: all. */
size_t print_text_binary_shown(const struct settings *settings);

#endif
