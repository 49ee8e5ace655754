/* permessage-deflate's negotiation (RFC 7692 sections 5 and 7.1), without a session. */
#include "libws/proto/deflate_offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#define PMD    "permessage-deflate"
#define HEADER "Sec-WebSocket-Extensions: "

/* A head with `lines` in it: header lines that end in CRLF. */
static void parse(struct ws_http_head *head, char *buffer, size_t size, bool response,
                  const char *lines)
{
    snprintf(buffer, size, "%s\r\n%s\r\n",
             response ? "HTTP/1.1 101 Switching Protocols" : "GET / HTTP/1.1", lines);
    ws_http_init(head, response, 65536);
    assert_int_equal(ws_http_parse(head, buffer, strlen(buffer)), WS_OK);
}

/* "sc 15 15": the takeovers that are off, the windows. */
static const char *shown(const struct ws_deflate_params *p)
{
    static char text[32];
    snprintf(text, sizeof text, "%s%s %u %u", p->server_no_takeover ? "s" : "-",
             p->client_no_takeover ? "c" : "-", p->server_bits, p->client_bits);
    return text;
}

/* What `wish` reads as the inverse of that. */
static struct ws_deflate_config wishing(const char *text)
{
    struct ws_deflate_config config;
    unsigned server, client;
    ws_deflate_config_init(&config);
    assert_int_equal(sscanf(text + 2, "%u %u", &server, &client), 2);
    config.preference = (struct ws_deflate_params){text[0] == 's', text[1] == 'c', (uint8_t)server,
                                                   (uint8_t)client};
    return config;
}

static void what_a_server_accepts(void **state)
{
    static const struct {
        const char *preference, *lines, *agreed,
            *answer; /* agreed NULL: no offer can be accepted */
    } rows[] = {
        {"-- 15 15", "", NULL, NULL},
        {"-- 15 15", HEADER PMD "\r\n", "-- 15 15", PMD},
        {"-- 15 15", HEADER PMD "; client_max_window_bits\r\n", "-- 15 15", PMD},
        {"-- 15 15", HEADER PMD ";client_max_window_bits=15\r\n", "-- 15 15",
         PMD "; client_max_window_bits=15"},
        {"-- 15 15", HEADER PMD ";client_max_window_bits=8\r\n", "-- 15 8",
         PMD "; client_max_window_bits=8"},
        {"-- 15 10", HEADER PMD ";client_max_window_bits=12\r\n", "-- 15 10",
         PMD "; client_max_window_bits=10"},
        {"-- 15 10", HEADER PMD ";client_max_window_bits\r\n", "-- 15 10",
         PMD "; client_max_window_bits=10"},
        /* a client that does not say that it can is not asked */
        {"-- 15 10", HEADER PMD "\r\n", "-- 15 15", PMD},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=8\r\n", "-- 8 15",
         PMD "; server_max_window_bits=8"},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=\"10\"\r\n", "-- 10 15",
         PMD "; server_max_window_bits=10"},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=15\r\n", "-- 15 15",
         PMD "; server_max_window_bits=15"},
        {"-- 9 15", HEADER PMD "; server_max_window_bits=12\r\n", "-- 9 15",
         PMD "; server_max_window_bits=9"},
        {"-- 9 15", HEADER PMD "\r\n", "-- 9 15", PMD "; server_max_window_bits=9"},
        {"-- 15 15", HEADER PMD "; server_no_context_takeover\r\n", "s- 15 15",
         PMD "; server_no_context_takeover"},
        {"-- 15 15", HEADER PMD "; client_no_context_takeover\r\n", "-c 15 15",
         PMD "; client_no_context_takeover"},
        {"sc 15 15", HEADER PMD "\r\n", "sc 15 15",
         PMD "; server_no_context_takeover; client_no_context_takeover"},
        {"-- 15 15",
         HEADER PMD " ; server_max_window_bits = 11 ;client_max_window_bits=\"9\";\t"
                    "client_no_context_takeover; server_no_context_takeover\r\n",
         "sc 11 9",
         PMD "; server_no_context_takeover; client_no_context_takeover; "
             "server_max_window_bits=11; client_max_window_bits=9"},
        /* several: the first that can be */
        {"-- 15 15", HEADER "foo, " PMD "; x, " PMD "; server_max_window_bits=9, " PMD "\r\n",
         "-- 9 15", PMD "; server_max_window_bits=9"},
        {"-- 15 15",
         HEADER "foo; a=\"b\"\r\n" HEADER PMD "; server_max_window_bits\r\n" HEADER PMD
                "; client_max_window_bits=9\r\n",
         "-- 15 9", PMD "; client_max_window_bits=9"},
        /* declined */
        {"-- 15 15", HEADER "foo\r\n", NULL, NULL},
        {"-- 15 15", HEADER "x-webkit-deflate-frame\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "-\r\n", NULL, NULL},
        {"-- 15 15", HEADER "Permessage-Deflate\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; foo\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; foo=1\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; constructor\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_no_context_takeover=true\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; client_no_context_takeover=1\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_no_context_takeover; server_no_context_takeover\r\n",
         NULL, NULL},
        {"-- 15 15", HEADER PMD "; client_no_context_takeover; client_no_context_takeover\r\n",
         NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=9; server_max_window_bits=9\r\n", NULL,
         NULL},
        {"-- 15 15", HEADER PMD "; client_max_window_bits; client_max_window_bits=9\r\n", NULL,
         NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=7\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=16\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=0\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=08\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=010\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=1\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=99\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=4294967305\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=-9\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=9x\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; client_max_window_bits=7\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; client_max_window_bits=09\r\n", NULL, NULL},
        {"-- 15 15", HEADER PMD "; client_max_window_bits=\"16\"\r\n", NULL, NULL},
    };
    struct ws_http_head head;
    char buffer[1024];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_deflate_config config = wishing(rows[i].preference);
        struct ws_deflate_params params;
        char answer[WS_DEFLATE_TEXT_MAX];
        parse(&head, buffer, sizeof buffer, false, rows[i].lines);
        bool accepted = ws_deflate_accept(&head, buffer, &config, &params, answer);
        if (accepted != (rows[i].agreed != NULL))
            fail_msg("%s %s", rows[i].preference, rows[i].lines);
        if (accepted) {
            assert_string_equal(shown(&params), rows[i].agreed);
            assert_string_equal(answer, rows[i].answer);
        }
    }
}

static void what_a_client_offers(void **state)
{
    static const struct {
        const char *preference, *offer;
    } rows[] = {
        {"-- 15 15", PMD "; client_max_window_bits"},
        {"s- 15 15", PMD "; server_no_context_takeover; client_max_window_bits"},
        {"-c 15 15", PMD "; client_no_context_takeover; client_max_window_bits"},
        {"-- 9 15", PMD "; server_max_window_bits=9; client_max_window_bits"},
        {"-- 15 8", PMD "; client_max_window_bits=8"},
        {"sc 10 11", PMD "; server_no_context_takeover; client_no_context_takeover; "
                         "server_max_window_bits=10; client_max_window_bits=11"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_deflate_config config = wishing(rows[i].preference);
        char offer[WS_DEFLATE_TEXT_MAX];
        ws_deflate_write_offer(&config, offer);
        assert_string_equal(offer, rows[i].offer);
    }
}

static void what_a_client_takes_for_an_answer(void **state)
{
    static const struct {
        const char *preference, *lines;
        enum ws_error error;
        const char *agreed; /* NULL: nothing */
    } rows[] = {
        {"-- 15 15", "", WS_OK, NULL},
        {"-- 15 15", HEADER PMD "\r\n", WS_OK, "-- 15 15"},
        {"-- 15 15", HEADER PMD "; server_no_context_takeover\r\n", WS_OK, "s- 15 15"},
        {"-- 15 15", HEADER PMD "; client_no_context_takeover\r\n", WS_OK, "-c 15 15"},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=8\r\n", WS_OK, "-- 8 15"},
        {"-- 15 15", HEADER PMD "; client_max_window_bits=\"8\"\r\n", WS_OK, "-- 15 8"},
        {"sc 10 11",
         HEADER PMD "; server_no_context_takeover; server_max_window_bits=10; "
                    "client_max_window_bits=11\r\n",
         WS_OK, "sc 10 11"},
        {"sc 10 11", HEADER PMD "; server_no_context_takeover; server_max_window_bits=9\r\n", WS_OK,
         "sc 9 11"},
        /* what was demanded is missing, or more is wanted than was offered */
        {"s- 15 15", HEADER PMD "\r\n", WS_E_DEFLATE_MISMATCH, NULL},
        {"-- 10 15", HEADER PMD "\r\n", WS_E_DEFLATE_MISMATCH, NULL},
        {"-- 10 15", HEADER PMD "; server_max_window_bits=11\r\n", WS_E_DEFLATE_MISMATCH, NULL},
        {"-- 15 10", HEADER PMD "; client_max_window_bits=11\r\n", WS_E_DEFLATE_MISMATCH, NULL},
        /* parameters */
        {"-- 15 15", HEADER PMD "; foo\r\n", WS_E_DEFLATE_PARAMETER, NULL},
        {"-- 15 15", HEADER PMD "; client_max_window_bits\r\n", WS_E_DEFLATE_PARAMETER, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits\r\n", WS_E_DEFLATE_PARAMETER, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=16\r\n", WS_E_DEFLATE_PARAMETER, NULL},
        {"-- 15 15", HEADER PMD "; server_max_window_bits=09\r\n", WS_E_DEFLATE_PARAMETER, NULL},
        {"-- 15 15", HEADER PMD "; server_no_context_takeover=1\r\n", WS_E_DEFLATE_PARAMETER, NULL},
        {"-- 15 15", HEADER PMD "; server_no_context_takeover; server_no_context_takeover\r\n",
         WS_E_DEFLATE_PARAMETER, NULL},
        /* other extensions, and twice the same */
        {"-- 15 15", HEADER "foo\r\n", WS_E_EXTENSION_UNSOLICITED, NULL},
        {"-- 15 15", HEADER PMD ", foo\r\n", WS_E_EXTENSION_UNSOLICITED, NULL},
        {"-- 15 15", HEADER PMD "\r\n" HEADER "foo\r\n", WS_E_EXTENSION_UNSOLICITED, NULL},
        {"-- 15 15", HEADER PMD ", " PMD "\r\n", WS_E_DEFLATE_DUPLICATE, NULL},
        {"-- 15 15", HEADER PMD "\r\n" HEADER PMD "\r\n", WS_E_DEFLATE_DUPLICATE, NULL},
    };
    struct ws_http_head head;
    char buffer[1024];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ws_deflate_config config = wishing(rows[i].preference);
        struct ws_deflate_params params;
        bool agreed = true;
        parse(&head, buffer, sizeof buffer, true, rows[i].lines);
        enum ws_error error = ws_deflate_check_response(&head, buffer, &config, &params, &agreed);
        if (error != rows[i].error)
            fail_msg("%s %s: %s", rows[i].preference, rows[i].lines, ws_error_info(error)->name);
        if (error == WS_OK) {
            assert_int_equal(agreed, rows[i].agreed != NULL);
            if (agreed)
                assert_string_equal(shown(&params), rows[i].agreed);
        }
    }
}

/* Whatever a client of ours wishes and whatever a server of ours wishes: they agree, both on the
 * same, and on no more than either wished. */
static void what_was_agreed_on_as_text(void **state)
{
    char text[WS_DEFLATE_TEXT_MAX];
    (void)state;
    ws_deflate_write_agreed(&(struct ws_deflate_params){false, false, 15, 15}, text);
    assert_string_equal(text, "permessage-deflate");
    ws_deflate_write_agreed(&(struct ws_deflate_params){true, false, 10, 9}, text);
    assert_string_equal(text, "permessage-deflate; server_no_context_takeover; "
                              "server_max_window_bits=10; client_max_window_bits=9");
}

static void all_wishes_meet(void **state)
{
    struct ws_http_head head;
    char buffer[1024], lines[512], text[WS_DEFLATE_TEXT_MAX];
    (void)state;
    for (unsigned n = 0; n < 4 * 4 * 64 * 64; n++) {
        struct ws_deflate_config one, other;
        struct ws_deflate_params theirs, ours;
        bool agreed;
        ws_deflate_config_init(&one);
        ws_deflate_config_init(&other);
        one.preference = (struct ws_deflate_params){n & 1, n & 2, (uint8_t)(8 + (n >> 4) % 8),
                                                    (uint8_t)(8 + (n >> 7) % 8)};
        other.preference = (struct ws_deflate_params){n & 4, n & 8, (uint8_t)(8 + (n >> 10) % 8),
                                                      (uint8_t)(8 + (n >> 13) % 8)};
        ws_deflate_write_offer(&one, text);
        snprintf(lines, sizeof lines, HEADER "%s\r\n", text);
        parse(&head, buffer, sizeof buffer, false, lines);
        assert_true(ws_deflate_accept(&head, buffer, &other, &theirs, text));
        snprintf(lines, sizeof lines, HEADER "%s\r\n", text);
        parse(&head, buffer, sizeof buffer, true, lines);
        assert_int_equal(ws_deflate_check_response(&head, buffer, &one, &ours, &agreed), WS_OK);
        assert_true(agreed);
        assert_memory_equal(&ours, &theirs, sizeof ours);
        assert_int_equal(ours.server_no_takeover, (n & 1) || (n & 4));
        assert_int_equal(ours.client_no_takeover, (n & 2) || (n & 8));
        assert_true(ours.server_bits <= one.preference.server_bits &&
                    ours.server_bits <= other.preference.server_bits);
        assert_true(ours.client_bits <= one.preference.client_bits &&
                    ours.client_bits <= other.preference.client_bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_accepts),
        cmocka_unit_test(what_a_client_offers),
        cmocka_unit_test(what_a_client_takes_for_an_answer),
        cmocka_unit_test(what_was_agreed_on_as_text),
        cmocka_unit_test(all_wishes_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
