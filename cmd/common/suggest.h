/*
 * suggest: which of the names that exist did somebody mean?
 *
 * For messages about unknown options, choices and subcommands. Any tool may call it; no state.
 */
#ifndef CMD_COMMON_SUGGEST_H
#define CMD_COMMON_SUGGEST_H

#include <stddef.h>

/* The search for the name nearest to `wanted`. Begin with suggest_begin. */
struct suggest {
    const char *wanted;
    const char *best; /* NULL while nothing is near enough */
    unsigned distance;
};

void suggest_begin(struct suggest *search, const char *wanted);

/* Looks at one name. It is borrowed for as long as `search->best` is used. */
void suggest_offer(struct suggest *search, const char *name);

/* Typing errors between two words: letters inserted, left out, replaced, or two neighbours swapped
 * count one each. Words of more than 63 bytes are UINT_MAX apart. */
unsigned suggest_distance(const char *a, const char *b);

#endif
