/*
 * secret: reads passwords, tokens and passphrases, which must appear neither on a command line nor
 * on a screen.
 *
 * The option parser resolves the values of secret options with it; tools ask for a missing one with
 * it. The caller owns the returned memory (from malloc) and passes it to secret_free(), which wipes
 * it.
 */
#ifndef CMD_COMMON_OPTIONS_SECRET_H
#define CMD_COMMON_OPTIONS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Resolves `value`: "@FILE" is the file's content without one newline at its end, "@-" the next
 * line of standard input (no byte after it is read; a terminal asks for it without echo),
 * "env:NAME" a variable, anything else the secret itself. A secret that begins with one of these
 * prefixes must come from a file or a variable. NULL, with one line in `message`, if the source
 * cannot be read, is unset, contains NUL, or is larger than 64 KiB; errno is 0 unless a file could
 * not be opened or read.
 */
char *secret_resolve(const char *value, char *message, size_t size);

/* From now on only regular files and variables are read: not what can be read only once, as a
 * configuration that is checked, applied and reloaded would, and what may have to be waited for.
 * For the whole process. */
void secret_only_files(void);

/*
 * Asks the user at the controlling terminal: prints `prompt` and reads a line without echo. NULL
 * when there is no terminal, on Ctrl-C or Ctrl-D, or when memory runs out.
 */
char *secret_ask(const char *prompt);

/* The same on a descriptor of a terminal, whose settings are restored before it returns. */
char *secret_ask_on(int fd, const char *prompt);

/* Copies a target or a request line, cut to `size` bytes with the NUL, with *** for the value of
 * each query parameter called token, which is a credential of wsserve's, and for the user and the
 * password of a URL. */
void secret_hide_token(const char *line, size_t len, char *text, size_t size);

/* The same copy, whole, also of a URL; from malloc, NULL without memory. */
char *secret_without_token(const char *line, size_t len);

/* Wipes the memory and frees it. NULL is allowed. */
void secret_free(char *secret);

#endif
