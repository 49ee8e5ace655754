/*
 * detect: detects the form of an input.
 *
 * A new form is a value of enum form with its row (form.c), a test in detect.c and a reader. Called
 * by inspect; no state.
 */
#ifndef CMD_WSFRAME_DETECT_DETECT_H
#define CMD_WSFRAME_DETECT_DETECT_H

#include "cmd/wsframe/read/detect_bytes.h"

/* The form of an input, of which text must be plain (plain_text.h). */
enum form detect(const uint8_t *data, size_t len);

#endif
