/*
 * Two ends of TLS joined in memory: the handshake at every cut, what goes through, what goes wrong.
 * Certificates and their faults are in tests/cli/toolkit/tls.bats, conn around it in
 * tls-traffic.bats.
 */
#include "libws/tls/tls_private.h"

#include "tests/unit/support_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

enum { ROOM = 1 << 20 };

/* One end, and what is on its way to it. */
struct end {
    struct ws_tls_context *context;
    struct ws_tls *tls;
    struct grown wire;  /* towards it */
    struct grown plain; /* that came out */
    size_t taken;       /* of the wire, in all */
    enum ws_error error;
};

static struct ws_tls_identity *pair;
static struct end client, server;
static uint8_t memory[2 * WS_TLS_RECORD_MAX + ROOM];

static struct ws_tls_context *new_context(enum ws_role role, unsigned least)
{
    char error[200] = "";
    struct ws_tls_options options = {.role = role, .least = least};
    options.pair = role == WS_ROLE_SERVER ? pair : NULL;
    options.insecure = role == WS_ROLE_CLIENT;
    struct ws_tls_context *context = ws_tls_context_new(&options, error, sizeof error);
    if (!context)
        fail_msg("%s", error);
    return context;
}

static int make_contexts(void **state)
{
    (void)state;
    pair = ws_tls_identity_self_signed(NULL, 0);
    assert_non_null(pair);
    client.context = new_context(WS_ROLE_CLIENT, 12);
    server.context = new_context(WS_ROLE_SERVER, 12);
    return 0;
}

static int free_contexts(void **state)
{
    (void)state;
    ws_tls_context_free(client.context);
    ws_tls_context_free(server.context);
    ws_tls_identity_free(pair);
    return 0;
}

/* What one end has sealed goes onto the other's wire. */
static void carry(struct ws_out *sealed, struct end *to)
{
    for (size_t i = 0; i < sealed->count; i++)
        grown_add(&to->wire, ws_out_span_data(sealed, i), sealed->spans[i].len);
    ws_out_free(sealed);
}

static void begin(void)
{
    struct ws_out sealed = {0};
    client.tls = ws_tls_new(client.context, "localhost");
    server.tls = ws_tls_new(server.context, NULL);
    assert_non_null(client.tls);
    assert_non_null(server.tls);
    client.taken = server.taken = 0;
    client.error = server.error = WS_MORE;
    assert_int_equal(ws_tls_begin(client.tls, &sealed), WS_OK);
    carry(&sealed, &server);
}

static void finish(void)
{
    ws_tls_free(client.tls);
    ws_tls_free(server.tls);
    grown_free(&client.wire);
    grown_free(&server.wire);
    grown_free(&client.plain);
    grown_free(&server.plain);
}

/* Gives one end `len` bytes of its wire, as conn does: the plaintext before them in one memory. */
static void give(struct end *to, struct end *from, size_t len)
{
    struct ws_out sealed = {0};
    uint8_t *records = memory + WS_TLS_RECORD_MAX;
    assert_true(len <= to->wire.len && len <= ROOM);
    memcpy(records, to->wire.data, len);
    size_t plain;
    to->error = ws_tls_open(to->tls, records, len, memory, &sealed, &plain);
    assert_true((plain > 0) == (to->error == WS_OK));
    grown_add(&to->plain, memory, plain);
    grown_consume(&to->wire, len);
    to->taken += len;
    carry(&sealed, from);
}

/* Gives both all that is there, `chunk` bytes at a time, and never over byte `cut` of an end's
 * stream in one go, until nothing moves. */
static void pump(size_t chunk, size_t client_cut, size_t server_cut)
{
    struct end *ends[] = {&server, &client};
    size_t cuts[] = {server_cut, client_cut};
    while (client.wire.len > 0 || server.wire.len > 0)
        for (int i = 0; i < 2; i++) {
            struct end *end = ends[i];
            size_t len = end->wire.len < chunk ? end->wire.len : chunk;
            if (end->taken < cuts[i] && len > cuts[i] - end->taken)
                len = cuts[i] - end->taken;
            if (len > 0)
                give(end, ends[1 - i], len);
        }
}

static void say(struct end *from, struct end *to, const void *data, size_t len)
{
    struct ws_out sealed = {0};
    size_t taken;
    struct iovec piece = {(void *)(uintptr_t)data, len};
    assert_int_equal(ws_tls_seal(from->tls, &piece, 1, SIZE_MAX, &sealed, &taken), WS_OK);
    assert_int_equal(taken, len);
    carry(&sealed, to);
}

static void assert_established(void)
{
    assert_string_equal(ws_tls_failure(client.tls), "");
    assert_string_equal(ws_tls_failure(server.tls), "");
    assert_true(ws_tls_established(client.tls));
    assert_true(ws_tls_established(server.tls));
}

/* A word each way, to see that both have the same keys. */
static void assert_talk(void)
{
    say(&client, &server, "ping", 4);
    say(&server, &client, "pong!", 5);
    pump(ROOM, 0, 0);
    assert_int_equal(server.plain.len, 4);
    assert_memory_equal(server.plain.data, "ping", 4);
    assert_int_equal(client.plain.len, 5);
    assert_memory_equal(client.plain.data, "pong!", 5);
}

/* --- the handshake --- */

static void in_one_go(void **state)
{
    char text[200];
    (void)state;
    begin();
    assert_false(ws_tls_established(server.tls));
    pump(ROOM, 0, 0);
    assert_established();
    assert_string_equal(ws_tls_version(client.tls), "TLSv1.3");
    assert_string_equal(ws_tls_cipher(server.tls), "TLS_AES_128_GCM_SHA256");
    assert_int_equal(strncmp(ws_tls_peer(client.tls, text, sizeof text), "localhost (until 20", 19),
                     0);
    assert_string_equal(ws_tls_peer(server.tls, text, sizeof text), "");
    assert_true(ws_tls_handshake_us(client.tls) > 0);
    assert_talk();
    finish();
}

static void in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk <= 64; chunk++) {
        begin();
        pump(chunk, 0, 0);
        assert_established();
        assert_talk();
        finish();
    }
}

/* A client without a session. */
static void renew_client(int version, bool again)
{
    if (again)
        ws_tls_context_free(client.context);
    client.context = new_context(WS_ROLE_CLIENT, 12);
    SSL_CTX_set_max_proto_version(client.context->ssl, version);
}

/* Cut once, at every byte of both streams. */
static void cut_everywhere(int version, bool resumes)
{
    struct ws_tls_context *own = client.context;
    for (size_t cut = 1, longest = 2; cut < longest; cut++) {
        if (cut == 1) { /* without a cut: how long they are, and a session for the next */
            renew_client(version, false);
            begin();
            pump(ROOM, 0, 0);
            longest = client.taken > server.taken ? client.taken : server.taken;
            finish();
        }
        if (!resumes)
            renew_client(version, true);
        begin();
        pump(ROOM, cut, cut);
        assert_established();
        assert_int_equal(SSL_version(client.tls->ssl), version);
        assert_int_equal(ws_tls_resumed(client.tls), resumes);
        assert_talk();
        finish();
    }
    ws_tls_context_free(client.context);
    client.context = own;
}

static void at_every_cut(void **state)
{
    (void)state;
    cut_everywhere(TLS1_3_VERSION, true);
    cut_everywhere(TLS1_2_VERSION, true);
}

static void at_every_cut_of_a_first_one(void **state)
{
    (void)state;
    cut_everywhere(TLS1_2_VERSION, false);
    cut_everywhere(TLS1_3_VERSION, false);
}

static void sessions_are_resumed(void **state)
{
    (void)state;
    struct ws_tls_context *own = client.context, *first = server.context;
    client.context = new_context(WS_ROLE_CLIENT, 12);
    begin();
    pump(ROOM, 0, 0);
    assert_false(ws_tls_resumed(client.tls));
    finish();
    /* Even by another loop of the same server. */
    server.context = ws_tls_context_again(first);
    assert_non_null(server.context);
    for (int i = 0; i < 3; i++) { /* each brings a ticket for the next */
        begin();
        pump(ROOM, 0, 0);
        assert_true(ws_tls_resumed(client.tls));
        assert_true(ws_tls_resumed(server.tls));
        assert_talk();
        finish();
    }
    ws_tls_context_free(server.context);
    /* But not by another server, nor for another name. */
    server.context = new_context(WS_ROLE_SERVER, 12);
    begin();
    pump(ROOM, 0, 0);
    assert_established();
    assert_false(ws_tls_resumed(client.tls));
    finish();
    ws_tls_context_free(server.context);
    ws_tls_context_free(client.context);
    client.context = own;
    server.context = first;
}

/* --- what goes through --- */

static void every_size_both_ways(void **state)
{
    static const size_t sizes[] = {1, 125, 16383, 16384, 16385, 65536, 300000};
    static uint8_t data[300000];
    (void)state;
    fill(data, sizeof data, 7);
    begin();
    pump(ROOM, 0, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t chunk = 1000; chunk <= ROOM; chunk *= 32) {
            client.plain.len = server.plain.len = 0;
            say(&client, &server, data, sizes[i]);
            say(&server, &client, data, sizes[i]);
            pump(chunk, 0, 0);
            assert_int_equal(server.plain.len, sizes[i]);
            assert_int_equal(client.plain.len, sizes[i]);
            assert_memory_equal(server.plain.data, data, sizes[i]);
            assert_memory_equal(client.plain.data, data, sizes[i]);
        }
    finish();
}

static void small_pieces_share_a_record(void **state)
{
    enum { PIECES = 300 };
    static uint8_t data[PIECES * 10 + 40000];
    struct iovec pieces[PIECES + 2];
    struct ws_out sealed = {0};
    size_t taken;
    (void)state;
    fill(data, sizeof data, 3);
    for (int i = 0; i < PIECES; i++)
        pieces[i] = (struct iovec){data + 10 * i, 10};
    pieces[PIECES] = (struct iovec){data + 10 * PIECES, 20000};
    pieces[PIECES + 1] = (struct iovec){data + 10 * PIECES + 20000, 20000};
    begin();
    pump(ROOM, 0, 0);
    /* No more than what is allowed at a time. */
    assert_int_equal(ws_tls_seal(client.tls, pieces, PIECES + 2, 1234, &sealed, &taken), WS_OK);
    assert_int_equal(taken, 1234);
    assert_in_range(sealed.bytes, 1235, 1300);
    carry(&sealed, &server);
    assert_int_equal(ws_tls_seal(client.tls, pieces, PIECES, SIZE_MAX, &sealed, &taken), WS_OK);
    assert_int_equal(taken, 3000);
    assert_in_range(sealed.bytes, 3001, 3050);
    carry(&sealed, &server);
    assert_int_equal(ws_tls_seal(client.tls, pieces, PIECES + 2, SIZE_MAX, &sealed, &taken), WS_OK);
    assert_int_equal(taken, 43000);
    assert_in_range(sealed.bytes, 43001, 43300);
    carry(&sealed, &server);
    pump(ROOM, 0, 0);
    assert_int_equal(server.plain.len, 1234 + 3000 + 43000);
    assert_memory_equal(server.plain.data, data, 1234);
    assert_memory_equal(server.plain.data + 1234, data, 3000);
    assert_memory_equal(server.plain.data + 4234, data, 43000);
    finish();
}

/* --- the end --- */

static void close_notify_comes_behind_the_last_word(void **state)
{
    struct ws_out sealed = {0};
    (void)state;
    begin();
    pump(ROOM, 0, 0);
    say(&server, &client, "the end", 7);
    assert_true(ws_tls_close(server.tls, &sealed));
    carry(&sealed, &client);
    assert_false(ws_tls_close(server.tls, &sealed)); /* once */
    assert_int_equal(ws_tls_ended(client.tls), WS_OK);
    give(&client, &server, client.wire.len);
    assert_int_equal(client.error, WS_OK);
    assert_memory_equal(client.plain.data, "the end", 7);
    assert_int_equal(ws_tls_ended(client.tls), WS_E_LOST);
    give(&client, &server, 0);
    assert_int_equal(client.error, WS_E_LOST);
    /* The other direction is still open. */
    say(&client, &server, "you too", 7);
    pump(ROOM, 0, 0);
    assert_memory_equal(server.plain.data, "you too", 7);
    finish();
}

static void before_the_handshake_there_is_nobody_to_say_it_to(void **state)
{
    struct ws_out sealed = {0};
    (void)state;
    begin();
    assert_false(ws_tls_close(client.tls, &sealed));
    assert_false(ws_tls_close(server.tls, &sealed));
    finish();
}

static void cut_off_in_the_handshake(void **state)
{
    (void)state;
    begin();
    ws_tls_cut(client.tls, WS_E_LOST);
    ws_tls_cut(server.tls, WS_E_RESET);
    assert_string_equal(ws_tls_failure(client.tls),
                        "the server ended the connection during the TLS handshake");
    assert_string_equal(ws_tls_failure(server.tls),
                        "the client reset the connection during the TLS handshake");
    assert_int_equal(ws_tls_ended(client.tls), WS_E_TLS);
    finish();
    begin();
    pump(ROOM, 0, 0);
    ws_tls_cut(client.tls, WS_E_LOST); /* no fault of TLS any more */
    assert_established();
    finish();
}

/* --- what is no TLS --- */

static void first_bytes_tell(void **state)
{
    static const struct {
        struct end *end;
        const char *bytes;
        size_t len;
        enum ws_error error;
        const char *words;
    } rows[] = {
        {&server, "GET / HTTP/1.1\r\n", 16, WS_E_TLS_EXPECTED, "the client does not speak TLS"},
        {&server, "\x80\x2e\x01\x03\x01", 5, WS_E_TLS, "the client does not speak TLS"},
        {&server, "\x15\x03\x03\x00\x02", 5, WS_E_TLS, "the client does not speak TLS"},
        {&client, "HTTP/1.1 400 Bad", 16, WS_E_TLS,
         "the server does not speak TLS here, but plain HTTP"},
        {&client, "SSH-2.0-x", 9, WS_E_TLS, "the server does not speak TLS here, but SSH"},
        {&client, "+OK", 3, WS_E_TLS, "the server does not speak TLS"},
        {&client, "\x15\x03\x03\x00\x02\x02\x28", 7, WS_E_TLS,
         "the server refused the TLS handshake: handshake failure (alert 40)"},
        {&client, "\x15\x03\x03\x00\x02\x02\x46", 7, WS_E_TLS,
         "the server and we have no version of TLS in common (alert 70)"},
        {&client, "\x15\x03\x03\x00\x02\x02\x70", 7, WS_E_TLS,
         "the server refused the TLS handshake: unrecognized name (alert 112)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct end *end = rows[i].end;
        begin();
        end->wire.len = 0;
        grown_add(&end->wire, rows[i].bytes, rows[i].len);
        give(end, end == &client ? &server : &client, end->wire.len);
        assert_int_equal(end->error, rows[i].error);
        assert_string_equal(ws_tls_failure(end->tls), rows[i].words);
        /* And so it stays. */
        give(end, end == &client ? &server : &client, 0);
        assert_int_equal(end->error, rows[i].error);
        finish();
    }
}

static void find_damage(void)
{
    begin();
    pump(ROOM, 0, 0);
    say(&client, &server, "sound", 5);
    say(&client, &server, "damaged", 7);
    server.wire.data[server.wire.len - 3] ^= 1;
    give(&server, &client, server.wire.len);
    assert_int_equal(server.error, WS_OK); /* what came before it counts */
    assert_int_equal(server.plain.len, 5);
    assert_int_equal(ws_tls_ended(server.tls), WS_E_TLS);
    assert_string_equal(ws_tls_failure(server.tls),
                        "a record of the client was damaged on its way, or forged");
    /* The other end is notified. */
    assert_true(client.wire.len > 0);
    give(&client, &server, client.wire.len);
    assert_int_equal(client.error, WS_E_TLS);
    assert_string_equal(ws_tls_failure(client.tls),
                        "the server ended TLS: bad record mac (alert 20)");
    finish();
}

static void damage_is_found(void **state)
{
    struct ws_tls_context *own = client.context;
    (void)state;
    renew_client(TLS1_2_VERSION, false);
    find_damage();
    renew_client(TLS1_3_VERSION, true);
    find_damage();
    ws_tls_context_free(client.context);
    client.context = own;
}

/* Every byte of the client's first words changed, one at a time: nothing but words comes of it. */
static void any_byte_changed(void **state)
{
    (void)state;
    for (size_t i = 0, len = 1; i < len; i++) {
        begin();
        len = server.wire.len;
        server.wire.data[i] ^= 0xff;
        pump(ROOM, 0, 0);
        if (!ws_tls_established(server.tls) && server.error != WS_MORE)
            assert_true(strlen(ws_tls_failure(server.tls)) > 0);
        finish();
    }
}

/* Asks for new keys `count` times; that takes an answer each time. */
static void renew_keys(unsigned count)
{
    struct ws_out sealed = {0};
    client.tls->sealed = &sealed;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(SSL_key_update(client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(client.tls->ssl), 1);
    }
    client.tls->sealed = NULL;
    carry(&sealed, &server);
}

static void keys_are_not_renewed_for_ever(void **state)
{
    (void)state;
    begin();
    pump(ROOM, 0, 0);
    for (int i = 0; i < 100; i++) { /* with something to be said in between */
        renew_keys(10);
        say(&client, &server, "word", 4);
        pump(ROOM, 0, 0);
        say(&server, &client, "word", 4);
        pump(ROOM, 0, 0);
    }
    assert_established();
    assert_int_equal(server.plain.len, 400);

    renew_keys(1000);
    give(&server, &client, server.wire.len);
    assert_int_equal(server.error, WS_E_TLS);
    assert_string_equal(ws_tls_failure(server.tls),
                        "the client keeps renewing keys and sends no data");
    assert_true(client.wire.len < 4096);
    finish();
}

/* --- pairs and contexts --- */

static void versions_in_common(void **state)
{
    struct ws_tls_context *own = client.context;
    (void)state;
    client.context = new_context(WS_ROLE_CLIENT, 13);
    begin();
    pump(ROOM, 0, 0);
    assert_established();
    assert_string_equal(ws_tls_version(server.tls), "TLSv1.3");
    finish();
    ws_tls_context_free(client.context);
    client.context = own;
}

static void a_connection_keeps_its_context(void **state)
{
    (void)state;
    struct ws_tls_context *own = server.context;
    server.context = new_context(WS_ROLE_SERVER, 12);
    begin();
    ws_tls_context_free(server.context); /* a reload */
    pump(ROOM, 0, 0);
    assert_established();
    assert_talk();
    finish();
    server.context = own;
}

static void fingerprints(void **state)
{
    char text[WS_TLS_FINGERPRINT], day[16];
    (void)state;
    assert_int_equal(strlen(ws_tls_identity_fingerprint(pair, text)), 32 * 3 - 1);
    assert_int_equal(strspn(text, "0123456789ABCDEF:"), strlen(text));
    assert_int_equal(strlen(ws_tls_identity_until(pair, day)), 10);
}

static void names_that_are_none(void **state)
{
    static const char *const names[] = {"example.com", "10.0.0.1", "fe80::1", "localhost"};
    (void)state;
    struct ws_tls_identity *made = ws_tls_identity_self_signed(names, 4);
    assert_non_null(made);
    ws_tls_identity_free(made);
    char error[100];
    assert_null(ws_tls_identity_read("/nowhere", NULL, NULL, error, sizeof error));
    assert_string_equal(error, "certificate '/nowhere': No such file or directory");
    assert_null(ws_tls_identity_read("/tmp", NULL, NULL, error, sizeof error));
    assert_string_equal(error, "certificate '/tmp': Is a directory");
    assert_false(ws_tls_key_encrypted("/nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_go),
        cmocka_unit_test(in_pieces_of_any_size),
        cmocka_unit_test(at_every_cut),
        cmocka_unit_test(at_every_cut_of_a_first_one),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(every_size_both_ways),
        cmocka_unit_test(small_pieces_share_a_record),
        cmocka_unit_test(close_notify_comes_behind_the_last_word),
        cmocka_unit_test(before_the_handshake_there_is_nobody_to_say_it_to),
        cmocka_unit_test(cut_off_in_the_handshake),
        cmocka_unit_test(first_bytes_tell),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(any_byte_changed),
        cmocka_unit_test(keys_are_not_renewed_for_ever),
        cmocka_unit_test(versions_in_common),
        cmocka_unit_test(a_connection_keeps_its_context),
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(names_that_are_none),
    };
    return cmocka_run_group_tests_name("tls", tests, make_contexts, free_contexts);
}
