#include "cmd/wscat/input/perform.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <ws/frame.h>

static char done[256];

static bool do_send(void *context, unsigned opcode, unsigned flags, void *data, size_t len)
{
    (void)context, (void)flags;
    snprintf(done, sizeof done, "send %u %.*s", opcode, (int)len, (const char *)data);
    return true;
}

static void do_control(void *context, unsigned opcode, const void *data, size_t len)
{
    (void)context;
    snprintf(done, sizeof done, "%s %.*s", ws_opcode_name(opcode), (int)len, (const char *)data);
}

static void do_close(void *context, unsigned code, const char *reason)
{
    (void)context;
    snprintf(done, sizeof done, "close %u %s", code, reason);
}

static const struct slash_ops ops = {.send = do_send, .control = do_control, .close = do_close};

/* The line does that; with `problem` nothing, since something is wrong with it. */
static void does(const char *line, const char *expected, bool problem)
{
    done[0] = '\0';
    struct perform perform = {.ops = &ops, .quiet = true};
    const char *said = perform_record(&perform, line, strlen(line));
    if (problem != (said != NULL) || strcmp(done, expected) != 0)
        fail_msg("%s: did '%s', said '%s'", line, done, said ? said : "");
}

static void records(void **state)
{
    (void)state;
    does("{\"type\":\"text\",\"data\":\"hi\"}", "send 1 hi", false);
    does("{\"data\":\"hi\"}", "send 1 hi", false);
    does("{\"type\":\"binary\",\"b64\":\"YWI=\"}", "send 2 ab", false);
    does("{\"type\":\"ping\",\"data\":\"x\"}", "ping x", false);
    does("{\"type\":\"pong\"}", "pong ", false);
    does("{\"type\":\"close\"}", "close 1005 ", false);
    does("{\"type\":\"close\",\"code\":4000,\"reason\":\"why\"}", "close 4000 why", false);
}

/* What wscat prints itself can be read back: what cannot be sent is skipped. */
static void skipped(void **state)
{
    (void)state;
    does("{\"type\":\"open\",\"url\":\"ws://h/\",\"status\":101}", "", false);
    does("{\"type\":\"error\",\"name\":\"x\"}", "", false);
    does("", "", false);
    does(" \r", "", false);
}

#define OPEN(dir) "{\"type\":\"open\",\"dir\":\"" dir "\",\"status\":101}"
#define TEXT(dir) "{\"type\":\"text\",\"dir\":\"" dir "\",\"data\":\"x\"}"

/* A client's recording or a server's, played back as either. */
static void sides(void **state)
{
    static const struct {
        bool server;
        const char *open, *sent, *skipped;
    } rows[] = {
        {false, NULL, TEXT("out"), TEXT("in")},
        {true, NULL, TEXT("out"), TEXT("in")},
        {false, OPEN("in"), TEXT("out"), TEXT("in")},
        {false, OPEN("out"), TEXT("in"), TEXT("out")},
        {false, "{\"type\":\"open\",\"dir\":\"out\"}", TEXT("out"), TEXT("in")},
        {true, OPEN("in"), TEXT("in"), TEXT("out")},
        {true, OPEN("out"), TEXT("out"), TEXT("in")},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct perform perform = {.ops = &ops, .server = rows[i].server, .quiet = true};
        const char *const lines[] = {rows[i].open, rows[i].skipped, rows[i].sent,
                                     "{\"data\":\"y\"}"};
        const char *const expected[] = {"", "", "send 1 x", "send 1 y"};
        for (size_t k = rows[i].open ? 0 : 1; k < 4; k++) {
            done[0] = '\0';
            assert_null(perform_record(&perform, lines[k], strlen(lines[k])));
            assert_string_equal(done, expected[k]);
        }
    }
}

static void wrong(void **state)
{
    char line[256] = "{\"type\":\"ping\",\"data\":\"";
    (void)state;
    does("hello", "", true);
    does("{\"type\":\"nonsense\"}", "", true);
    does("{\"type\":\"text\",\"b64\":\"?\"}", "", true);
    memset(line + strlen(line), 'x', WS_CONTROL_PAYLOAD_MAX + 1);
    does(strcat(line, "\"}"), "", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),
        cmocka_unit_test(skipped),
        cmocka_unit_test(sides),
        cmocka_unit_test(wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
