#include "cmd/wsframe/text/trace_call.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct trace_call call_in(const char *line)
{
    const char *quote = strchr(line, '"');
    assert_non_null(quote);
    return trace_call_of((const uint8_t *)line, strlen(line), (size_t)(quote - line),
                         &(struct trace_call){0});
}

static void calls(void **state)
{
    (void)state;
    struct trace_call call = call_in("write(12, \"\\201\\0\", 2) = 2\n");
    assert_true(call.known && call.traced && !call.failed);
    assert_int_equal(call.side, PIECE_ONE);
    assert_int_equal(call.fd, 12);
    assert_int_equal(call.total, 2);
    call = call_in("read(3<TCP:[1]>, \"\\201\", 9) = -1 EAGAIN\n");
    assert_true(call.failed);
    assert_int_equal(call.side, PIECE_OTHER);
    assert_int_equal(call.fd, 3);
    call = call_in("<... read resumed>\"\\201\", 9) = 1\n");
    assert_true(call.traced);
    assert_int_equal(call.fd, -1);
    assert_false(call_in("send(\"\\201\")\n").traced);
    assert_false(call_in("say \"hello\"\n").known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
