/*
 * keys: the keys in what a terminal sends. Used by editor.c.
 *
 * A key is a character, a control character, one of the two with Alt (ESC before it), or a control
 * sequence (ECMA-48 section 5.4, and SS3 with one character after it).
 */
#ifndef CMD_WSCAT_PEOPLE_KEYS_H
#define CMD_WSCAT_PEOPLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_MOST = 72 }; /* bytes of a key */

enum key_kind {
    KEY_PARTIAL, /* its rest has not come yet */
    KEY_TEXT,
    KEY_CONTROL, /* below 0x20, or 0x7F; ESC is one when nothing follows */
    KEY_ALT,
    KEY_SEQUENCE,
    KEY_PASTE, /* the sequence that begins a bracketed paste */
    KEY_BAD,   /* bytes that are not UTF-8 */
};

struct key {
    enum key_kind kind;
    size_t len; /* bytes; of a partial one, all that is there */
    /* Of a sequence: what an editor with the keys of Emacs takes for the same; "": nothing. */
    const char *same_as;
};

/* The first key of `len` bytes, at least one. `late`: no more came for a while, so that ESC and the
 * beginning of a sequence are all that there is of it. A character's rest is always waited for. */
struct key key_next(const uint8_t *bytes, size_t len, bool late);

#endif
