/* wsbench: a load generator for WebSocket servers. */
#include "cmd/common/exit.h"
#include "cmd/wsbench/bench.h"
#include "cmd/wsbench/options/settings.h"
#include "cmd/wsbench/report/report.h"

static int bench(const struct settings *settings)
{
    static struct result result; /* too large for the stack */
    struct verdict verdict;
    bench_run(settings, &result);
    verdict_make(settings, &result, &verdict);
    if (settings->format == REPORT_JSON)
        report_json(settings, &result, &verdict);
    else if (!result.problem[0])
        report_text(settings, &result);
    for (unsigned i = 0; i < verdict.count; i++)
        if (!verdict.note[i] || !settings->common.quiet)
            exit_warn("%s", verdict.lines[i]);
    return verdict.status;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct options options;
    int status =
        wsbench_settings_read(&settings, &options, argc, argv) ? bench(&settings) : options.status;
    target_free(&settings.target);
    options_free(&options);
    return exit_flush_stdout(status);
}
