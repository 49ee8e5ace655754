#include "cmd/common/color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool color_wanted(enum color_when when, int fd)
{
    if (when != COLOR_AUTO)
        return when == COLOR_ALWAYS;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no_color && *no_color)
        return false;
    return term && strcmp(term, "dumb") != 0 && isatty(fd);
}
