#include "cmd/wsframe/read/recording.h"

#include "cmd/common/exit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Was it a server that recorded this opening? Old recordings of wsserve --framing=jsonl have "in"
 * there, but a path for the URL, which clients have whole. */
static bool opened_by_server(const struct record_in *in)
{
    return in->direction == RECORD_OUT || (in->url && in->url[0] == '/');
}

static size_t find(const struct recording *recording, const char *name)
{
    return (size_t)json_integer_value(json_object_get(recording->numbers, name));
}

static size_t add(struct recording *recording, const char *name, bool by_server)
{
    bytes_byte(&recording->by_server, by_server);
    size_t number = ws_bytes_len(recording->by_server);
    if (!recording->numbers)
        recording->numbers = json_object();
    /* Nocheck: jansson has checked that it is UTF-8 when it read the name. */
    if (json_object_set_new_nocheck(recording->numbers, name, json_integer((json_int_t)number)) < 0)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    return number;
}

size_t recording_take(struct recording *recording, const struct record_in *in)
{
    const char *conn = in->conn ? in->conn : "";
    char *name = NULL;
    /* The streams of HTTP/2 in a connection are connections of their own. */
    if (in->stream > 0 && asprintf(&name, "%s/%u", conn, (unsigned)in->stream) < 0)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    const char *key = name ? name : conn;
    size_t number = find(recording, key);
    if (in->type == RECORD_OPEN) {
        recording->last_by_server = opened_by_server(in);
        number = add(recording, key, recording->last_by_server);
    } else if (number == 0) {
        /* Its opening is not in the recording. Only wsserve names connections. */
        bool named = in->conn && !in->conn_is_number;
        number = add(recording, key, named || recording->last_by_server);
    }
    free(name);
    return number;
}

bool recording_from_client(const struct recording *recording, size_t number,
                           const struct record_in *in)
{
    bool by_server = bytes_data(recording->by_server)[number - 1];
    return (in->direction == RECORD_IN) == by_server;
}

void recording_forget(struct recording *recording)
{
    json_decref(recording->numbers);
    ws_bytes_free(&recording->by_server);
    *recording = (struct recording){0};
}
