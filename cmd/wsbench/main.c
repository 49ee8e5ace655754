/* wsbench: a load generator for WebSocket servers. */
#include "cmd/common/exit.h"
#include "cmd/wsbench/plan.h"
#include "cmd/wsbench/report/compare.h"
#include "cmd/wsbench/report/report.h"
#include "cmd/wsbench/report/report_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* What has to be there at the end, opened and read before anything is measured. */
struct ends {
    FILE *out;
    struct settings before_settings; /* --compare; its target is owned */
    struct result *before;           /* owned; NULL: nothing is compared */
};

static void open_ends(const struct settings *s, struct ends *ends)
{
    char problem[RESULT_PROBLEM];
    *ends = (struct ends){.out = stdout};
    if (s->compare) {
        ends->before = calloc(1, sizeof *ends->before);
        if (!ends->before)
            exit_die(WS_EXIT_FAILURE, "out of memory");
        if (!report_read(s->compare, &ends->before_settings, ends->before, NULL, problem,
                         sizeof problem))
            exit_die(WS_EXIT_FAILURE, "%s", problem);
    }
    if (!s->output || strcmp(s->output, "-") == 0)
        return;
    /* An older report stays there until this one is written. */
    int fd = open(s->output, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    ends->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!ends->out)
        exit_die(WS_EXIT_FAILURE, "%s: %m", s->output);
}

static void free_ends(struct ends *ends)
{
    target_free(&ends->before_settings.target);
    free(ends->before);
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
static int finish(const struct report *reports, unsigned count, struct ends *ends)
{
    const struct settings *s = reports[0].settings;
    int status = WS_EXIT_OK;
    bool measured = !reports[0].result->problem[0];
    if (ends->out != stdout && ftruncate(fileno(ends->out), 0) < 0)
        errno = 0; /* it is no file, but a pipe or a device */
    print(reports, count, ends->out);
    /* After the report for people; elsewhere on standard error. */
    if (ends->before && measured)
        compare_print(&ends->before_settings, ends->before, s, reports[0].result,
                      s->format == REPORT_TEXT ? ends->out : stderr);
    bool read = ends->out == stdout && s->format == REPORT_TEXT && isatty(STDOUT_FILENO) &&
                isatty(STDERR_FILENO);
    for (unsigned i = 0; i < count; i++) {
        int its = warn(&reports[i], read);
        status = status == WS_EXIT_OK ? its : status;
    }
    if (ends->out != stdout && (ferror(ends->out) | fclose(ends->out))) {
        exit_warn("%s: %m", s->output);
        status = status == WS_EXIT_OK ? WS_EXIT_FAILURE : status;
    }
    return status;
}

static int run(const struct settings *settings)
{
    struct plan plan;
    struct ends ends;
    struct report reports[STAGES_MAX] = {{NULL, NULL, NULL}};
    open_ends(settings, &ends);
    plan_run(settings, &plan);
    for (unsigned i = 0; i < plan.count; i++) {
        const struct measurement *m = plan.measurements[i];
        reports[i] = (struct report){&m->settings, &m->result, &m->verdict};
    }
    int status = finish(reports, plan.count, &ends);
    plan_free(&plan);
    free_ends(&ends);
    return status;
}

int main(int argc, char **argv)
{
    static struct settings settings;
    struct options options;
    int status = WS_EXIT_FAILURE;
    bool has_stdout = exit_open_streams();
    if (!wsbench_settings_read(&settings, &options, argc, argv))
        status = options.status;
    else if (!has_stdout && (!settings.output || strcmp(settings.output, "-") == 0))
        exit_warn("standard output is closed");
    else
        status = exit_flush_stdout(run(&settings));
    wsbench_settings_free(&settings);
    options_free(&options);
    return status;
}
