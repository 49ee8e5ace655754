/*
 * editor: the line that a person types at a terminal, with libedit (editline(3)).
 *
 * Editing, history, completion of the commands of --slash. What is pasted (bracketed paste) is
 * inserted whole, line ends included, and sent as one message. Messages that arrive do not garble
 * the line: it is hidden before something is printed, and shown again after that.
 *
 * One at a time, since a process has one terminal. Used by input.c.
 */
#ifndef CMD_WSCAT_PEOPLE_EDITOR_H
#define CMD_WSCAT_PEOPLE_EDITOR_H

#include <ws/loop.h>

#include <stdbool.h>
#include <stddef.h>

struct editor;

struct editor_options {
    struct ws_loop *loop;
    const char *history; /* the file of --history; NULL: none */
    bool slash;          /* complete the commands of --slash */
    void *context;
    /* A line was entered, or a paste with several; it may be overwritten. */
    void (*line)(void *context, char *text, size_t len);
    /* Ctrl-D on an empty line, or the terminal is gone. */
    void (*end)(void *context);
};

/* True if standard input and output are terminals that can be edited on. */
bool editor_possible(void);

/* Nothing is shown or read before editor_start(). NULL when the terminal cannot be used. */
struct editor *editor_new(const struct editor_options *options);

/* Shows the prompt and reads; hides it and reads no more. Both may be called at any time. */
void editor_start(struct editor *editor);
void editor_stop(struct editor *editor);

/* Takes the line off the screen, so that something can be printed. It comes back at the end of the
 * loop's batch, or with editor_show(). */
void editor_hide(void *editor);

/* Is there something to print still? Then the line comes back only with editor_show(). NULL: there
 * never is. */
void editor_set_pending(struct editor *editor, bool (*pending)(void *context), void *context);
void editor_show(struct editor *editor);

/* The size of the terminal has changed. NULL is allowed, as below. */
void editor_resize(struct editor *editor);

/* Gives the terminal to the shell, and takes it again after the shell has used it: the line is
 * shown once more where the cursor is then. */
void editor_leave_terminal(struct editor *editor);
void editor_take_terminal(struct editor *editor);

/* Restores the terminal and saves the history; the memory goes at the end of the loop's batch. NULL
 * is allowed. */
void editor_free(struct editor *editor);

#endif
