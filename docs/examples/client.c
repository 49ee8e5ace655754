/* Sends MESSAGE, prints the answer and closes, on libws: client URL MESSAGE
 * cc client.c $(pkg-config --static --cflags --libs libws) */
#include <ws/net.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    (void)event;
    ws_conn_send(conn, WS_OP_TEXT, WS_SEND_COPY, ws_conn_user(conn),
                 strlen((char *)ws_conn_user(conn)));
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE && printf("%.*s\n", (int)event->len, event->data) > 0)
        ws_conn_close(conn, WS_CLOSE_NORMAL, NULL);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    exit(ws_conn_upgraded(conn) && end->clean ? 0 : 1);
}

static void on_failed(void *message, enum ws_error error, const char *detail)
{
    fprintf(stderr, "%s: %s: %s\n", (char *)message, ws_error_info(error)->name, detail);
    exit(1);
}

/* WS_OK and WS_URL_OK are 0, all other errors are not. */
int main(int argc, char **argv)
{
    static const struct ws_handler calls = {.open = on_open, .event = on_event, .close = on_close};
    struct ws_conn_config config;
    struct ws_conn_env env;
    struct ws_url url;
    struct ws_loop *loop;
    static struct ws_client_options options;
    options.url = &url, options.env = &env;
    options.user = argv[argc - 1], options.failed = on_failed;
    ws_conn_config_init(&config, WS_ROLE_CLIENT);
    if (argc != 3 || ws_url_parse(argv[1], &url) || ws_loop_new(&loop) ||
        ws_conn_env_init(&env, loop, &config, &calls, NULL) || !ws_client_connect(&options))
        return 2;
    ws_loop_run(loop); /* until on_close() or on_failed() */
}
