#include "cmd/wscat/people/screen.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

bool screen_is_ours(void)
{
    pid_t group = tcgetpgrp(STDIN_FILENO);
    return group < 0 || group == getpgrp(); /* below 0: it is no shell's */
}

static int columns(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The columns that libedit gives a character: control characters are shown as ^A. */
static int width_of(wchar_t c)
{
    int width = wcwidth(c);
    return width >= 0 ? width : c < 0x20 || c == 0x7F ? 2 : 8;
}

int screen_row_of(const LineInfoW *line, size_t prompt, int width)
{
    enum { TAB = 8 };
    int row = (int)prompt / width, column = (int)prompt % width;
    for (const wchar_t *p = line->buffer; p < line->cursor; p++) {
        if (*p == L'\n') { /* of a paste */
            row++;
            column = 0;
            continue;
        }
        int w = *p == L'\t' ? TAB - column % TAB : width_of(*p);
        if (column + w > width) { /* a wide character does not fit into the last column */
            row++;
            column = 0;
        }
        column += w;
        if (column >= width) {
            row++;
            column -= width;
        }
    }
    return row;
}

int screen_row(const LineInfoW *line, const char *prompt)
{
    size_t width = 0;
    wchar_t c;
    for (int n; (n = mbtowc(&c, prompt, MB_CUR_MAX)) > 0; prompt += n)
        width += (size_t)width_of(c);
    return screen_row_of(line, width, columns());
}
