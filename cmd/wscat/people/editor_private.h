/*
 * editor_private: what the two files of the editor share: editor.c has the line, the screen and the
 * terminal, editor_keys.c what each key does.
 */
#ifndef CMD_WSCAT_PEOPLE_EDITOR_PRIVATE_H
#define CMD_WSCAT_PEOPLE_EDITOR_PRIVATE_H

#include "cmd/wscat/people/editor.h"
#include "cmd/wscat/people/search.h"
#include "libws/proto/bytes.h"

#include <histedit.h>

struct editor {
    struct editor_options options;
    struct ws_watch watch;
    struct ws_deferred task; /* shows the line again, and takes keys that waited */
    struct ws_timer away;    /* while another job of the shell has the terminal */
    struct ws_timer late;    /* the rest of a key's sequence has not come */
    EditLine *el;
    History *history;
    struct search search;
    struct ws_bytes *keys; /* that were read and not looked at */
    const char *key;       /* what libedit reads next */
    size_t key_len;
    bool running; /* between editor_start() and editor_stop() */
    bool armed;   /* a line is being edited: the terminal is in raw mode */
    bool hidden;  /* and is not on the screen */
    bool entered; /* Enter was pressed */
    bool ended;   /* Ctrl-D was */
    bool quoting; /* Ctrl-V was: the next key is text */
    bool warned;  /* that something typed is not UTF-8 */
    bool (*pending)(void *context);
    void *pending_context;
};

/* editor.c */

/* Enter was pressed: hands the line over, and begins another. */
void editor_take_line(struct editor *editor);
/* Nothing more is read. */
void editor_end_input(struct editor *editor);

/* editor_keys.c */

/* Tells libedit which keys there are, and where to get them from. */
void editor_bind_keys(struct editor *editor);
/* Reads what is there. False at the end of input. */
bool editor_read_keys(struct editor *editor);
/* What was read has its effect, up to a key whose rest has not come. `late`: it will not. */
void editor_take_keys(struct editor *editor, bool late);

#endif
