/*
 * failing: allocations that fail on demand, for tests that are linked with --wrap for malloc,
 * calloc, realloc, strdup, strndup and asprintf.
 *
 * Defines what it declares: to be included once, by the one file of such a test.
 */
#ifndef TESTS_UNIT_FAILING_H
#define TESTS_UNIT_FAILING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static bool armed; /* only the code under test fails, not what watches it */
static unsigned long calls, fail_at, failed;
static bool from_there_on;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fails(void)
{
    if (!armed)
        return false;
    calls++;
    bool now = from_there_on ? calls >= fail_at : calls == fail_at;
    failed += now;
    return now;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strndup(const char *text, size_t len)
{
    len = strnlen(text, len);
    char *copy = __wrap_malloc(len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list args;
    if (fails())
        return -1; /* and *text is whatever it was */
    va_start(args, format);
    int len = vasprintf(text, format, args);
    va_end(args);
    return len;
}

#endif
