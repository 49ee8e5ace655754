/*
 * dump_label: removes what stands before the offsets of a dump: the label of a first line, the
 * times and tags of a log, marks of quoting.
 *
 * Called by plain_text; no state.
 */
#ifndef CMD_WSFRAME_TEXT_DUMP_LABEL_H
#define CMD_WSFRAME_TEXT_DUMP_LABEL_H

#include "cmd/wsframe/read/bytes.h"

/* Removes the labels, where a dump that has some begins at offset 0. */
void dump_label_remove(struct ws_bytes **text);

#endif
