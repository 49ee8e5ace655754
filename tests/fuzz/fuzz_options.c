/*
 * Command lines and configuration files, through the parser that all tools share and a table with
 * every kind of option: an error is explained on standard error, with a status of 2, and nothing
 * else is printed; what a file may say, the command line may say too. The first byte chooses
 * between the two; words of the command line end at newlines. Secrets are left out: "@FILE" would
 * read files.
 */
#include "cmd/common/options/config.h"
#include "cmd/common/options/options.h"
#include "tests/fuzz/fuzz.h"

struct settings {
    struct options_common common;
    bool flag;
    unsigned level, number;
    int set, choice;
    const char *string;
    struct option_list list;
    int64_t duration;
    uint64_t size, count;
    uint16_t port;
};

static const struct option_row rows[] = {
    {OPTION_GROUP("All kinds")},
    {.name = "flag", .letters = "f", OPTION_FLAG(struct settings, flag), .help = "a flag"},
    {.name = "level", .letters = "l", OPTION_LEVEL(struct settings, level), .help = "a level"},
    {.name = "set", .letters = "s", OPTION_SET(struct settings, set, 7), .help = "a value"},
    {.name = "string", .letters = "t", OPTION_STRING(struct settings, string), .help = "a text"},
    {.name = "list",
     OPTION_LIST(struct settings, list),
     .flags = OPTION_RELOADABLE,
     .help = "texts"},
    {.name = "duration", OPTION_DURATION(struct settings, duration), .help = "a time"},
    {.name = "size",
     OPTION_SIZE(struct settings, size),
     .flags = OPTION_RELOADABLE,
     .help = "a size"},
    {.name = "count", OPTION_COUNT(struct settings, count), .help = "a count"},
    {.name = "number", OPTION_NUMBER(struct settings, number, 1, 9), .help = "a number"},
    {.name = "port", .letters = "p", OPTION_PORT(struct settings, port), .help = "a port"},
    {.name = "choice", OPTION_CHOICE(struct settings, choice, "one|two"), .help = "a choice"},
};

static struct settings settings;
static struct option_table tables[] = {
    {OPTION_ROWS(rows), &settings, NULL},
    {OPTION_ROWS(options_common_rows), &settings.common, NULL},
};

static bool parse_line(struct options *options, char *text, char **words, size_t most)
{
    int count = 0;
    words[count++] = (char[]){"fuzz"};
    for (char *at = text; at && (size_t)count < most - 1;) {
        words[count++] = at;
        at = strchr(at, '\n');
        if (at)
            *at++ = '\0';
    }
    words[count] = NULL;
    return options_parse(options, count, words);
}

static bool parse_file(struct options *options, char *text)
{
    struct config config = {.path = (char[]){"file"}, .text = text};
    char *words[] = {(char[]){"fuzz"}, NULL};
    CHECK(options_parse(options, 1, words));
    return config_apply(options, &config, CONFIG_WHOLE, NULL, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { WORDS_MAX = 64 };
    char *words[WORDS_MAX], *printed = NULL, *complaint = NULL;
    size_t printed_len, complaint_len;
    if (size == 0 || memchr(data, '@', size))
        return 0;
    char *text = strndup((const char *)data + 1, size - 1);
    struct options options = {
        .tool = "fuzz", .usage = "fuzz [OPTION]...", .tables = tables, .table_count = 2};
    CHECK(text);
    settings = (struct settings){0};
    options.out = open_memstream(&printed, &printed_len);
    options.err = open_memstream(&complaint, &complaint_len);
    CHECK(options.out && options.err);
    bool taken =
        data[0] % 2 ? parse_line(&options, text, words, WORDS_MAX) : parse_file(&options, text);
    fflush(options.out);
    fflush(options.err);
    CHECK(!taken || printed_len + complaint_len == 0);
    CHECK(!taken || settings.number <= 9);
    if (!taken && options.status != 0) {
        CHECK(options.status == 2 && complaint_len > 0 && printed_len == 0);
        CHECK(complaint[complaint_len - 1] == '\n');
    }
    options_free(&options);
    fclose(options.out);
    fclose(options.err);
    free(printed);
    free(complaint);
    free(text);
    return 0;
}
