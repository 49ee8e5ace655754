/*
 * For tests of what is printed: has() and lacks() look for a text in it. The test defines
 * printed(), which returns memory that they free.
 */
#ifndef TESTS_UNIT_WSBENCH_REPORT_PRINTED_H
#define TESTS_UNIT_WSBENCH_REPORT_PRINTED_H

#include <stdlib.h>
#include <string.h>

static char *printed(void);

static inline void has(const char *text)
{
    char *all = printed();
    if (!strstr(all, text))
        fail_msg("no '%s' in:\n%s", text, all);
    free(all);
}

static inline void lacks(const char *text)
{
    char *all = printed();
    if (strstr(all, text))
        fail_msg("'%s' in:\n%s", text, all);
    free(all);
}

#endif
