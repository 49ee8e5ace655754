#include "tests/unit/wsbench/report/made_up.h"

#include <ws/version.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/wsbench/report/printed.h"

static struct made_up *m;

static int set_up(void **state)
{
    (void)state;
    m = made_up();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    made_up_free(m);
    return 0;
}

/* What is printed; the caller frees it. */
static char *printed(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    report_text(&m->report, out);
    fclose(out);
    return text;
}

static const char whole[] =
    ": echo on bench.example:8443/chat?room=1, 4 connections, 2 threads, 100 B, 1000 msg/s, 2.00 "
    "s\n"
    "\n"
    "RTT             p50 500 us   p90 900 us   p99 990 us   p99.9 999 us   max 1.00 ms   (from "
    "when "
    "each was due)\n"
    "rate            sent 1000 msg/s, 97.7 KiB/s   received 995 msg/s, 97.2 KiB/s\n"
    "messages        2000 sent, 1990 received, 10 lost, 3 duplicated, 0 reordered, 0 corrupted\n"
    "                4 of those lost were answered later than --timeout\n"
    "                15 were due and not sent: the window was full\n"
    "                7 came unasked\n"
    "connections     5 tried, 4 opened, 1 failed, 1 dropped by the server or lost; 8.00 conn/s\n"
    "                1 × the connection could not be made\n"
    "                1 × closed by the server with 1008 (policy violation)\n"
    "                3 × closed by this client, answered with 1000 (normal closure)\n"
    "                1 × refused with HTTP status 503\n"
    "verdict         1 connection failed, 1 dropped: connect: refused\n"
    "                10 messages lost, 3 duplicated, 0 reordered, 0 corrupted\n"
    "\n"
    "times                 p50    p99.9      max\n"
    "RTT, from due      500 us   999 us  1.00 ms\n"
    "RTT, from send     250 us   499 us   500 us\n"
    "send lag            50 us    99 us   100 us\n"
    "TCP connect        200 us   200 us   200 us\n"
    "\n"
    "time            500 ms to connect, 2.00 s of load\n"
    "client          0.25 s of CPU, the busiest thread 12% of a core\n";

static void the_whole_report(void **state)
{
    (void)state;
    char *text = printed();
    static const char head[] = "wsbench " WS_VERSION;
    assert_memory_equal(text, head, sizeof head - 1);
    assert_string_equal(text + sizeof head - 1, whole);
    free(text);
}

static void what_was_not_measured_is_left_out(void **state)
{
    (void)state;
    memset(&m->result.totals.rtt, 0, sizeof m->result.totals.rtt);
    m->settings.rate = 0;
    m->settings.connections = 1;
    m->settings.threads = 1;
    lacks("RTT");
    lacks("send lag");
    has("1 connection, 1 thread, 100 B, window 8, 2.00 s");
    m->settings.messages = 1;
    has("100 B, window 8, 1 message, at most 2.00 s");
    m->settings.messages = 0;
    m->settings.mode = MODE_IDLE;
    lacks("messages   ");
    lacks("100 B");
    lacks("window");
    lacks("rate ");
    has("connections     5 tried");
}

static void each_mode_in_its_words(void **state)
{
    (void)state;
    m->settings.mode = MODE_BROADCAST;
    has("delivery        p50 500 us");
    lacks("RTT");
    m->settings.mode = MODE_CHURN;
    m->result.opening = true;
    m->result.totals.unsent[UNSENT_WINDOW] = 3;
    has("1000 conn/s");
    has("3 were due and not sent: all places were taken");
    has("2.00 conn/s"); /* over the load, not over the connecting */
}

static void what_sharing_saves(void **state)
{
    struct totals *t = &m->result.totals;
    (void)state;
    lacks("HTTP/2 ");
    m->settings.streams = 2;
    t->streams = 4;
    histogram_add(&t->tls, 1000);
    has("4 connections, 2 threads, 2 a TCP connection");
    has("HTTP/2          4 WebSockets over 1 TCP connection; 8.00 stream/s, 2.00 TCP/s, 2.00 "
        "TLS/s");
}

static void what_goes_wrong_where_nothing_opens(void **state)
{
    (void)state;
    m->settings.target.http2 = TARGET_HTTP2_PRIOR;
    m->result.totals.causes[WS_E_HTTP2] = 2;
    has("2 × the peer broke a rule of HTTP/2");
    m->result.totals.opened = 0;
    has("2 × the server did not answer in HTTP/2, which --http2=prior begins with (RFC 9113 3.3)");
    has("1 × the connection could not be made");
}

static void connections_that_come_and_go(void **state)
{
    (void)state;
    struct totals *t = &m->result.totals;
    t->unfinished = 3;
    t->returned = 6;
    t->not_returned = 2;
    t->renewed = 4;
    t->given_up = 5;
    histogram_add(&t->back, INT64_C(1500000000));
    has("3 × still being opened at the end");
    has("6 × opened again, 2 not back at the end");
    has("all were back after 1.50 s at most");
    has("4 × renewed after --channel-lifetime");
    has("5 × given up: the answers are corrupt");
    tally_add(&t->client_closes, 1006, 2);
    has("2 × closed by this client, not answered");
    lacks("1006");
    for (unsigned code = 4000; code < 4000 + TALLY_ROWS + 3; code++)
        tally_add(&t->server_closes, code, 1);
    has("4 × closed by the server with other codes");
}

static void the_server_and_the_client(void **state)
{
    (void)state;
    m->result.probe = (struct probe){
        .ok = true,
        .before = {.rss = 10 << 20},
        .loaded = {.rss = 30 << 20, .cpu_s = 1},
        .after = {.cpu_s = 1.5},
        .rss_most = 40 << 20,
        .files_most = 123,
    };
    has("server          RSS 10.0 MiB before, 30.0 MiB with the connections, 40.0 MiB at most; 123 "
        "descriptors at most\n"
        "                0.50 s of CPU during the load, 3980 msg/s of it");
    m->result.loaded_opened = 1024;
    has("20480 B of RSS a connection");
    m->result.totals.busiest = 0.95;
    has("95% of a core: it may have been the bottleneck; try more --threads");
}

static void compression(void **state)
{
    (void)state;
    lacks("compression");
    m->settings.compress.wanted = true;
    has("compression     none\n");
    m->settings.compress.config.threshold = 1024;
    has("compression     none: the messages are smaller than the threshold");
    m->result.totals.deflate.messages_out = 1;
    m->result.totals.deflate.plain_out = 1000;
    m->result.totals.deflate.wire_out = 250;
    has("compression     sent 1000 B");
}

static void latency_on_demand(void **state)
{
    (void)state;
    lacks("spectrum");
    m->settings.latency = true;
    has("spectrum");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_report, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_measured_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_mode_in_its_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_sharing_saves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_goes_wrong_where_nothing_opens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_that_come_and_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_server_and_the_client, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compression, set_up, tear_down),
        cmocka_unit_test_setup_teardown(latency_on_demand, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
