/*
 * show: the sink of the decoder: picks out what was asked for and hands it to a printer.
 *
 * What is only bytes, such as payloads alone, is printed here. Called by inspect.
 */
#ifndef CMD_WSFRAME_PRINT_SHOW_H
#define CMD_WSFRAME_PRINT_SHOW_H

#include "cmd/wsframe/print/printer.h"

/* Both pointers must outlive the printer. */
void show_init(struct printer *printer, const struct settings *settings, struct decode *decode);
void show_free(struct printer *printer);

/* Around the events of one input. */
void show_begin(struct printer *printer, const char *input, enum form form);
void show_end(struct printer *printer);

/* The decoder's sink; `context` is the printer. */
void show_event(void *context, const struct decode_event *event);

#endif
