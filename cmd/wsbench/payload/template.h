/*
 * template: texts with places that are filled in for each message: {{seq}}, {{conn}}, {{uuid}},
 * {{rand:1-100}}, {{now_us}}, {{line:FILE}}.
 *
 * Parsed once, before the workers start, and shared by them: expanding changes nothing in it.
 */
#ifndef CMD_WSBENCH_PAYLOAD_TEMPLATE_H
#define CMD_WSBENCH_PAYLOAD_TEMPLATE_H

#include "libws/proto/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct template_part;

struct template
{
    struct template_part *parts; /* owned */
    size_t count;
};

/* What the places are filled with. */
struct template_values {
    uint64_t seq;     /* number of the message on its connection, from 0 */
    uint64_t conn;    /* number of the connection, from 0 */
    uint64_t *random; /* state of the generator: any number to begin with */
};

/*
 * Parses `len` bytes; FILEs are read. A "{{" that begins no word is text; a word that is no place
 * is a mistake. False after writing why, in `size` bytes, to `problem`; where a file cannot be read
 * it is printed, and `problem` is "". Free it with template_free() in either case.
 */
bool template_parse(struct template *template, const char *text, size_t len, char *problem,
                    size_t size);
void template_free(struct template *template);

/* Is there a place in it? Without one every message is the same. */
bool template_varies(const struct template *template);

/* Appends the text to `*out`. False without memory. {{line:FILE}} is line conn + seq, counted from
 * 0 and from the beginning again after the last. */
bool template_expand(const struct template *template, const struct template_values *values,
                     struct ws_bytes **out);

#endif
