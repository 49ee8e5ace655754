/*
 * search: Ctrl-R, the search for a line among those that were entered before. Used by editor.c.
 *
 * What is typed meanwhile is searched for, from the newest line to the oldest; Ctrl-R goes on to an
 * older one, ESC and Ctrl-G give up. Any other key takes the line that was found.
 */
#ifndef CMD_WSCAT_PEOPLE_SEARCH_H
#define CMD_WSCAT_PEOPLE_SEARCH_H

#include "cmd/wscat/people/keys.h"

#include <histedit.h>

enum { SEARCH_MOST = 128 }; /* bytes of what is searched for, and its end */

struct search {
    EditLine *el;
    History *history;
    bool active;
    bool failing;   /* the line is that of the last search that found one */
    unsigned older; /* lines that match and are newer than the one shown */
    char wanted[SEARCH_MOST];
    char *before; /* the line that was there when it began, and its cursor */
    int cursor;
    char prompt[SEARCH_MOST + 32];
};

/* The line and the prompt change: the line must be hidden around both. */
void search_begin(struct search *search);

/* True: the key was the search's. False: the search is over, and the key is another's. */
bool search_take(struct search *search, const struct key *key, const uint8_t *bytes);

/* Over, with the line as it is; also where none is active. */
void search_leave(struct search *search);

#endif
