/*
 * wsserve's command line and its configuration file: see tool.h. NULs separate the words, the file
 * (without a NUL there is none), and the file as a reload finds it.
 *
 * What a file says, the command line may say too, with the same effect. A reload of the same file
 * changes nothing; one of another file, where all that differs may change, gives the settings of a
 * start with it.
 */
#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/options/settings_config.h"
#include "tests/fuzz/tool.h"

enum { LINES_MAX = WORDS_MAX - 1 };

static int file = -1; /* of the configuration, in memory */
static char option_config[64];

static bool tool_read(struct settings *settings, struct options *options, int argc, char **argv)
{
    return serve_settings_read(settings, options, argc, argv, access_rules_check);
}

static void tool_free(struct settings *settings, struct options *options)
{
    serve_settings_free(settings, options);
}

static bool same_config(const struct settings *a, const struct settings *b)
{
    struct ws_conn_config x, y;
    serve_settings_conn_config(a, &x);
    serve_settings_conn_config(b, &y);
    return x.session.max_message == y.session.max_message &&
           x.session.max_frame == y.session.max_frame && !x.session.deflate == !y.session.deflate &&
           x.high_water == y.high_water && x.handshake_ms == y.handshake_ms &&
           x.idle_ms == y.idle_ms && x.close_ms == y.close_ms &&
           x.heartbeat.interval_ms == y.heartbeat.interval_ms;
}

static bool tool_alike(const struct settings *a, const struct settings *b)
{
    char here[SETTINGS_WHERE_MAX], there[SETTINGS_WHERE_MAX];
    const char *x, *y;
    for (size_t i = 0;; i++) {
        x = serve_settings_where(a, i, here);
        y = serve_settings_where(b, i, there);
        if (!x || !y || strcmp(x, y) != 0)
            break;
    }
    return !x && !y && a->mode == b->mode && a->slow == b->slow &&
           a->announce_fd == b->announce_fd && a->max_handshakes == b->max_handshakes &&
           a->shed_start == b->shed_start && a->tls.on == b->tls.on &&
           a->process.framing == b->process.framing &&
           a->operate.log_level == b->operate.log_level &&
           a->operate.shutdown_code == b->operate.shutdown_code &&
           a->operate.faults.count == b->operate.faults.count &&
           a->operate.source_size == b->operate.source_size && same_config(a, b);
}

static void write_file(const char *text, size_t len)
{
    CHECK(ftruncate(file, 0) == 0 && pwrite(file, text, len, 0) == (ssize_t)len);
}

static struct reading *read_with_file(const char *words, size_t len)
{
    struct reading *reading = begin_reading(words, len);
    add_word(reading, option_config);
    add_words(reading);
    finish_reading(reading);
    return reading;
}

/* Makes words of the lines of a file; false if there are too many. */
static bool add_lines(struct reading *reading, char **made)
{
    int count = 0;
    for (char *line = reading->text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        for (char *end = line + strlen(line); end > line && strchr(" \t\r", end[-1]);)
            *--end = '\0';
        line += strspn(line, " \t");
        if (!*line || *line == '#')
            continue;
        char *value = line + strcspn(line, " \t=");
        char *rest = value + strspn(value, " \t");
        bool equals = *rest == '=';
        rest += equals ? 1 + strspn(rest + 1, " \t") : 0;
        if (count == LINES_MAX || asprintf(&made[count], "--%.*s%s%s", (int)(value - line), line,
                                           *rest || equals ? "=" : "", rest) < 0)
            return false;
        add_word(reading, made[count++]);
    }
    return true;
}

/* `by_file` was read from a file alone: the same, as words of a command line. */
static void check_as_words(const struct reading *by_file, const char *text, size_t len)
{
    char *made[LINES_MAX] = {NULL};
    struct reading *reading = begin_reading(text, len);
    bool whole = add_lines(reading, made);
    finish_reading(reading);
    if (whole) {
        CHECK(reading->taken && tool_alike(&reading->settings, &by_file->settings));
        struct option_found at = {0};
        while (options_next(&reading->options, &at))
            if (at.row->kind != OPTION_KIND_GROUP && !(at.row->flags & OPTION_TYPED))
                CHECK(options_same(&reading->options, &by_file->options, at.index));
    }
    end_reading(reading);
    for (int i = 0; i < LINES_MAX; i++)
        free(made[i]);
}

static struct settings_reload *reload(const struct reading *reading, const char *text, size_t len,
                                      char **changed, char **not_reloadable)
{
    char *printed_text = NULL;
    size_t printed_len;
    FILE *err = open_memstream(&printed_text, &printed_len);
    CHECK(err);
    write_file(text, len);
    struct settings_reload *made =
        settings_config_reload(&reading->settings, &reading->options, err, changed, not_reloadable);
    fclose(err);
    CHECK(!made == (printed_len > 0));
    free(printed_text);
    return made;
}

static void check_reload(const struct reading *reading, const char *words, size_t words_len,
                         const char *text, size_t len)
{
    char *changed, *not_reloadable;
    struct settings_reload *made = reload(reading, text, len, &changed, &not_reloadable);
    struct reading *fresh = read_with_file(words, words_len);
    if (made && !*not_reloadable) {
        CHECK(fresh->taken && tool_alike(&made->settings, &fresh->settings));
        check_same_options(&made->options, &fresh->options);
    }
    if (!made && !not_reloadable)
        CHECK(!fresh->taken);
    settings_reload_free(made);
    free(changed);
    free(not_reloadable);
    end_reading(fresh);
}

static void read_files(const char *words, size_t len, const char *first, size_t first_len,
                       const char *second, size_t second_len)
{
    char *changed, *not_reloadable;
    write_file(first, first_len);
    struct reading *reading = read_with_file(words, len);
    if (reading->taken && len == 0)
        check_as_words(reading, first, first_len);
    if (reading->taken) {
        struct settings_reload *same = reload(reading, first, first_len, &changed, &not_reloadable);
        CHECK(same && !*changed && !*not_reloadable);
        CHECK(tool_alike(&same->settings, &reading->settings));
        settings_reload_free(same);
        free(changed);
        free(not_reloadable);
        if (second)
            check_reload(reading, words, len, second, second_len);
    }
    end_reading(reading);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (unusable(data, size))
        return 0;
    if (file < 0) {
        file = memfd_create("configuration", MFD_CLOEXEC);
        CHECK(file >= 0);
        snprintf(option_config, sizeof option_config, "--config=/proc/self/fd/%d", file);
    }
    const char *words = (const char *)data, *end = words + size;
    size_t len = size > 0 ? strnlen(words, size) : 0;
    if (len == size) {
        read_twice(words, len);
        return 0;
    }
    const char *first = words + len + 1;
    size_t first_len = strnlen(first, (size_t)(end - first));
    const char *second = first + first_len < end ? first + first_len + 1 : NULL;
    read_files(words, len, first, first_len, second,
               second ? strnlen(second, (size_t)(end - second)) : 0);
    return 0;
}
