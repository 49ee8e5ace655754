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
    const char *said = perform_record(&ops, NULL, line, strlen(line));
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
}

static void wrong(void **state)
{
    char line[256] = "{\"type\":\"ping\",\"data\":\"";
    (void)state;
    does("", "", true);
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
        cmocka_unit_test(wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
