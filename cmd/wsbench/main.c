/* wsbench: a load generator for WebSocket servers. */
#include "cmd/common/exit.h"
#include "cmd/wsbench/plan.h"
#include "cmd/wsbench/report/compare.h"
#include "cmd/wsbench/report/report.h"
#include "cmd/wsbench/report/report_read.h"

#include <stdio.h>
#include <unistd.h>

/* One report is an object; those of stages are in an object with the member "stages". */
static void print_json(const struct report *reports, unsigned count, FILE *out)
{
    struct json json = {0};
    bool stages = reports[0].settings->stages.count > 0;
    if (stages) {
        json_begin_object(&json);
        json_member_uint(&json, "v", 1);
        json_key(&json, "stages");
        json_begin_array(&json);
    }
    for (unsigned i = 0; i < count; i++)
        report_json(&reports[i], &json);
    if (stages) {
        json_end_array(&json);
        json_end_object(&json);
    }
    json_newline(&json);
    if (json.failed)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    fwrite(json.data, 1, json.len, out);
    json_free(&json);
}

static void print(const struct report *reports, unsigned count, FILE *out)
{
    const struct settings *s = reports[0].settings;
    if (s->format == REPORT_JSON)
        print_json(reports, count, out);
    else if (s->format == REPORT_CSV)
        report_csv(reports, count, out);
    else if (s->format == REPORT_HGRM)
        report_hgrm(reports, out);
    else if (s->stages.count > 0)
        report_stages_text(reports, count, out);
    else if (!reports[0].result->problem[0])
        report_text(reports, out);
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

/* Prints what is wrong to standard error, unless it is read on the same terminal already. */
static int warn(const struct report *report, bool read)
{
    const struct verdict *v = report->verdict;
    read &= !report->result->problem[0];
    for (unsigned i = 0; i < v->count && !read; i++)
        if (!v->note[i] || !report->settings->common.quiet)
            exit_warn("%s", v->lines[i]);
    return v->status;
}

/* Prints the report to --output or standard output. Returns the exit code: the first that is not 0.
 */
static int finish(const struct report *reports, unsigned count)
{
    const struct settings *s = reports[0].settings;
    int status = WS_EXIT_OK;
    FILE *out = s->output ? fopen(s->output, "we") : stdout;
    if (!out)
        exit_die(WS_EXIT_FAILURE, "%s: %m", s->output);
    print(reports, count, out);
    if (s->compare && !reports[0].result->problem[0])
        compare(&reports[0], out);
    bool read =
        out == stdout && s->format == REPORT_TEXT && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
    if (s->output && (ferror(out) | fclose(out)))
        exit_die(WS_EXIT_FAILURE, "%s: %m", s->output);
    for (unsigned i = 0; i < count; i++) {
        int its = warn(&reports[i], read);
        status = status == WS_EXIT_OK ? its : status;
    }
    return status;
}

static int run(const struct settings *settings)
{
    struct plan plan;
    struct report reports[STAGES_MAX] = {{NULL, NULL, NULL}};
    plan_run(settings, &plan);
    for (unsigned i = 0; i < plan.count; i++) {
        const struct measurement *m = plan.measurements[i];
        reports[i] = (struct report){&m->settings, &m->result, &m->verdict};
    }
    int status = finish(reports, plan.count);
    plan_free(&plan);
    return status;
}

int main(int argc, char **argv)
{
    static struct settings settings;
    struct options options;
    int status =
        wsbench_settings_read(&settings, &options, argc, argv) ? run(&settings) : options.status;
    wsbench_settings_free(&settings);
    options_free(&options);
    return exit_flush_stdout(status);
}
