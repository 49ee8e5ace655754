#include "cmd/wsframe/inspection.h"

#include "cmd/common/exit.h"

#include <stdio.h>
#include <sys/stat.h>

void inspection_fail(struct inspection *in, const char *name, const char *why)
{
    exit_warn("%s: %s", name, why);
    in->status = WS_EXIT_FAILURE;
}

const char *inspection_verb(const struct inspection *in)
{
    return in->settings->decode.from == FORM_AUTO ? "detected as" : "read as";
}

bool inspection_refuses_port(struct inspection *in)
{
    bool refused = in->settings->decode.port && !in->has_ports && !in->printer.named;
    if (refused) {
        exit_warn("--port has no effect: no input is a capture");
        in->status = WS_EXIT_USAGE;
    }
    return refused;
}

void inspection_begin(struct inspection *in, const char *name, enum form form)
{
    in->decode = (struct decode){
        .sink = print_event,
        .context = &in->printer,
        .direction = in->settings->decode.direction,
        .keep_mask = in->settings->decode.keep_mask,
        .messages = in->settings->decode.messages || in->settings->decode.extract ||
                    in->settings->decode.output == OUTPUT_JSONL,
        .payloads = print_payloads(in->settings),
        .binary_shown = print_binary_shown(in->settings),
        .inflate = in->settings->decode.inflate,
        .stream = in->settings->decode.stream,
        .follow = in->settings->decode.follow,
        .keylog = in->keylog,
        .stop = in->decode.stop,
    };
    if (in->settings->common.verbose)
        exit_warn("%s: %s %s", name, inspection_verb(in), form_name(form));
    print_begin(&in->printer, name, form);
}

void inspection_finish(struct inspection *in)
{
    print_end(&in->printer);
    in->violations += in->decode.violations;
    in->incomplete += in->decode.incomplete;
    decode_free(&in->decode);
}

bool inspection_is_live(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && !S_ISREG(info.st_mode) && info.st_size == 0;
}

void inspection_show(struct inspection *in)
{
    if (in->live && fflush(stdout) != 0)
        exit_stdout_failed();
}
