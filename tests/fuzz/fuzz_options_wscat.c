/* wscat's command line: see tool.h. */
#include "cmd/wscat/options/combinations.h"
#include "cmd/wscat/options/settings.h"
#include "tests/fuzz/tool.h"

static bool tool_read(struct settings *settings, struct options *options, int argc, char **argv)
{
    return wscat_settings_read(settings, options, argc, argv) &&
           combinations_check(settings, options);
}

static void tool_free(struct settings *settings, struct options *options)
{
    wscat_settings_free(settings);
    options_free(options);
}

static bool same_config(const struct settings *a, const struct settings *b)
{
    struct ws_conn_config x, y;
    wscat_settings_conn_config(a, &x);
    wscat_settings_conn_config(b, &y);
    return x.session.max_message == y.session.max_message &&
           x.session.max_frame == y.session.max_frame && x.session.chunks == y.session.chunks &&
           !x.session.deflate == !y.session.deflate && x.handshake_ms == y.handshake_ms &&
           x.close_ms == y.close_ms && x.heartbeat.interval_ms == y.heartbeat.interval_ms;
}

static bool tool_alike(const struct settings *a, const struct settings *b)
{
    size_t i = 0;
    for (; a->messages[i] && b->messages[i]; i++)
        if (strcmp(a->messages[i], b->messages[i]) != 0)
            return false;
    return !a->messages[i] && !b->messages[i] && a->close_code == b->close_code &&
           a->reconnect_max == b->reconnect_max && strcmp(a->where, b->where) == 0 &&
           a->target.request_header_count == b->target.request_header_count &&
           a->target.offered_count == b->target.offered_count && same_config(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!unusable(data, size))
        read_twice((const char *)data, size);
    return 0;
}
