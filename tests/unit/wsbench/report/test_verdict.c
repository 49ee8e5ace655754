#include "cmd/wsbench/report/verdict.h"

#include "cmd/common/exit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct settings settings;
static struct result result;
static struct verdict verdict;

static int set_up(void **state)
{
    (void)state;
    memset(&settings, 0, sizeof settings);
    memset(&result, 0, sizeof result);
    settings.window = 1;
    settings.size = (struct size_range){20, 20};
    result.totals.tried = result.totals.opened = 1;
    result.totals.sent = result.totals.received = 1000;
    return 0;
}

static void ends_with(int status, unsigned lines, const char *text)
{
    verdict_make(&settings, &result, &verdict);
    assert_int_equal(verdict.status, status);
    assert_int_equal(verdict.count, lines);
    if (lines)
        assert_non_null(strstr(verdict.lines[0], text));
}

static void all_is_well(void **state)
{
    (void)state;
    ends_with(WS_EXIT_OK, 0, "");
    result.totals.busiest = 0.95;
    ends_with(WS_EXIT_OK, 1, "the client was busy");
    assert_true(verdict.note[0]);
}

static void what_small_messages_cannot_tell(void **state)
{
    (void)state;
    settings.size.most = 0;
    ends_with(WS_EXIT_OK, 1, "messages of 0 B are all alike");
    assert_true(verdict.note[0]);
    settings.size.most = 1;
    ends_with(WS_EXIT_OK, 1, "messages of 1 B have no place for a check");
    settings.window = 9;
    ends_with(WS_EXIT_OK, 1,
              "messages of 1 B have 32 numbers: an answer that 16 others overtook counts as "
              "another's, and not every changed byte is noticed");
    settings.size.most = 2;
    settings.window = 1000;
    ends_with(WS_EXIT_OK, 1, "messages of 2 B have 1024 numbers: an answer that 512 others");
    settings.size.most = 3;
    ends_with(WS_EXIT_OK, 1, "messages of 3 B have no place for a check");
    settings.size.most = 4;
    ends_with(WS_EXIT_OK, 0, "");
    settings.size.most = 0;
    settings.mode = MODE_SINK; /* nothing comes back */
    ends_with(WS_EXIT_OK, 0, "");
}

static void losses_and_drops(void **state)
{
    (void)state;
    result.totals.lost = 1;
    ends_with(WS_EXIT_FAILURE, 1, "1 message lost");
    result.totals.dropped = 2;
    ends_with(WS_EXIT_FAILURE, 2, "2 dropped");
}

static void the_rate(void **state)
{
    (void)state;
    settings.rate = 1000;
    result.rate_per_s = 490;                  /* the figure that the report has */
    result.totals.unsent[UNSENT_WINDOW] = 10; /* one in a hundred is allowed */
    ends_with(WS_EXIT_OK, 0, "");
    result.totals.unsent[UNSENT_QUEUE] = 10;
    ends_with(WS_EXIT_FAILURE, 1,
              "the rate of 1000/s was not reached: 490 msg/s; 20 messages were due and not sent "
              "(10 since the window was full, 10 since the server did not read)");
}

static void no_connection_nothing_measured_interrupted(void **state)
{
    (void)state;
    result.totals.received = 0;
    ends_with(WS_EXIT_FAILURE, 1, "nothing was measured");
    result.totals.own = 3;
    ends_with(WS_EXIT_FAILURE, 1, "no message came back to another connection than its sender's");
    result.totals.own = 0;
    result.signal_number = SIGTERM;
    ends_with(WS_EXIT_SIGTERM, 1, "interrupted by SIGTERM");
    result.totals.lost = 3; /* what went wrong until then is said */
    ends_with(WS_EXIT_SIGTERM, 2, "interrupted by SIGTERM");
    assert_non_null(strstr(verdict.lines[1], "3 messages lost"));
    result.totals.opened = 0;
    result.totals.first_error = WS_E_CONNECT;
    strcpy(result.totals.first_detail, "connect: refused");
    ends_with(WS_EXIT_CONNECT, 1, "no connection could be opened: connect: refused");
    strcpy(result.problem, "no process has the id 1");
    result.problem_status = WS_EXIT_FAILURE;
    ends_with(WS_EXIT_FAILURE, 1, "no process has the id 1");
}

static void answers_to_others(void **state)
{
    (void)state;
    result.totals.corrupted = 30;
    result.totals.others = 30;
    ends_with(WS_EXIT_FAILURE, 2, "30 corrupted");
    assert_non_null(
        strstr(verdict.lines[1], "at least 30 of those were messages of other connections"));
    assert_non_null(strstr(verdict.lines[1], "--mode=broadcast"));
    assert_true(verdict.note[1]);
    result.totals.others = 0;
    ends_with(WS_EXIT_FAILURE, 1, "30 corrupted");
}

static void gates(void **state)
{
    static const char *texts[] = {"loss>50%"};
    (void)state;
    settings.fail_if = (struct option_list){texts, 1};
    condition_read(&settings.failing[0], texts[0]);
    result.totals.lost = 1;
    ends_with(WS_EXIT_OK, 1, "1 message lost"); /* the gate decides about losses */
    result.totals.lost = 2000;
    ends_with(WS_EXIT_ASSERTION, 2, "2000 messages lost");
    assert_non_null(strstr(verdict.lines[1], "--fail-if='loss>50%': it is 66.7%"));
}

/* A gate that was met is the exit status, whatever else is wrong: but for a signal. */
static void a_gate_counts_most(void **state)
{
    static const char *texts[] = {"loss>50%"};
    (void)state;
    settings.fail_if = (struct option_list){texts, 1};
    condition_read(&settings.failing[0], texts[0]);
    result.totals.lost = 2000;
    verdict_make(&settings, &result, &verdict);
    verdict_add(&verdict, WS_EXIT_CONNECT, "another report failed");
    assert_int_equal(verdict.status, WS_EXIT_ASSERTION);
    result.signal_number = SIGINT;
    verdict_make(&settings, &result, &verdict);
    assert_int_equal(verdict.status, WS_EXIT_SIGINT);
}

static void close_frames_without_an_answer(void **state)
{
    (void)state;
    tally_add(&result.totals.client_closes, 1000, 5);
    ends_with(WS_EXIT_OK, 0, "");
    tally_add(&result.totals.client_closes, 1006, 3);
    ends_with(WS_EXIT_OK, 1, "the close frame of 3 connections was not answered");
    assert_true(verdict.note[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_is_well, set_up),
        cmocka_unit_test_setup(what_small_messages_cannot_tell, set_up),
        cmocka_unit_test_setup(losses_and_drops, set_up),
        cmocka_unit_test_setup(the_rate, set_up),
        cmocka_unit_test_setup(no_connection_nothing_measured_interrupted, set_up),
        cmocka_unit_test_setup(answers_to_others, set_up),
        cmocka_unit_test_setup(gates, set_up),
        cmocka_unit_test_setup(a_gate_counts_most, set_up),
        cmocka_unit_test_setup(close_frames_without_an_answer, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
