/*
 * pipe: standard input and output where they are pipes or terminals. Any tool may call it; no
 * state.
 */
#ifndef CMD_COMMON_PIPE_H
#define CMD_COMMON_PIPE_H

/*
 * Opens the pipe or terminal that `fd` refers to again, for `access`, O_RDONLY or O_WRONLY: a
 * descriptor of our own, which does not block. (O_NONBLOCK cannot be set on an inherited one: the
 * flag belongs to the open file description, which other processes share, such as the shell.) -1:
 * it is something else, or cannot be opened.
 */
int pipe_reopen(int fd, int access);

/* Makes a pipe hold as much as an unprivileged process may ask for, a megabyte: with the usual 64
 * KiB the two ends of a fast one wake each other all the time. No effect on others. */
void pipe_enlarge(int fd);

#endif
