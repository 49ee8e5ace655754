#include "cmd/wsserve/options/kill_sequence.h"

#include "cmd/common/units.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"SIGTERM", SIGTERM}, {"SIGKILL", SIGKILL}, {"SIGHUP", SIGHUP},   {"SIGINT", SIGINT},
    {"SIGQUIT", SIGQUIT}, {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGPIPE", SIGPIPE},
    {"SIGSEGV", SIGSEGV}, {"SIGABRT", SIGABRT}, {"SIGBUS", SIGBUS},   {"SIGFPE", SIGFPE},
    {"SIGILL", SIGILL},   {"SIGALRM", SIGALRM}, {"SIGXCPU", SIGXCPU}, {"SIGSYS", SIGSYS},
};

const char *kill_signal_name(int signal_number, char *text, size_t size)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].number == signal_number)
            return signals[i].name;
    snprintf(text, size, "signal %d", signal_number);
    return text;
}

static int signal_of(const char *name)
{
    uint64_t number;
    if (units_number(name, 1, 31, &number) == UNITS_OK)
        return (int)number;
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcasecmp(signals[i].name + 3, name) == 0)
            return signals[i].number;
    return 0;
}

bool kill_sequence_parse(const char *text, struct kill_sequence *kill)
{
    struct kill_sequence read = {0};
    for (const char *next; text; text = next) {
        char step[64];
        size_t len = strcspn(text, ",");
        int64_t wait = KILL_STEP_MS * 1000;
        next = text[len] ? text + len + 1 : NULL;
        if (len >= sizeof step || read.count == KILL_STEPS_MAX)
            return false;
        memcpy(step, text, len);
        step[len] = 0;
        char *colon = strchr(step, ':');
        if (colon) {
            *colon = 0;
            if (units_duration(colon + 1, &wait) != UNITS_OK || wait > 3600 * INT64_C(1000000))
                return false;
        }
        int number = signal_of(step);
        if (number == 0)
            return false;
        read.step[read.count].signal = number;
        read.step[read.count++].wait_ms = units_milliseconds(wait);
    }
    if (read.count == 0)
        return false;
    if (read.step[read.count - 1].signal != SIGKILL) {
        read.step[read.count].signal = SIGKILL;
        read.step[read.count++].wait_ms = KILL_STEP_MS;
    }
    *kill = read;
    return true;
}
