/*
 * suggest: finds the existing name most similar to a misspelt one.
 *
 * For messages about unknown options, choices and subcommands. Any tool may call it; no state.
 */
#ifndef CMD_COMMON_OPTIONS_SUGGEST_H
#define CMD_COMMON_OPTIONS_SUGGEST_H

#include <stddef.h>

/* The search for the name nearest to `wanted`. Begin with suggest_begin. */
struct suggest {
    const char *wanted;
    const char *best; /* NULL while no name is similar enough */
    unsigned distance;
};

void suggest_begin(struct suggest *search, const char *wanted);

/* Considers one name. It is borrowed while `search->best` is used. */
void suggest_offer(struct suggest *search, const char *name);

/* The edit distance of two words: an inserted, missing or replaced letter and a swap of two
 * neighbours count one each. UINT_MAX for words of more than 63 bytes. */
unsigned suggest_distance(const char *a, const char *b);

/*
 * What the option `name` of another program (curl, websocat, websocketd, wrk and others) is called
 * here: the candidates by `index` from 0, since not every tool has each of them. NULL after the
 * last.
 */
const char *suggest_foreign(const char *name, size_t index);

enum { SUGGEST_URL_MAX = 400 };

/* What was meant by a URL that is none: " (did you mean 'ws://host'?)", written to `text`, or "".
 */
const char *suggest_url(const char *url, char text[SUGGEST_URL_MAX]);

#endif
