/*
 * wsserve's command line and its configuration file: see tool.h. NULs separate the words, the file
 * (without a NUL there is none), and the file as a reload finds it.
 *
 * What a file says, the command line may say too, with the same effect. A reload of the same file
 * changes nothing; one of another file, where all that differs may change, gives the settings of a
 * start with it.
 *
 * After a first byte of 0x01 the bytes are choices, of which both files are made: options of the
 * tables, with values that fit their kinds or do not, comments, all forms of a line.
 */
#include "cmd/wsserve/access/access_rules.h"
#include "cmd/wsserve/options/settings_config.h"
#include "tests/fuzz/choices.h"
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

/* --- files that are made --- */

static const char *value_for(const struct option_row *row, struct choices *choices)
{
    static const char *const numbers[] = {"1", "0", "7", "-1", "65536", "99999999999999999999", ""};
    static const char *const times[] = {"1s", "0", "1.5m", "300ms", "-1", "5", "9999999h"};
    static const char *const sizes[] = {"64K", "0", "1.5M", "1", "2048", "16E", "1k"};
    static const char *const texts[] = {"a",           "/a",
                                        "\"/a b\"",    "'x: y'",
                                        "X-A: 1",      "joe:sesame",
                                        "*",           "a.example",
                                        "10.0.0.0/8",  "127.0.0.1:8080",
                                        "unix:/tmp/a", "90:70",
                                        "100:1K",      "TERM:1s,KILL",
                                        "lines",       "tcp:localhost:1",
                                        "redis://a/b", "drop@0.5",
                                        "level=1",     "debug",
                                        "1012",        "0660",
                                        "=",           "# no comment",
                                        "env:HOME",    "\xff\xfe",
                                        "\x1b[31m",    "a\vb"};
    static const char *const flags[] = {"yes", "no", "true", "false", "maybe"};
    unsigned odd = choose(choices, 8), which = choose(choices, 255);
    if (odd == 7)
        return texts[which % (sizeof texts / sizeof texts[0])];
    switch (row->kind) {
    case OPTION_KIND_FLAG:
    case OPTION_KIND_LEVEL:
    case OPTION_KIND_SET:
        return flags[which % 5];
    case OPTION_KIND_DURATION:
        return times[which % 7];
    case OPTION_KIND_SIZE:
        return sizes[which % 7];
    case OPTION_KIND_COUNT:
    case OPTION_KIND_NUMBER:
    case OPTION_KIND_PORT:
        return numbers[which % 7];
    case OPTION_KIND_CHOICE:
        return row->choices; /* one of them below */
    default:
        return texts[which % (sizeof texts / sizeof texts[0])];
    }
}

/* "name = value", in one of the forms of a line. */
static void make_line(struct made *made, const struct option_row *row, struct choices *choices)
{
    static const char *const betweens[] = {" = ", " ", "=", "\t=  ", " =", "==", "  "};
    static const char *const ends[] = {"\n", "\r\n", "  \n", "\n\n# comment = 1\n", " # x\n", ""};
    unsigned form = choose(choices, 64);
    if (form == 63)
        make_text(made, "# ");
    if (form == 62)
        make_text(made, "--");
    if (form == 61)
        make_byte(made, 0);
    if (form % 8 == 1)
        make_text(made, "\t ");
    make_text(made, form == 60 && row->aliases ? row->aliases : row->name);
    if (form % 8 != 2) {
        const char *value = value_for(row, choices);
        make_text(made, betweens[choose(choices, 7)]);
        if (value == row->choices)
            for (unsigned skip = choose(choices, 5); skip > 0 && strchr(value, '|'); skip--)
                value = strchr(value, '|') + 1;
        make_bytes(made, value, value == row->name ? 0 : strcspn(value, "|"));
    }
    unsigned end = choose(choices, 16);
    make_text(made, ends[end < 6 ? end : 0]);
}

static void make_file(struct made *made, const struct options *options, struct choices *choices)
{
    size_t count = 0;
    for (struct option_found at = {0}; options_next(options, &at);)
        count++;
    for (unsigned lines = choose(choices, 24); lines > 0; lines--) {
        size_t wanted = choose(choices, 255) % count;
        struct option_found at = {0};
        while (options_next(options, &at))
            if (at.index >= wanted && at.row->kind != OPTION_KIND_GROUP)
                break;
        if (at.row && at.row->name && !(at.row->flags & OPTION_SECRET))
            make_line(made, at.row, choices);
    }
}

static void make_files(const uint8_t *data, size_t size)
{
    static struct settings settings;
    struct options options;
    struct choices choices = {data, data + size};
    struct made *files = calloc(2, sizeof *files);
    CHECK(files);
    settings_begin(&settings, &options);
    make_file(&files[0], &options, &choices);
    make_file(&files[1], &options, &choices);
    read_files("", 0, files[0].text, files[0].len, files[1].text, files[1].len);
    free(files);
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
    if (size > 0 && data[0] == 1) {
        make_files(data + 1, size - 1);
        return 0;
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
