/* wsbench: a load generator for WebSocket servers. */
#include "cmd/common/exit.h"
#include "cmd/wsbench/bench.h"
#include "cmd/wsbench/options/settings.h"
#include "cmd/wsbench/report/compare.h"
#include "cmd/wsbench/report/report.h"
#include "cmd/wsbench/report/report_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print_json(const struct report *report, FILE *out)
{
    struct json json = {0};
    report_json(report, &json);
    json_newline(&json);
    if (json.failed)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    fwrite(json.data, 1, json.len, out);
    json_free(&json);
}

static void print(const struct report *report, FILE *out)
{
    const struct settings *s = report->settings;
    bool measured = report->result->problem[0] == '\0';
    if (s->format == REPORT_JSON)
        print_json(report, out);
    else if (s->format == REPORT_CSV)
        report_csv(report, out);
    else if (s->format == REPORT_HGRM)
        report_hgrm(report, out);
    else if (measured)
        report_text(report, out);
}

/* --compare, after the report for people; elsewhere on standard error. */
static void compare(const struct report *report, FILE *out)
{
    static struct result before;
    struct settings before_settings = {0};
    const struct settings *s = report->settings;
    char problem[RESULT_PROBLEM];
    if (!report_read(s->compare, &before_settings, &before, problem, sizeof problem))
        exit_die(WS_EXIT_FAILURE, "%s", problem);
    compare_print(&before_settings, &before, s, report->result,
                  s->format == REPORT_TEXT ? out : stderr);
    target_free(&before_settings.target);
}

/* Prints the report to --output or standard output, and what is wrong to standard error, unless it
 * is read on the same terminal already. */
static int finish(const struct report *report)
{
    const struct settings *s = report->settings;
    const struct verdict *v = report->verdict;
    FILE *out = s->output ? fopen(s->output, "we") : stdout;
    if (!out)
        exit_die(WS_EXIT_FAILURE, "%s: %m", s->output);
    print(report, out);
    if (s->compare && !report->result->problem[0])
        compare(report, out);
    bool read = out == stdout && s->format == REPORT_TEXT && !report->result->problem[0] &&
                isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
    if (s->output && (ferror(out) | fclose(out)))
        exit_die(WS_EXIT_FAILURE, "%s: %m", s->output);
    for (unsigned i = 0; i < v->count && !read; i++)
        if (!v->note[i] || !s->common.quiet)
            exit_warn("%s", v->lines[i]);
    return v->status;
}

/* Adds reports up. What was asked for is that of all of them. */
static void merge(struct settings *s, struct result *result)
{
    s->connections = s->threads = 0;
    s->duration_us = s->warmup_us = 0;
    for (int i = 0; i < s->file_count; i++)
        if (!report_read(s->files[i], s, result, result->problem, sizeof result->problem)) {
            result->problem_status = WS_EXIT_FAILURE;
            return;
        }
}

static int run(struct settings *settings)
{
    static struct result result; /* too large for the stack */
    struct verdict verdict;
    if (settings->merge)
        merge(settings, &result);
    else
        bench_run(settings, &result);
    verdict_make(settings, &result, &verdict);
    return finish(&(struct report){settings, &result, &verdict});
}

int main(int argc, char **argv)
{
    static struct settings settings;
    struct options options;
    int status =
        wsbench_settings_read(&settings, &options, argc, argv) ? run(&settings) : options.status;
    target_free(&settings.target);
    options_free(&options);
    return exit_flush_stdout(status);
}
