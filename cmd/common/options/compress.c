#include "cmd/common/options/compress.h"

#include "cmd/common/units.h"

#include <stdio.h>
#include <string.h>

static const char expected[] =
    "a list of level=1-9, memory=1-9, threshold=SIZE, window=8-15, server-window=8-15, "
    "client-window=8-15, takeover=none|server|client|both";

static bool read_number(const char *text, uint64_t min, uint64_t max, uint8_t *number)
{
    uint64_t value;
    if (units_number(text, min, max, &value) != UNITS_OK)
        return false;
    *number = (uint8_t)value;
    return true;
}

static bool read_takeover(const char *text, struct ws_deflate_params *preference)
{
    bool server = strcmp(text, "server") == 0, client = strcmp(text, "client") == 0;
    bool both = strcmp(text, "both") == 0;
    preference->server_no_takeover = !server && !both;
    preference->client_no_takeover = !client && !both;
    return server || client || both || strcmp(text, "none") == 0;
}

static bool read_one(const char *name, const char *value, struct ws_deflate_config *config)
{
    struct ws_deflate_params *preference = &config->preference;
    if (strcmp(name, "level") == 0)
        return read_number(value, 1, 9, &config->level);
    if (strcmp(name, "memory") == 0)
        return read_number(value, 1, 9, &config->memory);
    if (strcmp(name, "takeover") == 0)
        return read_takeover(value, preference);
    if (strcmp(name, "threshold") == 0) {
        uint64_t bytes;
        bool read = units_size(value, &bytes) == UNITS_OK && bytes <= SIZE_MAX;
        config->threshold = read ? (size_t)bytes : 0;
        return read;
    }
    bool window = strcmp(name, "window") == 0;
    if (!window && strcmp(name, "server-window") != 0 && strcmp(name, "client-window") != 0)
        return false;
    if ((window || *name == 's') &&
        !read_number(value, WS_WINDOW_BITS_MIN, WS_WINDOW_BITS_MAX, &preference->server_bits))
        return false;
    return (!window && *name == 's') ||
           read_number(value, WS_WINDOW_BITS_MIN, WS_WINDOW_BITS_MAX, &preference->client_bits);
}

static bool read_params(const char *text, struct ws_deflate_config *config)
{
    char one[64], *equals;
    for (;;) {
        size_t len = strcspn(text, ",");
        if (len >= sizeof one)
            return false;
        memcpy(one, text, len);
        one[len] = '\0';
        equals = strchr(one, '=');
        if (!equals)
            return false;
        *equals = '\0';
        if (!read_one(one, equals + 1, config))
            return false;
        if (!text[len])
            return true;
        text += len + 1;
    }
}

const char *compress_option(struct options *options, const struct option_row *row, void *settings,
                            const char *value)
{
    struct compress *compress = (void *)((char *)settings + row->offset);
    (void)options;
    ws_deflate_config_init(&compress->config);
    compress->wanted = true;
    bool fine =
        read_params(row->implied, &compress->config) && read_params(value, &compress->config);
    return fine ? NULL : expected;
}

void compress_default(struct compress *compress)
{
    ws_deflate_config_init(&compress->config);
    compress->wanted = true;
}

const struct ws_deflate_config *compress_config(const struct compress *compress)
{
    return compress->wanted ? &compress->config : NULL;
}

void compress_add(struct ws_deflate_counts *sum, const struct ws_deflate_counts *counts)
{
    sum->messages_in += counts->messages_in;
    sum->plain_in += counts->plain_in;
    sum->wire_in += counts->wire_in;
    sum->messages_out += counts->messages_out;
    sum->plain_out += counts->plain_out;
    sum->wire_out += counts->wire_out;
}

void compress_count(struct ws_deflate_counts *sum, const struct ws_conn *conn)
{
    const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(conn));
    if (deflate)
        compress_add(sum, &deflate->counts);
}

char *compress_ratio(uint64_t plain, uint64_t wire, char *text, size_t size)
{
    char before[UNITS_TEXT_MAX], after[UNITS_TEXT_MAX];
    double ratio = wire > 0 ? (double)plain / (double)wire : 1;
    snprintf(text, size, "%s as %s, %.*f times smaller",
             units_format_size(plain, before, sizeof before),
             units_format_size(wire, after, sizeof after), ratio < 10 ? 2 : 0, ratio);
    return text;
}
