/*
 * color: may this descriptor be written to in colour?
 *
 * Carries out --color=auto|always|never and the environment's NO_COLOR. Any tool may call it.
 */
#ifndef CMD_COMMON_COLOR_H
#define CMD_COMMON_COLOR_H

#include <stdbool.h>

/* In the order of the option's choices. */
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* COLOR_AUTO: yes for a terminal, unless NO_COLOR is set to anything but nothing or TERM is "dumb".
 * What is asked for on the command line beats the environment. */
bool color_wanted(enum color_when when, int fd);

#endif
