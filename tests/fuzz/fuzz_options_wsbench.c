/* wsbench's command line: see tool.h. */
#include "cmd/wsbench/options/settings.h"
#include "tests/fuzz/tool.h"

static bool tool_read(struct settings *settings, struct options *options, int argc, char **argv)
{
    bool taken = wsbench_settings_read(settings, options, argc, argv);
    /* What the measurements rely on. */
    if (taken && !settings->merge) {
        CHECK(settings->connections >= settings->threads && settings->threads > 0);
        CHECK(settings->size.least <= settings->size.most);
        CHECK(settings->rate >= 0 && settings->connect_rate >= 0);
        CHECK(settings->publishers <= settings->connections);
    }
    return taken;
}

static void tool_free(struct settings *settings, struct options *options)
{
    wsbench_settings_free(settings);
    options_free(options);
}

static bool tool_alike(const struct settings *a, const struct settings *b)
{
    bool same_stages = a->stages.count == b->stages.count;
    for (unsigned i = 0; i < a->stages.count && same_stages; i++)
        same_stages = a->stages.values[i] <= b->stages.values[i] &&
                      a->stages.values[i] >= b->stages.values[i];
    return same_stages && a->rate <= b->rate && a->rate >= b->rate &&
           a->duration_us == b->duration_us && a->messages == b->messages &&
           a->window == b->window && a->size.least == b->size.least &&
           a->size.most == b->size.most && a->burst.every_us == b->burst.every_us &&
           a->goal.limit_us == b->goal.limit_us && a->sources.count == b->sources.count &&
           a->percentiles.count == b->percentiles.count && a->file_count == b->file_count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!unusable(data, size))
        read_twice((const char *)data, size);
    return 0;
}
