/*
 * choices: the input of a target as choices of a generator, a byte each. When they have run out,
 * all further ones are 0, so that every input ends.
 */
#ifndef TESTS_FUZZ_CHOICES_H
#define TESTS_FUZZ_CHOICES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct choices {
    const uint8_t *at, *end;
};

/* A number below `count`. */
static unsigned choose(struct choices *choices, unsigned count)
{
    return choices->at < choices->end ? *choices->at++ % count : 0;
}

/* What was made; what does not fit is left out. */
struct made {
    size_t len;
    char text[16384];
};

static void make_bytes(struct made *made, const void *bytes, size_t len)
{
    if (len <= sizeof made->text - made->len) {
        memcpy(made->text + made->len, bytes, len);
        made->len += len;
    }
}

static void make_byte(struct made *made, unsigned byte)
{
    make_bytes(made, &(uint8_t){(uint8_t)byte}, 1);
}

static void make_text(struct made *made, const char *text)
{
    make_bytes(made, text, strlen(text));
}

#endif
