#include "cmd/wsframe/read/recording.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct recording recording;

/* The connection of the next record. */
static size_t conn_of(const char *line)
{
    struct record_in in;
    assert_null(record_read(&in, line, strlen(line)));
    size_t conn = recording_take(&recording, &in);
    record_in_free(&in);
    return conn;
}

/* Is the next record about what a client has sent? */
static bool from_client(const char *line)
{
    struct record_in in;
    assert_null(record_read(&in, line, strlen(line)));
    size_t conn = recording_take(&recording, &in);
    bool client = recording_from_client(&recording, conn, &in);
    record_in_free(&in);
    return client;
}

static void test_opening_tells_the_side(void **state)
{
    (void)state;
    conn_of("{\"dir\":\"in\",\"type\":\"open\",\"url\":\"ws://x/\"}");
    assert_true(from_client("{\"dir\":\"out\",\"data\":\"a\"}"));
    assert_false(from_client("{\"dir\":\"in\",\"data\":\"a\"}"));
    conn_of("{\"conn\":1,\"dir\":\"out\",\"type\":\"open\",\"url\":\"ws://x/\"}");
    assert_false(from_client("{\"conn\":1,\"dir\":\"out\",\"data\":\"a\"}"));
    assert_true(from_client("{\"conn\":1,\"dir\":\"in\",\"data\":\"a\"}"));
    /* The one without a name is the client's still. */
    assert_true(from_client("{\"dir\":\"out\",\"data\":\"a\"}"));
    recording_forget(&recording);
}

static void test_old_records_of_pipe(void **state)
{
    (void)state;
    conn_of("{\"conn\":\"mg-1\",\"dir\":\"in\",\"type\":\"open\",\"url\":\"/chat\"}");
    assert_true(from_client("{\"conn\":\"mg-1\",\"dir\":\"in\",\"data\":\"a\"}"));
    recording_forget(&recording);
}

static void test_without_an_opening(void **state)
{
    (void)state;
    assert_true(from_client("{\"data\":\"a\"}"));
    assert_true(from_client("{\"conn\":7,\"dir\":\"out\",\"data\":\"a\"}"));
    assert_true(from_client("{\"conn\":\"mg-7\",\"dir\":\"in\",\"data\":\"a\"}"));
    recording_forget(&recording);
    /* What the other connections are. */
    conn_of("{\"conn\":2,\"dir\":\"out\",\"type\":\"open\"}");
    assert_true(from_client("{\"conn\":1,\"dir\":\"in\",\"data\":\"a\"}"));
    recording_forget(&recording);
}

static void test_connections_are_numbered(void **state)
{
    (void)state;
    assert_int_equal(conn_of("{\"data\":\"a\"}"), 1);
    assert_int_equal(conn_of("{\"conn\":5,\"data\":\"a\"}"), 2);
    assert_int_equal(conn_of("{\"conn\":5,\"stream\":3,\"data\":\"a\"}"), 3);
    assert_int_equal(conn_of("{\"conn\":5,\"stream\":5,\"data\":\"a\"}"), 4);
    assert_int_equal(conn_of("{\"conn\":5,\"stream\":3,\"data\":\"a\"}"), 3);
    assert_int_equal(conn_of("{\"type\":\"open\"}"), 5);
    assert_int_equal(conn_of("{\"data\":\"a\"}"), 5);
    assert_int_equal(conn_of("{\"type\":\"open\"}"), 6);
    assert_int_equal(conn_of("{\"conn\":5,\"data\":\"a\"}"), 2);
    recording_forget(&recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening_tells_the_side),
        cmocka_unit_test(test_old_records_of_pipe),
        cmocka_unit_test(test_without_an_opening),
        cmocka_unit_test(test_connections_are_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
