#include "cmd/common/conn_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static char prefix[16]; /* with its dash; empty: names are plain numbers */

void conn_name_start(uint64_t utc_ms)
{
    char digits[14];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do
        digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[utc_ms % 36];
    while ((utc_ms /= 36) > 0 && at > 0);
    snprintf(prefix, sizeof prefix, "%s-", digits + at);
}

bool conn_name_is_text(void)
{
    return prefix[0] != '\0';
}

const char *conn_name(uint64_t id, char text[CONN_NAME_MAX])
{
    snprintf(text, CONN_NAME_MAX, "%s%" PRIu64, prefix, id);
    return text;
}

uint64_t conn_name_parse(const char *name, size_t len)
{
    size_t skip = strlen(prefix);
    uint64_t id = 0;
    if (len <= skip || len - skip > 19 || memcmp(name, prefix, skip) != 0)
        return 0;
    for (size_t i = skip; i < len; i++) {
        if (name[i] < '0' || name[i] > '9' || (i == skip && name[i] == '0'))
            return 0;
        id = id * 10 + (uint64_t)(name[i] - '0');
    }
    return id;
}
