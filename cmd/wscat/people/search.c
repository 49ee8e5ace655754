#include "cmd/wscat/people/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CTRL_G = 0x07, CTRL_H = 0x08, CTRL_R = 0x12, ESC = 0x1B, DEL = 0x7F };

static void replace_line(EditLine *el, const char *text)
{
    const LineInfoW *line = el_wline(el);
    size_t len = (size_t)(line->lastchar - line->buffer);
    el_cursor(el, (int)(line->lastchar - line->cursor));
    el_deletestr(el, (int)len);
    el_insertstr(el, text);
}

/* The newest line with what is wanted, after `older` others that have it. The same line entered
 * again is one. */
static const char *find(const struct search *s)
{
    HistEvent event;
    const char *found = NULL;
    unsigned skip = s->older;
    for (int got = history(s->history, &event, H_FIRST); got >= 0;
         got = history(s->history, &event, H_NEXT)) {
        if (!strstr(event.str, s->wanted) || (found && strcmp(found, event.str) == 0))
            continue;
        found = event.str;
        if (skip-- == 0)
            return found;
    }
    return NULL;
}

/* The line as it was before. */
static void restore(struct search *s)
{
    const LineInfoW *line;
    replace_line(s->el, s->before);
    line = el_wline(s->el);
    el_cursor(s->el, s->cursor - (int)(line->cursor - line->buffer));
}

static void look(struct search *s)
{
    const char *found = s->wanted[0] ? find(s) : NULL;
    s->failing = s->wanted[0] && !found;
    if (found)
        replace_line(s->el, found);
    else if (s->failing)
        el_beep(s->el);
    else
        restore(s);
    snprintf(s->prompt, sizeof s->prompt, "%s `%s': ", s->failing ? "not found" : "search",
             s->wanted);
}

void search_begin(struct search *s)
{
    const LineInfo *line = el_line(s->el);
    const LineInfoW *wide = el_wline(s->el);
    s->cursor = (int)(wide->cursor - wide->buffer);
    s->before = strndup(line->buffer, (size_t)(line->lastchar - line->buffer));
    if (!s->before)
        return;
    s->active = true;
    s->older = 0;
    s->wanted[0] = '\0';
    look(s);
}

void search_leave(struct search *s)
{
    s->active = false;
    free(s->before);
    s->before = NULL;
}

static void look_for_older(struct search *s)
{
    if (!s->wanted[0])
        return;
    s->older++;
    look(s);
    if (s->failing)
        s->older--;
}

static void add(struct search *s, const uint8_t *bytes, size_t len)
{
    size_t there = strlen(s->wanted);
    if (there + len >= sizeof s->wanted) {
        el_beep(s->el);
        return;
    }
    memcpy(s->wanted + there, bytes, len);
    s->wanted[there + len] = '\0';
    look(s); /* the line that is shown may match this, too */
}

static void remove_last(struct search *s)
{
    size_t len = strlen(s->wanted);
    while (len > 0 && ((uint8_t)s->wanted[--len] & 0xC0) == 0x80)
        ;
    s->wanted[len] = '\0';
    s->older = 0;
    look(s);
}

bool search_take(struct search *s, const struct key *key, const uint8_t *bytes)
{
    uint8_t control = key->kind == KEY_CONTROL ? bytes[0] : 0;
    if (key->kind == KEY_TEXT) {
        add(s, bytes, key->len);
    } else if (control == CTRL_R) {
        look_for_older(s);
    } else if (control == CTRL_H || control == DEL) {
        remove_last(s);
    } else if (control == CTRL_G || control == ESC) {
        restore(s);
        search_leave(s);
    } else {
        search_leave(s);
        return false;
    }
    return true;
}
