#include "cmd/wsserve/observe/carried.h"

#include <inttypes.h>
#include <stdio.h>

bool carried_text(const struct ws_conn *conn, char text[CARRIED_MAX])
{
    char name[CONN_NAME_MAX];
    uint64_t carrier;
    uint32_t stream;
    if (!ws_conn_stream(conn, &carrier, &stream))
        return false;
    snprintf(text, CARRIED_MAX, "%s/%" PRIu32, conn_name(carrier, name), stream);
    return true;
}

size_t carried_field(const struct ws_conn *conn, struct log_field *fields, size_t count,
                     char text[CARRIED_MAX])
{
    if (!carried_text(conn, text))
        return count;
    fields[count] = log_word("h2", text);
    return count + 1;
}
