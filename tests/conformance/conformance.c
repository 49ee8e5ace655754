#include "conformance.h"

#include "libws/http2/http2.h"

#include <getopt.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUT_EVERYWHERE = 4096, RANDOM_CUTS = 64, CUTS_MAX = 70000 };

static unsigned tests, failures;
static unsigned long runs;

__attribute__((format(printf, 2, 0))) static void tap_line(bool ok, const char *format,
                                                           va_list args)
{
    char text[400];
    vsnprintf(text, sizeof text, format, args);
    printf("%sok %u - %s", ok ? "" : "not ", ++tests, text);
    failures += !ok;
}

void tap(bool ok, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tap_line(ok, format, args);
    va_end(args);
    putchar('\n');
}

void tap_note(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        printf("# %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

/* Parses the answer cell: the status and the close code as one run of words, and quoted strings
 * that the HTTP response must contain, or must not with a ! before them. */
static void read_answer(const char *cell, struct buf *words, struct buf *wrong, const char *http)
{
    buf_add(words, "", 0);
    while (*cell) {
        bool absent = *cell == '!';
        const char *p = cell + absent;
        if (*p == '"') {
            size_t n = strcspn(p + 1, "\"");
            char *text = must_copy(p + 1, n);
            if (http && (strstr(http, text) == NULL) != absent)
                buf_format(wrong, "the HTTP answer %s: %s\n", absent ? "contains" : "lacks", text);
            free(text);
            cell = p + n + 1 + (p[n + 1] == '"');
        } else {
            size_t n = strcspn(cell, " ");
            if (n > 0 && !(n == 1 && *cell == '-')) {
                if (words->len)
                    buf_text(words, " ");
                buf_add(words, cell, n);
            }
            cell += n;
        }
        cell += strspn(cell, " ");
    }
}

struct trial {
    const struct row *row;
    const struct setting *setting;
    const struct feed *feed;
    const char *expected;
    bool have_offset;
    uint64_t offset;   /* of the error in the first run */
    struct buf report; /* of the first failure */
};

static void report(struct trial *trial, const struct variant *v, const struct outcome *got,
                   const struct buf *wrong, const char *words)
{
    struct buf *out = &trial->report;
    buf_format(out, "%s.md:%u, as %s, %s%s%s, ", trial->row->file, trial->row->line,
               v->role == WS_ROLE_SERVER ? "server" : "client",
               v->chunks ? "chunks" : "whole messages", v->echo ? ", echo" : "",
               v->pause ? ", paused after every event" : "");
    if (v->cut_count == 0)
        buf_text(out, "uncut\n");
    else
        buf_format(out, "%zu cuts, the first at byte %zu of %zu\n", v->cut_count, v->cuts[0],
                   trial->feed->bytes.len);
    buf_text(out, "expected:\n");
    buf_text(out, trial->expected);
    buf_format(out, "answer: %s\ngot:\n", words);
    buf_text(out, got->trace.p);
    buf_format(out, "answer: %s\n", got->answer.p);
    buf_text(out, wrong->p);
}

static void try_variant(struct trial *trial, const struct variant *variant)
{
    struct outcome got;
    struct buf words = {0}, wrong = {0};
    if (trial->report.len)
        return;
    runs++;
    drive(trial->setting, trial->feed, variant, &got);
    buf_add(&wrong, got.problem.p, got.problem.len);
    read_answer(trial->row->answer, &words, &wrong, got.http.p);
    if (trial->have_offset && trial->offset != got.error_offset)
        buf_format(&wrong, "the error's offset depends on the cut: %llu and %llu\n",
                   (unsigned long long)trial->offset, (unsigned long long)got.error_offset);
    trial->have_offset = true;
    trial->offset = got.error_offset;
    if (wrong.len || strcmp(got.trace.p, trial->expected) != 0 ||
        strcmp(got.answer.p, words.p) != 0)
        report(trial, variant, &got, &wrong, words.p);
    buf_free(&words);
    buf_free(&wrong);
    outcome_free(&got);
}

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void try_cuts(struct trial *trial, struct variant v)
{
    static size_t cuts[CUTS_MAX];
    size_t len = trial->feed->bytes.len;
    uint32_t seed = (uint32_t)len;

    v.cuts = cuts;
    v.cut_count = 0;
    v.headroom = WS_HEADROOM;
    try_variant(trial, &v);
    v.pause = true;
    try_variant(trial, &v);
    v.headroom = 0;
    try_variant(trial, &v);
    v.pause = false;
    try_variant(trial, &v);

    if (len > CUT_EVERYWHERE) {
        for (unsigned i = 0; i < RANDOM_CUTS; i++) {
            v.cut_count = 1 + draw(&seed) % 8;
            for (size_t j = 0; j < v.cut_count; j++)
                cuts[j] = draw(&seed) % len;
            qsort(cuts, v.cut_count, sizeof cuts[0], ascending);
            v.headroom = i % 2 ? WS_HEADROOM : 0;
            v.pause = i % 4 == 2;
            try_variant(trial, &v);
        }
        v.pause = false;
    } else {
        v.cut_count = 1;
        for (size_t i = 1; i < len; i++) {
            cuts[0] = i;
            v.headroom = i % 3 ? WS_HEADROOM : 0;
            try_variant(trial, &v);
        }
        v.headroom = WS_HEADROOM;
        for (size_t i = 1; i < len; i++)
            cuts[i - 1] = i;
        v.cut_count = len > 0 ? len - 1 : 0;
        try_variant(trial, &v);
    }
    if (trial->setting->chop) {
        v.cut_count = 0;
        for (size_t at = trial->setting->chop; at < len && v.cut_count < CUTS_MAX;
             at += trial->setting->chop)
            cuts[v.cut_count++] = at;
        try_variant(trial, &v);
    }
}

/* Over streams of HTTP/2, whose wire is cut at random. */
static void try_streams(struct trial *trial, struct variant v)
{
    const struct setting *setting = trial->setting;
    if (!ws_http2_supported())
        return;
    v.headroom = WS_HEADROOM;
    for (unsigned i = 0; i < RANDOM_CUTS; i++) {
        v.stream = i + 1;
        v.chunks = !setting->whole || (setting->chunks && i % 2);
        v.echo = i & 2;
        v.pause = i % 8 == 5;
        try_variant(trial, &v);
    }
}

/* Compressing takes time: whole messages and chunks, answers and echoes alternate instead of all
 * combinations, and for large data so do the roles. */
static void try_deflated(struct trial *trial, struct variant v)
{
    static size_t cuts[8];
    size_t len = trial->feed->bytes.len;
    uint32_t seed = (uint32_t)len;

    v.cuts = cuts;
    bool half = trial->setting->server && trial->setting->client && len > CUT_EVERYWHERE;
    for (unsigned i = 0; i < RANDOM_CUTS + 4; i++) {
        if (half && (i / 4) % 2 == (v.role == WS_ROLE_SERVER) && i >= 4)
            continue;
        v.chunks = i & 1;
        v.echo = i & 2;
        v.pause = i % 16 == 8 || i % 16 == 13;
        v.headroom = i % 3 ? WS_HEADROOM : 0;
        v.cut_count = i < 4 || len < 2 ? 0 : 1 + draw(&seed) % 8;
        for (size_t j = 0; j < v.cut_count; j++)
            cuts[j] = draw(&seed) % len;
        qsort(cuts, v.cut_count, sizeof cuts[0], ascending);
        try_variant(trial, &v);
    }
}

static void run_row(const struct row *row)
{
    struct setting setting;
    struct buf problem = {0};
    struct trial trial = {.row = row, .setting = &setting};
    bool readable = setting_read(row->run, &setting, &problem);

    for (int role = WS_ROLE_SERVER; readable && role <= WS_ROLE_CLIENT; role++) {
        struct feed feed = {.setting = &setting};
        struct buf expected = {0};
        if (role == WS_ROLE_SERVER ? !setting.server : !setting.client)
            continue;
        readable = language_feed(row->feed, (enum ws_role)role, &feed, &problem) &&
                   language_events(row->events, &feed, &expected, &problem);
        trial.feed = &feed;
        trial.expected = expected.p;
        bool apart = !setting.deflate || !setting.whole || !setting.chunks;
        trial.have_offset = false;
        if (readable && !apart)
            try_deflated(&trial, (struct variant){.role = (enum ws_role)role});
        for (int chunks = 0; readable && apart && chunks <= 1; chunks++) {
            if (chunks ? !setting.chunks : !setting.whole)
                continue;
            trial.have_offset = false;
            for (int echo = 0; echo <= 1; echo++)
                try_cuts(&trial, (struct variant){
                                     .role = (enum ws_role)role, .chunks = chunks, .echo = echo});
        }
        trial.have_offset = false;
        if (readable && !setting.http)
            try_streams(&trial, (struct variant){.role = (enum ws_role)role});
        feed_free(&feed);
        buf_free(&expected);
    }
    tap(readable && trial.report.len == 0, "%s: %s", row->file, row->id);
    if (problem.len)
        tap_note(problem.p);
    if (trial.report.len)
        tap_note(trial.report.p);
    buf_free(&problem);
    buf_free(&trial.report);
}

static void check_ids(const struct rows *rows)
{
    bool unique = true;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows_find(rows, rows->all[i].id) != &rows->all[i]) {
            printf("# twice: %s\n", rows->all[i].id);
            unique = false;
        }
    }
    tap(unique, "the ids of all %zu rows are distinct", rows->count);
}

/* The number of cases in each group of sections 1 to 7, 12 and 13 of the Autobahn TestSuite. */
static void check_autobahn(const struct rows *rows)
{
    static const struct {
        const char *group;
        unsigned cases;
    } groups[] = {
        {"1.1", 8},   {"1.2", 8},   {"2", 11},    {"3", 7},     {"4.1", 5},   {"4.2", 5},
        {"5", 20},    {"6.1", 3},   {"6.2", 4},   {"6.3", 2},   {"6.4", 4},   {"6.5", 5},
        {"6.6", 11},  {"6.7", 4},   {"6.8", 2},   {"6.9", 4},   {"6.10", 3},  {"6.11", 5},
        {"6.12", 8},  {"6.13", 5},  {"6.14", 10}, {"6.15", 1},  {"6.16", 3},  {"6.17", 5},
        {"6.18", 5},  {"6.19", 5},  {"6.20", 7},  {"6.21", 8},  {"6.22", 34}, {"6.23", 7},
        {"7.1", 6},   {"7.3", 6},   {"7.5", 1},   {"7.7", 13},  {"7.9", 9},   {"7.13", 2},
        {"12.1", 18}, {"12.2", 18}, {"12.3", 18}, {"12.4", 18}, {"12.5", 18}, {"13.1", 18},
        {"13.2", 18}, {"13.3", 18}, {"13.4", 18}, {"13.5", 18}, {"13.6", 18}, {"13.7", 18},
    };
    unsigned found = 0, wanted = 0, numbered = 0;

    for (size_t i = 0; i < rows->count; i++)
        numbered += rows->all[i].autobahn[0] != '\0';
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (unsigned n = 1; n <= groups[g].cases; n++) {
            char number[24];
            unsigned times = 0;
            snprintf(number, sizeof number, "%s.%u", groups[g].group, n);
            for (size_t i = 0; i < rows->count; i++)
                times += strcmp(rows->all[i].autobahn, number) == 0;
            if (times != 1)
                printf("# Autobahn %s has %u rows\n", number, times);
            found += times == 1;
            wanted++;
        }
    }
    tap(found == wanted && numbered == wanted, "%u of the %u Autobahn cases have a row", found,
        wanted);
}

static void usage(FILE *to)
{
    fputs("usage: conformance [-k SUBSTRING] [--part=I/N] [PAGE.md...]\n"
          "       conformance --errors | --rows\n"
          "       conformance --musts docs/protocol.md [PAGE.md...]\n"
          "Without a page, all of tests/conformance are read. With neither -k nor a page, the\n"
          "Autobahn numbers and docs/protocol.md are checked too. A part is every N-th row, from I "
          "on.\n",
          to);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"errors", no_argument, NULL, 'e'},     {"musts", required_argument, NULL, 'm'},
        {"part", required_argument, NULL, 'p'}, {"rows", no_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    const char *filter = NULL, *musts = NULL;
    bool export = false;
    size_t part = 1, parts = 1;
    int option;
    while ((option = getopt_long(argc, argv, "k:h", options, NULL)) != -1) {
        switch (option) {
        case 'k':
            filter = optarg;
            break;
        case 'e':
            document_print_errors();
            return 0;
        case 'm':
            musts = optarg;
            break;
        case 'p':
            if (sscanf(optarg, "%zu/%zu", &part, &parts) != 2 || part < 1 || part > parts) {
                usage(stderr);
                return 2;
            }
            break;
        case 'r':
            export = true;
            break;
        case 'h':
            usage(stdout);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }

    struct rows rows = {0};
    bool everything = optind == argc;
    if (everything) {
        glob_t pages;
        if (glob("tests/conformance/*.md", 0, NULL, &pages) == 0) {
            for (size_t i = 0; i < pages.gl_pathc; i++)
                tap(rows_read(&rows, pages.gl_pathv[i]), "%s can be read", pages.gl_pathv[i]);
            globfree(&pages);
        }
    }
    for (; optind < argc; optind++)
        tap(rows_read(&rows, argv[optind]), "%s can be read", argv[optind]);
    if (rows.count == 0)
        tap(false, "there are rows");

    if (export) {
        tap(rows_export(&rows), "the rows were printed");
    } else if (musts) {
        document_check_musts(musts, &rows);
    } else {
        check_ids(&rows);
        for (size_t i = 0; i < rows.count; i++) {
            const struct row *row = &rows.all[i];
            if (i % parts == part - 1 &&
                (!filter || strstr(row->file, filter) || strstr(row->id, filter)))
                run_row(row);
        }
        if (everything && !filter && part == 1) {
            check_autobahn(&rows);
            document_check_errors("docs/protocol.md");
            document_check_musts("docs/protocol.md", &rows);
        }
        printf("# %lu runs of %zu rows\n", runs, rows.count);
    }
    printf("1..%u\n", tests);
    rows_free(&rows);
    drive_end();
    return failures ? 1 : 0;
}
