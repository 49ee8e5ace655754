/*
 * last_frames: the headers of the last frames that a connection sent, logged when it violates the
 * protocol.
 *
 * Kept only while the log takes debug lines: a frame event for every header costs time, and the
 * offending header is logged anyway. No payload is ever kept.
 */
#ifndef CMD_WSSERVE_OBSERVE_LAST_FRAMES_H
#define CMD_WSSERVE_OBSERVE_LAST_FRAMES_H

#include "cmd/common/log.h"
#include <ws/frame.h>

struct last_frames;

enum { LAST_FRAMES = 8 };

/* Remembers a header; `*frames` is made with the first. Without memory nothing is remembered. */
void last_frames_note(struct last_frames **frames, const struct ws_frame *frame);

/* A debug line for each, the oldest first. NULL is allowed. */
void last_frames_log(const struct last_frames *frames, const struct log *log, uint64_t conn);

/* The fields that a line on a header has: writes up to LAST_FRAMES_FIELDS of them and returns how
 * many, which depends on how much of it is known. */
enum { LAST_FRAMES_FIELDS = 5 };
size_t last_frames_fields(const struct ws_frame *frame,
                          struct log_field fields[LAST_FRAMES_FIELDS]);

#endif
