/*
 * encode: wsframe encode: frames made, legal ones and, where it is asked for, others.
 *
 * What is made is judged by the decoder before it is printed, so that both halves of wsframe agree
 * on what the RFC forbids.
 */
#ifndef CMD_WSFRAME_ENCODE_ENCODE_H
#define CMD_WSFRAME_ENCODE_ENCODE_H

#include "cmd/wsframe/options/settings.h"

/* Prints the frames; the exit code: 2 for what the RFC forbids, without --allow-invalid. */
int encode(const struct settings *settings);

#endif
