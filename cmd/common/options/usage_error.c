#include "cmd/common/options/usage_error.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"

#include <stdarg.h>
#include <stdio.h>

static FILE *errors(const struct options *options)
{
    return options->err ? options->err : stderr;
}

static void print_error(const struct options *options, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void print_error(const struct options *options, const char *format, va_list args)
{
    char text[1024], safe[2048];
    int len = vsnprintf(text, sizeof text, format, args);
    if (len < 0)
        len = 0;
    hex_escape(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1, 0, safe,
               sizeof safe, NULL);
    fprintf(errors(options), "%s: %s\n", options->tool, safe);
}

bool options_refuse(struct options *options, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_error(options, format, args);
    va_end(args);
    options->status = WS_EXIT_USAGE;
    return false;
}

bool options_no_memory(struct options *options)
{
    options_refuse(options, "out of memory");
    options->status = WS_EXIT_FAILURE;
    return false;
}

void options_point_to_help(const struct options *options)
{
    fprintf(errors(options), "Try '%s --help' for more.\n", options->tool);
}

int options_usage_error(const struct options *options, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_error(options, format, args);
    va_end(args);
    options_point_to_help(options);
    return WS_EXIT_USAGE;
}
