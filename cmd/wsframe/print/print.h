/*
 * print: the decoder's sink: selects the requested events and passes them to a printer.
 *
 * Raw bytes, such as those of --payload-only, are printed here. Called by inspect.
 */
#ifndef CMD_WSFRAME_PRINT_PRINT_H
#define CMD_WSFRAME_PRINT_PRINT_H

#include "cmd/wsframe/print/printer.h"

/* Both pointers must outlive the printer. */
void print_init(struct printer *printer, const struct settings *settings, struct decode *decode);
void print_free(struct printer *printer);

/* The opcodes of the frames whose payloads are printed, a bit each. */
unsigned print_payloads(const struct settings *settings);

/* The bytes of a binary payload that are printed at most; 0: all. */
size_t print_binary_shown(const struct settings *settings);

/* Call before and after the events of an input. */
void print_begin(struct printer *printer, const char *input, enum form form);
void print_end(struct printer *printer);

/* The decoder's sink; `context` is the printer. */
void print_event(void *context, const struct decode_event *event);

#endif
