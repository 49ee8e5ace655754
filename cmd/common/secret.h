/*
 * secret: passwords, tokens and passphrases that shall stand neither on a command line nor on a
 * screen.
 *
 * The option table resolves the values of secret options through here; tools ask here for one that
 * is missing. Everything returned is from malloc and belongs to the caller: secret_free wipes it.
 */
#ifndef CMD_COMMON_SECRET_H
#define CMD_COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What `value` stands for: "@FILE" the file's content without one newline at its end, "@-" the next
 * line of standard input (no byte beyond it is read; asked for without echo when it is a terminal),
 * "env:NAME" a variable, anything else itself. A secret that itself begins so goes through a file
 * or a variable. NULL with one line of what went wrong in `fault`: the source cannot be read, is
 * unset, contains NUL, or is larger than 64 KiB.
 */
char *secret_resolve(const char *value, char *fault, size_t size);

/*
 * Asks the person at the controlling terminal: prints `prompt` and reads a line without echo. NULL
 * when there is no terminal, on Ctrl-C or Ctrl-D, or without memory.
 */
char *secret_ask(const char *prompt);

/* The same on a descriptor that is a terminal; its settings are as before when this returns. */
char *secret_ask_on(int fd, const char *prompt);

/* Wipes the memory and frees it. NULL is allowed. */
void secret_free(char *secret);

#endif
