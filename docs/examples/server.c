/* An echo server on libws, until SIGINT or SIGTERM: server [ADDRESS:PORT]
 * cc server.c $(pkg-config --static --cflags --libs libws) */
#include <ws/net.h>

#include <signal.h>
#include <stdio.h>

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(conn, event);
}

static void on_signal(void *loop, int number)
{
    (void)number;
    ws_loop_stop((struct ws_loop *)loop);
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGINT, SIGTERM};
    static struct ws_conn_config config;
    static struct ws_handler handler;
    static struct ws_server_options options;
    struct ws_loop *loop;
    char error[200] = "out of memory or descriptors";
    ws_conn_config_init(&config, WS_ROLE_SERVER);
    handler.event = on_event;
    options.config = &config;
    options.handler = &handler;
    struct ws_server *server = ws_loop_new(&loop) == WS_OK ? ws_server_new(loop, &options) : NULL;
    if (!server || ws_loop_on_signals(loop, signals, 2, on_signal, loop) != WS_OK ||
        !ws_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:0", error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    printf("listening %s\n", ws_server_url(server, 0));
    fflush(stdout);
    ws_loop_run(loop);
    ws_server_free(server);
    ws_loop_turn(loop, 0); /* frees the connections */
    ws_loop_free(loop);
    return 0;
}
