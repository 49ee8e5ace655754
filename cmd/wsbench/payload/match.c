#include "cmd/wsbench/payload/match.h"

#include "cmd/common/pattern.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint64_t hash(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

bool match_init(struct match *m, const char *text, char *problem, size_t size)
{
    static const char *const names[] = {
        [MATCH_ECHO] = "echo", [MATCH_SEQ] = "seq", [MATCH_ANY] = "any"};
    *m = (struct match){.kind = MATCH_ECHO};
    for (int kind = 0; kind <= MATCH_ANY; kind++) {
        if (names[kind] && strcmp(names[kind], text) == 0) {
            m->kind = (enum match_kind)kind;
            return true;
        }
    }
    if (strncmp(text, "json:", 5) == 0 && text[5]) {
        m->kind = MATCH_JSON;
        m->argument = text + 5;
        return true;
    }
    if (strncmp(text, "regex:", 6) != 0) {
        snprintf(problem, size, "'%s' is not echo, seq, regex:R, json:PATH or any", text);
        return false;
    }
    m->kind = MATCH_REGEX;
    m->argument = text + 6;
    m->compiled = pattern_compile(&m->regex, m->argument, 0, problem, size);
    return m->compiled;
}

void match_free(struct match *m)
{
    if (m->compiled)
        regfree(&m->regex);
    m->compiled = false;
}

static enum match_result first_number(const char *text, size_t len, uint64_t *key)
{
    size_t i = 0;
    while (i < len && (text[i] < '0' || text[i] > '9'))
        i++;
    if (i == len)
        return MATCH_NONE;
    for (*key = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        *key = *key * 10 + (uint64_t)(text[i] - '0');
    return MATCH_KEY;
}

bool match_search(const regex_t *regex, const void *data, size_t len, regmatch_t *groups,
                  size_t count)
{
    char text[MATCH_SEARCHED + 1]; /* regexec() may look for the end of a string */
    size_t searched = len < MATCH_SEARCHED ? len : MATCH_SEARCHED;
    memcpy(text, data, searched);
    text[searched] = '\0';
    return pattern_search(regex, text, searched, groups, count, searched < len ? REG_NOTEOL : 0);
}

static enum match_result first_group(const struct match *m, const char *text, size_t len,
                                     uint64_t *key)
{
    regmatch_t groups[2];
    if (!match_search(&m->regex, text, len, groups, 2))
        return MATCH_NONE;
    if (groups[1].rm_so < 0)
        return MATCH_ORDER;
    *key = hash(text + groups[1].rm_so, (size_t)(groups[1].rm_eo - groups[1].rm_so));
    return MATCH_KEY;
}

static enum match_result value_at(const struct match *m, const char *text, size_t len,
                                  uint64_t *key)
{
    json_t *root = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const json_t *value = root;
    for (const char *at = m->argument; value && *at;) {
        size_t part = strcspn(at, ".");
        value = json_object_getn(value, at, part);
        at += part + (at[part] == '.');
    }
    char *dump = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (dump)
        *key = hash(dump, strlen(dump));
    enum match_result result = dump ? MATCH_KEY : MATCH_NONE;
    free(dump);
    json_decref(root);
    return result;
}

enum match_result match_key(const struct match *m, const void *data, size_t len, uint64_t *key)
{
    switch (m->kind) {
    case MATCH_ECHO:
        *key = hash(data, len);
        return MATCH_KEY;
    case MATCH_SEQ:
        return first_number(data, len, key);
    case MATCH_REGEX:
        return first_group(m, data, len, key);
    case MATCH_JSON:
        return value_at(m, data, len, key);
    default:
        return MATCH_ORDER;
    }
}
