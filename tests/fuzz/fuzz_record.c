/*
 * JSON Lines: a line that is taken, written again as a record and read again has the same content;
 * one that is not has a reason of one line.
 */
#include "cmd/common/json.h"
#include "cmd/common/record/record_read.h"
#include "tests/fuzz/fuzz.h"

static bool has_payload(enum record_type type)
{
    return type == RECORD_TEXT || type == RECORD_BINARY || type == RECORD_PING ||
           type == RECORD_PONG;
}

static void check_again(const struct record_in *in)
{
    struct record record = {.direction = in->direction,
                            .type = in->type,
                            .elapsed_us = in->elapsed_us,
                            .data = in->data,
                            .len = in->len};
    struct json json = {0};
    struct record_in again;
    record_write(&json, &record);
    CHECK(!json.failed && json.len > 0 && json.data[json.len - 1] == '\n');
    CHECK(!memchr(json.data, '\n', json.len - 1)); /* it stays one line */
    CHECK(!record_read(&again, json.data, json.len));
    CHECK(again.type == in->type && again.len == in->len && again.direction == in->direction);
    CHECK(in->len == 0 || memcmp(again.data, in->data, in->len) == 0);
    record_in_free(&again);
    json_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record_in in;
    const char *problem = record_read(&in, data, size);
    if (problem)
        CHECK(problem[0] && !strchr(problem, '\n'));
    else if (has_payload(in.type))
        check_again(&in);
    record_in_free(&in);
    return 0;
}
