/*
 * The body of the targets of the tools' command lines: each includes it once, after its tool's
 * settings, and defines tool_read(), tool_free() and tool_alike().
 *
 * The words of the command line end at newlines; the byte 0x1E stands for a newline in a word. The
 * line is read twice, as main() reads it up to where it would open a socket or start a process. An
 * error is explained on standard error, without a character that a terminal would obey, and sets a
 * status: 2, or 1 for a file that cannot be read. Nothing else is printed, except by --help and the
 * like. The same words give the same settings.
 *
 * Words may name files, which are opened to be read. Names of devices are left out, there is no
 * terminal to ask for a password, and standard input is empty.
 */
#ifndef TESTS_FUZZ_TOOL_H
#define TESTS_FUZZ_TOOL_H

#include "cmd/common/options/options.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORDS_MAX = 128, TABLES_MAX = 16 };

/* A command line and what came of it. */
struct reading {
    struct settings settings;
    struct options options;
    struct option_table tables[TABLES_MAX]; /* those of some tools are static */
    char *text;                             /* of the words */
    char *words[WORDS_MAX + 1];
    int count;
    bool taken;
    char *out, *err;
};

static bool tool_read(struct settings *settings, struct options *options, int argc, char **argv);
static void tool_free(struct settings *settings, struct options *options);
/* Do settings of the same words agree in what the comparison of options does not see? */
static bool tool_alike(const struct settings *a, const struct settings *b);

/* Of the sanitizers, where they are linked: their reports must not go where output is captured. */
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);

static int sinks[2], streams[2]; /* of standard output and standard error */

/* A library's defaults, files of the user and the terminal must make no difference. */
static void isolate(void)
{
    static const char *const unset[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",     "ALL_PROXY",
                                        "no_proxy",    "NO_PROXY",    "SSLKEYLOGFILE", "NO_COLOR"};
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    setenv("SSL_CERT_FILE", "/dev/null", 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), tty = open("/dev/tty", O_RDONLY);
    CHECK(nothing >= 0 && dup2(nothing, STDIN_FILENO) == STDIN_FILENO);
    close(nothing);
    if (tty >= 0) {
        ioctl(tty, TIOCNOTTY);
        close(tty);
    }
    for (int i = 0; i < 2; i++) {
        sinks[i] = memfd_create("printed", MFD_CLOEXEC);
        streams[i] = fcntl(STDOUT_FILENO + i, F_DUPFD_CLOEXEC, 10);
        CHECK(sinks[i] >= 0 && streams[i] >= 0);
    }
    if (__sanitizer_set_report_fd)
        __sanitizer_set_report_fd((void *)(intptr_t)streams[1]);
}

static void capture(void)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        CHECK(ftruncate(sinks[i], 0) == 0 && lseek(sinks[i], 0, SEEK_SET) == 0);
        CHECK(dup2(sinks[i], STDOUT_FILENO + i) >= 0);
    }
}

static char *printed(int i)
{
    off_t len = lseek(sinks[i], 0, SEEK_END);
    char *text = calloc(1, (size_t)len + 1);
    CHECK(text && pread(sinks[i], text, (size_t)len, 0) == len);
    return text;
}

static void release(struct reading *reading)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++)
        dup2(streams[i], STDOUT_FILENO + i);
    reading->out = printed(0);
    reading->err = printed(1);
}

/* Appends a word; those above the limit are left out. */
static void add_word(struct reading *reading, char *word)
{
    if (reading->count < WORDS_MAX)
        reading->words[reading->count++] = word;
}

/* Begins a reading of the words in `len` bytes of text. */
static struct reading *begin_reading(const char *text, size_t len)
{
    struct reading *reading = calloc(1, sizeof *reading);
    CHECK(reading);
    reading->text = calloc(1, len + 1);
    CHECK(reading->text);
    memcpy(reading->text, text, len);
    add_word(reading, (char[]){"tool"});
    return reading;
}

static void add_words(struct reading *reading)
{
    for (char *at = reading->text; at && *at;) {
        char *word = at;
        at = strchr(at, '\n');
        if (at)
            *at++ = '\0';
        for (char *p = word; (p = strchr(p, 0x1E));)
            *p = '\n';
        add_word(reading, word);
    }
}

static void check_reading(const struct reading *reading)
{
    int status = reading->options.status;
    size_t err_len = strlen(reading->err);
    for (const char *p = reading->err; *p; p++)
        CHECK((uint8_t)*p >= 0x20 || *p == '\n' || *p == '\t');
    CHECK(!strchr(reading->err, 0x7F));
    if (reading->taken || status != 0)
        CHECK(reading->out[0] == '\0');
    if (reading->taken)
        return;
    CHECK(status >= 0 && status <= 2);
    if (status == 0)
        CHECK(reading->out[0] && err_len == 0);
    else
        CHECK(err_len > 1 && reading->err[err_len - 1] == '\n');
}

static void finish_reading(struct reading *reading)
{
    reading->words[reading->count] = NULL;
    capture();
    reading->taken =
        tool_read(&reading->settings, &reading->options, reading->count, reading->words);
    release(reading);
    CHECK(reading->options.table_count <= TABLES_MAX);
    memcpy(reading->tables, reading->options.tables,
           reading->options.table_count * sizeof reading->tables[0]);
    reading->options.tables = reading->tables;
    check_reading(reading);
}

static void end_reading(struct reading *reading)
{
    tool_free(&reading->settings, &reading->options);
    free(reading->text);
    free(reading->out);
    free(reading->err);
    free(reading);
}

static void check_same_options(const struct options *a, const struct options *b)
{
    struct option_found at = {0};
    while (options_next(a, &at)) {
        CHECK(a->given[at.index] == b->given[at.index]);
        if (at.row->kind != OPTION_KIND_GROUP && at.row->kind < OPTION_KIND_HELP)
            CHECK(options_same(a, b, at.index));
    }
    CHECK(a->arg_count == b->arg_count);
    for (int i = 0; i < a->arg_count; i++)
        CHECK(strcmp(a->args[i], b->args[i]) == 0);
}

static void check_same(const struct reading *a, const struct reading *b)
{
    CHECK(a->taken == b->taken && a->options.status == b->options.status);
    CHECK(strcmp(a->out, b->out) == 0 && strcmp(a->err, b->err) == 0);
    if (!a->taken)
        return;
    check_same_options(&a->options, &b->options);
    CHECK(tool_alike(&a->settings, &b->settings));
}

/* Can the text not be used? It names a device, which might never end or wait for a person. */
static bool unusable(const uint8_t *data, size_t size)
{
    static bool isolated;
    if (!isolated)
        isolate();
    isolated = true;
    return memmem(data, size, "/dev/", 5) || memmem(data, size, "/proc/", 6);
}

/* Reads the words twice. */
static void read_twice(const char *text, size_t len)
{
    struct reading *readings[2];
    for (int i = 0; i < 2; i++) {
        readings[i] = begin_reading(text, len);
        add_words(readings[i]);
        finish_reading(readings[i]);
    }
    check_same(readings[0], readings[1]);
    end_reading(readings[0]);
    end_reading(readings[1]);
}

#endif
