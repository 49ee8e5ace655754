/*
 * print_json: prints decoded frames for programs: a document per input (docs/wsframe.schema.json),
 * or the toolkit's records (docs/record.schema.json), a line a message. Called by print only.
 *
 * Records are from the client's point of view: the client's messages are "out". Input without times
 * gets the time 0, 1970.
 */
#ifndef CMD_WSFRAME_PRINT_PRINT_JSON_H
#define CMD_WSFRAME_PRINT_PRINT_JSON_H

#include "cmd/wsframe/print/printer.h"

/* Write the document's beginning and end. */
void print_json_begin(struct printer *printer);
void print_json_end(struct printer *printer);

/* Print an event. One that is not wanted is left out unless it has findings. */
void print_json(struct printer *printer, const struct decode_event *event, bool wanted);
void print_jsonl(struct printer *printer, const struct decode_event *event, bool wanted);

#endif
