/* wsframe's command line, of each subcommand: see tool.h. */
#include "cmd/wsframe/options/settings.h"
#include "tests/fuzz/tool.h"

static bool tool_read(struct settings *settings, struct options *options, int argc, char **argv)
{
    return wsframe_settings_read(settings, options, argc, argv);
}

static void tool_free(struct settings *settings, struct options *options)
{
    (void)settings;
    options_free(options);
}

static bool tool_alike(const struct settings *a, const struct settings *b)
{
    const struct settings_encode *x = &a->encode, *y = &b->encode;
    bool same_mask = memcmp(x->mask_key, y->mask_key, sizeof x->mask_key) == 0;
    return a->command == b->command && a->word_count == b->word_count &&
           a->decode.only == b->decode.only && a->decode.inflate == b->decode.inflate &&
           a->decode.messages == b->decode.messages && x->opcode == y->opcode &&
           x->close_code == y->close_code && x->masking == y->masking && same_mask &&
           x->length_form == y->length_form && x->fake_length == y->fake_length &&
           !x->payload == !y->payload && (!x->payload || strcmp(x->payload, y->payload) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!unusable(data, size))
        read_twice((const char *)data, size);
    return 0;
}
