/*
 * color: decides whether output to a descriptor is coloured.
 *
 * Carries out --color=auto|always|never and the environment's NO_COLOR. Any tool may call it.
 */
#ifndef CMD_COMMON_COLOR_H
#define CMD_COMMON_COLOR_H

#include <stdbool.h>

/* In the order of the option's choices. */
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* COLOR_AUTO: true for a terminal, unless NO_COLOR is set and not empty, or TERM is "dumb". The
 * command line takes precedence over the environment. */
bool color_wanted(enum color_when when, int fd);

#endif
