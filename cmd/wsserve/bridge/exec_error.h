/*
 * exec_error: why a program cannot be executed, where the system's word for it is misleading.
 *
 * Scripts without "#!", with an interpreter that is missing, or with lines that end in CR LF: all
 * of them are "No such file" or "Exec format error" to execve(2). Any thread.
 */
#ifndef CMD_WSSERVE_BRIDGE_EXEC_ERROR_H
#define CMD_WSSERVE_BRIDGE_EXEC_ERROR_H

#include <stddef.h>

/* "cannot run FILE: …" of the errno `why`, at most `size` bytes with the NUL; returns `text`. */
const char *exec_error_explain(const char *file, int why, char *text, size_t size);

enum { EXEC_ERROR_HINT = 400 };

/* What a user may have meant by a COMMAND that was not found, errno `why`: a port, an address, a
 * URL, a directory, or a file of the current folder. " (of this folder it is ./count.sh)", or "".
 * Returns `text`, cut to `size` bytes.
 */
const char *exec_error_hint(const char *command, int why, char *text, size_t size);

#endif
