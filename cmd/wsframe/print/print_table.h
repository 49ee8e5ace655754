/*
 * print_table: a row a connection, at its end (--output=table). Called by print.
 */
#ifndef CMD_WSFRAME_PRINT_PRINT_TABLE_H
#define CMD_WSFRAME_PRINT_PRINT_TABLE_H

#include "cmd/wsframe/print/printer.h"

/* Prints the row of a DECODE_END event, before the first one the names of the columns. Other events
 * print nothing. */
void print_table(struct printer *printer, const struct decode_event *event);

#endif
