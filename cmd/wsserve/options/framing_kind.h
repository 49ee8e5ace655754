/*
 * framing_kind: the values of --framing; bridge/framing.h carries them out.
 */
#ifndef CMD_WSSERVE_OPTIONS_FRAMING_KIND_H
#define CMD_WSSERVE_OPTIONS_FRAMING_KIND_H

/* In the order of --framing's choices; the last has no name there. */
enum framing { FRAMING_LINES, FRAMING_NUL, FRAMING_LEN32, FRAMING_JSONL, FRAMING_CHUNKS };

#endif
