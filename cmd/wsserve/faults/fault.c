#include "cmd/wsserve/faults/fault.h"

#include "cmd/common/units.h"

#include <stdlib.h>
#include <string.h>

enum arg { NONE, DURATION, STATUS, NUMBER };

static const struct {
    const char *name;
    enum arg arg;
    uint32_t usual;      /* where no argument is given */
    uint32_t least;      /* of NUMBER */
    const char *expects; /* of the argument */
} table[FAULT_COUNT] = {
    [FAULT_DELAY] = {"delay", DURATION, 100, 0, "delay[:DURATION]"},
    [FAULT_REJECT] = {"reject", STATUS, 503, 0, "reject[:STATUS], a status from 300 to 599"},
    [FAULT_CLOSE_AFTER] = {"close-after", NUMBER, 1, 0, "close-after[:MESSAGES]"},
    [FAULT_ABORT_AFTER] = {"abort-after", NUMBER, 1, 0, "abort-after[:MESSAGES]"},
    [FAULT_NO_PONG] = {"no-pong", NONE, 0, 0, NULL},
    [FAULT_NO_CLOSE_REPLY] = {"no-close-reply", NONE, 0, 0, NULL},
    [FAULT_MASK] = {"mask", NONE, 0, 0, NULL},
    [FAULT_BAD_UTF8] = {"bad-utf8", NONE, 0, 0, NULL},
    [FAULT_RSV] = {"rsv", NONE, 0, 0, NULL},
    [FAULT_TRUNCATE] = {"truncate", NUMBER, 1, 1, "truncate[:BYTES], at least 1"},
    [FAULT_SPLIT_WRITES] = {"split-writes", NUMBER, 1, 1, "split-writes[:BYTES], at least 1"},
    [FAULT_DROP] = {"drop", NONE, 0, 0, NULL},
    [FAULT_DUPLICATE] = {"duplicate", NONE, 0, 0, NULL},
    [FAULT_REORDER] = {"reorder", NONE, 0, 0, NULL},
    [FAULT_FLIP] = {"flip", NUMBER, 1, 1, "flip[:BITS], at least 1"},
    [FAULT_WRONG_ACCEPT] = {"wrong-accept", NONE, 0, 0, NULL},
};

const char fault_names[] =
    "delay|reject|close-after|abort-after|no-pong|no-close-reply|mask|bad-utf8|"
    "rsv|truncate|split-writes|drop|duplicate|reorder|flip|wrong-accept";

static const char expected_name[] =
    "one of delay, reject, close-after, abort-after, no-pong, no-close-reply, mask, bad-utf8, rsv, "
    "truncate, split-writes, drop, duplicate, reorder, flip, wrong-accept, optionally "
    "followed by :ARG and @PROB";

const char *fault_name(enum fault_name name)
{
    return (unsigned)name < FAULT_COUNT ? table[name].name : "unknown";
}

static bool parse_probability(const char *text, uint64_t *probability)
{
    char *end;
    /* Digits and a point only: strtod() accepts far more. */
    size_t len = strspn(text, "0123456789.");
    if (len == 0 || (text[len] && strcmp(text + len, "%") != 0))
        return false;
    double value = strtod(text, &end);
    if (end != text + len)
        return false;
    if (*end)
        value /= 100;
    if (!(value >= 0 && value <= 1))
        return false;
    *probability = (uint64_t)(value * 4294967296.0);
    return true;
}

static bool parse_arg(enum fault_name name, const char *text, uint32_t *arg)
{
    uint64_t number = 0;
    int64_t us = 0;
    switch (table[name].arg) {
    case NONE:
        return false;
    case DURATION:
        if (units_duration(text, &us) != UNITS_OK || us > INT64_C(86400000000))
            return false;
        *arg = units_milliseconds(us);
        return true;
    case STATUS:
        if (units_number(text, 300, 599, &number) != UNITS_OK)
            return false;
        break;
    case NUMBER:
        if (units_number(text, table[name].least, 1000000000, &number) != UNITS_OK)
            return false;
        break;
    }
    *arg = (uint32_t)number;
    return true;
}

const char *fault_parse(const char *text, struct fault *fault)
{
    char word[64];
    size_t name_len = strcspn(text, ":@");
    size_t len = strcspn(text, "@");
    *fault = (struct fault){.name = FAULT_COUNT, .probability = UINT64_C(1) << 32};
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strlen(table[i].name) == name_len && memcmp(table[i].name, text, name_len) == 0)
            fault->name = (enum fault_name)i;
    if (fault->name == FAULT_COUNT)
        return expected_name;
    fault->arg = table[fault->name].usual;
    if (text[len] == '@' && !parse_probability(text + len + 1, &fault->probability))
        return "NAME[:ARG]@PROB, a probability from 0 to 1 or from 0% to 100%";
    if (len == name_len)
        return NULL;
    size_t arg_len = len - name_len - 1;
    if (arg_len < sizeof word) {
        memcpy(word, text + name_len + 1, arg_len);
        word[arg_len] = '\0';
        if (parse_arg(fault->name, word, &fault->arg))
            return NULL;
    }
    return table[fault->name].expects ? table[fault->name].expects
                                      : "a fault that takes an argument";
}

/* splitmix64 finalizer. */
static uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t fault_hash(uint64_t seed, uint64_t place, uint64_t conn, uint64_t about, uint64_t k)
{
    return mix64(mix64(mix64(mix64(seed) ^ conn) ^ (place << 8 | about)) ^ k);
}

const struct fault *fault_happens(const struct faults *faults, enum fault_name name, uint64_t conn,
                                  enum fault_about about, uint64_t k)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->list[i];
        if (fault->name == name &&
            fault_hash(faults->seed, i, conn, (uint64_t)about, k) >> 32 < fault->probability)
            return fault;
    }
    return NULL;
}

uint64_t fault_number(const struct faults *faults, enum fault_name name, uint64_t conn, uint64_t k,
                      uint64_t bound)
{
    return fault_hash(~faults->seed, (uint64_t)name, conn, 0, k) % bound;
}
