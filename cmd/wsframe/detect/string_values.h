/*
 * string_values: takes frames out of strings with escapes that are values among others, as of a log
 * in JSON: {"level": "debug", "msg": "recv \\x81\\x05Hello"}.
 *
 * Called by excerpt; no state.
 */
#ifndef CMD_WSFRAME_DETECT_STRING_VALUES_H
#define CMD_WSFRAME_DETECT_STRING_VALUES_H

#include "cmd/wsframe/read/bytes.h"
#include "cmd/wsframe/read/form.h"

/* Appends the bytes of the strings that are whole frames, and of what else has escapes and stands
 * after the same name as the first of them: a part of a message is not left out. Returns FORM_RAW;
 * FORM_UNKNOWN: no string is a frame. */
enum form string_values_find(const uint8_t *text, size_t len, struct ws_bytes **out);

#endif
