/*
 * print_json: decoded frames for programs: a document an input (docs/wsframe.schema.json), or the
 * toolkit's records (docs/record.schema.json), a line a message. Called by print alone.
 *
 * A record is written as the client would have written it: what the client sent is "out". Input
 * that says no time gets that of 1970.
 */
#ifndef CMD_WSFRAME_PRINT_PRINT_JSON_H
#define CMD_WSFRAME_PRINT_PRINT_JSON_H

#include "cmd/wsframe/print/printer.h"

/* The document's beginning and end, around its events. */
void print_json_begin(struct printer *printer);
void print_json_end(struct printer *printer);

/* Each: an event that is not wanted is left out, unless something is wrong with it. */
void print_json(struct printer *printer, const struct decode_event *event, bool wanted);
void print_jsonl(struct printer *printer, const struct decode_event *event, bool wanted);

#endif
