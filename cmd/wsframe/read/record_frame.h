/*
 * record_frame: the frame that a JSON Lines record stands for.
 *
 * Called by read_messages, which decodes such frames, and by encode, which prints them; no state.
 */
#ifndef CMD_WSFRAME_READ_RECORD_FRAME_H
#define CMD_WSFRAME_READ_RECORD_FRAME_H

#include "cmd/common/record/record_read.h"
#include "cmd/wsframe/read/bytes.h"

/* Sets the opcode and appends the payload, which is a close frame's code and reason too. False for
 * a record that stands for no frame: open, error, and a close without a close frame. */
bool record_frame(const struct record_in *in, unsigned *opcode, struct ws_bytes **payload);

#endif
