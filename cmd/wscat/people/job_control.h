/*
 * job_control: the signals of a terminal and its shell: the size has changed, Ctrl-Z, fg, Ctrl-\.
 *
 * Used by the client and by listen mode, whose loops have these signals. No state.
 */
#ifndef CMD_WSCAT_PEOPLE_JOB_CONTROL_H
#define CMD_WSCAT_PEOPLE_JOB_CONTROL_H

#include "cmd/wscat/people/editor.h"

#include <signal.h>
#include <stdbool.h>

#define JOB_CONTROL_SIGNALS SIGWINCH, SIGTSTP, SIGCONT, SIGQUIT

/* True if `number` is one of them, after what it asks for: Ctrl-Z stops the process in this call,
 * and Ctrl-\ ends it. NULL: no one types. */
bool job_control(struct editor *editor, int number);

#endif
