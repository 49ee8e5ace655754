#include "libws/io/address.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct ws_str str(const char *text)
{
    return (struct ws_str){text, strlen(text)};
}

static struct ws_address address(const char *text)
{
    struct ws_address a;
    assert_true(ws_address_parse(str(text), &a));
    return a;
}

static void addresses_are_read(void **state)
{
    static const struct {
        const char *text, *shown;
        uint16_t port;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", 0},
        {"192.0.2.1:80", "192.0.2.1", 80},
        {"2001:db8::1", "2001:db8::1", 0},
        {"[2001:db8::1]", "2001:db8::1", 0},
        {"[2001:DB8:0::1]:65535", "2001:db8::1", 65535},
        {"::ffff:192.0.2.1", "192.0.2.1", 0},
        {"[::ffff:c000:201]:1", "192.0.2.1", 1},
        {"::", "::", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[WS_ADDRESS_TEXT];
        struct ws_address a = address(rows[i].text);
        assert_string_equal(ws_address_format(&a, text), rows[i].shown);
        assert_int_equal(a.port, rows[i].port);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "localhost",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "256.1.1.1",
        "0x7f.0.0.1",
        "2130706433",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:080",
        "1.2.3.4:-1",
        "[1.2.3.4]",
        "[::1",
        "[::1]x",
        "[::1]80",
        "::1%lo",
        ":::",
        "[]",
        "unknown",
        "1.2.3.4 ",
        "1.2.3.4,5.6.7.8",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ws_address a;
        char text[WS_ADDRESS_TEXT];
        assert_false(ws_address_parse(str(bad[i]), &a));
        assert_string_equal(ws_address_format(&a, text), "unknown");
    }
    assert_false(ws_address_parse((struct ws_str){"1.2.3.4\0", 8}, &(struct ws_address){0}));
}

static void host_and_port_are_split(void **state)
{
    static const struct {
        const char *text, *host;
        enum ws_host_port_error error;
        bool bracketed;
        int port; /* -1: none */
    } rows[] = {
        {"localhost:80", "localhost", WS_HOST_PORT_OK, false, 80},
        {"localhost", "localhost", WS_HOST_PORT_OK, false, -1},
        {":0", "", WS_HOST_PORT_OK, false, 0},
        {"", "", WS_HOST_PORT_OK, false, -1},
        {"[::1]:65535", "::1", WS_HOST_PORT_OK, true, 65535},
        {"[::1]", "::1", WS_HOST_PORT_OK, true, -1},
        {"::1", ":", WS_HOST_PORT_OK, false, 1},
        {"[::1", "[::1", WS_HOST_PORT_HOST, false, -1},
        {"[::1]80", "::1", WS_HOST_PORT_HOST, true, -1},
        {"a[b]", "a[b]", WS_HOST_PORT_HOST, false, -1},
        {"h:", "h", WS_HOST_PORT_PORT, false, -1},
        {"h:65536", "h", WS_HOST_PORT_PORT, false, -1},
        {"h:8o", "h", WS_HOST_PORT_PORT, false, -1},
        {"h:000080", "h", WS_HOST_PORT_PORT, false, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_host_port split;
        assert_int_equal(ws_host_port_parse(str(rows[i].text), &split), rows[i].error);
        assert_int_equal(split.host.len, strlen(rows[i].host));
        assert_memory_equal(split.host.p, rows[i].host, split.host.len);
        assert_int_equal(split.bracketed, rows[i].bracketed);
        assert_int_equal(split.has_port, rows[i].port >= 0);
        assert_int_equal(split.port, rows[i].port < 0 ? 0 : rows[i].port);
    }
}

static void host_and_port_are_written(void **state)
{
    char text[WS_ADDRESS_TEXT];
    struct sockaddr_storage storage;
    struct ws_address a = address("[2001:db8::1]:443");
    (void)state;
    assert_string_equal(ws_host_port_format("h", 80, text, sizeof text), "h:80");
    assert_string_equal(ws_host_port_format("::1", 80, text, sizeof text), "[::1]:80");
    assert_string_equal(ws_host_port_format("::1", -1, text, sizeof text), "[::1]");
    assert_string_equal(ws_host_port_format("h", -1, text, sizeof text), "h");
    ws_address_to_socket(&a, &storage);
    const struct sockaddr *socket = (const struct sockaddr *)(const void *)&storage;
    assert_string_equal(ws_socket_address_format(socket, text, sizeof text), "[2001:db8::1]:443");
    a = address("192.0.2.1:1");
    ws_address_to_socket(&a, &storage);
    assert_string_equal(ws_socket_address_format(socket, text, sizeof text), "192.0.2.1:1");
    storage.ss_family = AF_UNIX;
    assert_string_equal(ws_socket_address_format(socket, text, sizeof text), "unix");
}

static void networks_hold_what_lies_in_them(void **state)
{
    static const struct {
        const char *network, *address;
        bool in;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::ffff:10.1.1.1", true},
        {"::ffff:10.0.0.0/104", "10.1.1.1", true},
        {"10.64.0.0/10", "10.127.255.255", true},
        {"10.64.0.0/10", "10.128.0.0", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1/32", "127.0.0.1", true},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "::1", true},
        {"::/0", "1.2.3.4", false},
        {"::/0", "::ffff:1.2.3.4", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"::1/128", "::2", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_network network;
        struct ws_address a = address(rows[i].address);
        assert_true(ws_network_parse(str(rows[i].network), &network));
        if (ws_network_has(&network, &a) != rows[i].in)
            fail_msg("%s in %s", rows[i].address, rows[i].network);
    }
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "",     "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/",   "10.0.0.0/08", "10.0.0.0/-1",
        "10/8", "::1/64",     "::/129",      "[::1]",       "/8",          "10.0.0.0/8/8",
        "Unix", "*",          "example.com", "10.0.0.0/ 8", "0.0.0.1/0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ws_network_parse(str(bad[i]), &(struct ws_network){0}));
}

static void lists_say_which_entry_is_wrong(void **state)
{
    struct ws_networks networks = {0};
    struct ws_address a = address("192.0.2.7"), local = {.kind = WS_ADDRESS_UNIX};
    struct ws_address unknown = {.kind = WS_ADDRESS_UNKNOWN};
    size_t len = 0;
    (void)state;
    assert_null(ws_networks_add(&networks, "10.0.0.0/8, 192.0.2.0/24,,", &len));
    assert_int_equal(networks.count, 2);
    assert_true(ws_networks_have(&networks, &a));
    assert_false(ws_networks_have(&networks, &local));
    assert_null(ws_networks_add(&networks, "unix", &len));
    assert_true(ws_networks_have(&networks, &local));
    assert_null(ws_networks_add(&networks, "0.0.0.0/0,::/0", &len));
    assert_false(ws_networks_have(&networks, &unknown));
    const char *fault = ws_networks_add(&networks, "::1,10.0.0.0/99,::2", &len);
    assert_int_equal(len, strlen("10.0.0.0/99"));
    assert_memory_equal(fault, "10.0.0.0/99", len);
    ws_networks_free(&networks);
    assert_false(ws_networks_have(&networks, &a));
}

static void loopback(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        {"127.0.0.1", true},  {"127.9.9.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true},
        {"128.0.0.1", false}, {"0.0.0.0", false},  {"::", false}, {"::2", false}};
    struct ws_address address;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(
            ws_address_parse((struct ws_str){rows[i].text, strlen(rows[i].text)}, &address));
        if (ws_address_is_loopback(&address) != rows[i].is)
            fail_msg("%s", rows[i].text);
    }
    assert_false(ws_address_is_loopback(&(struct ws_address){.kind = WS_ADDRESS_UNIX}));
}

static void the_same_host(void **state)
{
    struct ws_address a, b;
    (void)state;
    assert_true(ws_address_parse((struct ws_str){"192.0.2.1", 9}, &a));
    assert_true(ws_address_parse((struct ws_str){"::ffff:192.0.2.1", 16}, &b));
    b.port = 80;
    assert_true(ws_address_same_host(&a, &b));
    b.ip[15]++;
    assert_false(ws_address_same_host(&a, &b));
    b = a;
    b.kind = WS_ADDRESS_UNKNOWN;
    assert_false(ws_address_same_host(&a, &b));
}

static void a_sockets_other_end(void **state)
{
    int pair[2];
    struct ws_address a;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ws_address_of_peer(pair[0], &a);
    assert_int_equal(a.kind, WS_ADDRESS_UNIX);
    close(pair[0]);
    close(pair[1]);
    ws_address_of_peer(pair[0], &a);
    assert_int_equal(a.kind, WS_ADDRESS_UNKNOWN);

    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof here;
    char text[WS_ADDRESS_TEXT];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &len), 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&here, sizeof here), 0);
    ws_address_of_peer(client, &a);
    assert_string_equal(ws_address_format(&a, text), "127.0.0.1");
    assert_int_equal(a.port, ntohs(here.sin_port));
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(host_and_port_are_split),
        cmocka_unit_test(host_and_port_are_written),
        cmocka_unit_test(networks_hold_what_lies_in_them),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(lists_say_which_entry_is_wrong),
        cmocka_unit_test(loopback),
        cmocka_unit_test(the_same_host),
        cmocka_unit_test(a_sockets_other_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
