#include "cmd/wsframe/encode/accept.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include "cmd/wsframe/text/read_text.h"
#include <ws/close.h>
#include <ws/handshake.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Prints one step of the calculation: its name and the bytes of the base64 `text`. */
static void print_bytes_of(const char *label, const char *text)
{
    struct ws_bytes *bytes = NULL;
    struct read_error error;
    char hex[3 * 64 + 1];
    if (read_base64((const uint8_t *)text, strlen(text), &bytes, &error)) {
        hex_format(bytes_data(bytes), ws_bytes_len(bytes), ' ', hex, sizeof hex);
        fprintf(stderr, "%-14s%s (%zu bytes)\n", label, hex, ws_bytes_len(bytes));
    } else {
        fprintf(stderr, "%-14snot base64\n", label);
    }
    ws_bytes_free(&bytes);
}

int accept_key(const struct settings *settings)
{
    const char *key = settings->words[0];
    size_t len = strlen(key);
    char answer[WS_ACCEPT_LEN + 1], shown[256 * HEX_ESCAPE_GROWTH + 1];
    if (len > 256) {
        exit_warn("the key is too long: a key has 24 characters of base64");
        return WS_EXIT_FAILURE;
    }
    if (!ws_handshake_accept(key, len, answer)) {
        exit_warn("libcrypto does not provide SHA-1");
        return WS_EXIT_FAILURE;
    }
    if (!ws_handshake_key_valid((struct ws_str){key, len}))
        exit_warn(
            "the key is not base64 of 16 bytes: a server refuses it with 400 (RFC 6455 4.2.1)");
    if (settings->common.verbose) {
        hex_escape(key, len, 0, shown, sizeof shown, NULL);
        fprintf(stderr, "%-14s%s\n", "key", shown);
        print_bytes_of("  its bytes", key);
        fprintf(stderr, "%-14s%s\n", "GUID", WS_GUID);
        fprintf(stderr, "%-14s%s%s\n", "key and GUID", shown, WS_GUID);
        print_bytes_of("their SHA-1", answer);
        fprintf(stderr, "%-14sSec-WebSocket-Accept (RFC 6455 4.2.2):\n", "in base64");
    }
    puts(answer);
    return WS_EXIT_OK;
}

int make_key(const struct settings *settings)
{
    uint8_t nonce[16];
    char key[WS_KEY_LEN + 1], answer[WS_ACCEPT_LEN + 1];
    if (getrandom(nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce) {
        exit_warn("no random bytes: %m");
        return WS_EXIT_FAILURE;
    }
    ws_handshake_key(nonce, key);
    if (settings->common.verbose && ws_handshake_accept(key, strlen(key), answer))
        fprintf(stderr, "its answer: %s\n", answer);
    puts(key);
    return WS_EXIT_OK;
}

static void print_row(const char *code, const char *name, bool on_wire, const char *meaning)
{
    printf("%-9s  %-19s  %-4s  %s\n", code, name, on_wire ? "yes" : "no", meaning);
}

static const char registered[] = "of libraries and frameworks, by the registry of RFC 6455 11.7",
                  agreed[] = "by agreement between the endpoints";

static void print_code(unsigned code)
{
    const struct ws_close_info *info = ws_close_info(code);
    char number[8];
    snprintf(number, sizeof number, "%u", code);
    if (info)
        print_row(number, info->name, info->on_wire, info->meaning);
    else if (code >= 3000 && code <= 3999)
        print_row(number, "registered", true, registered);
    else if (code >= 4000 && code <= 4999)
        print_row(number, "private use", true, agreed);
    else
        print_row(number, "unassigned", false, "must not be used");
}

int close_codes(const struct settings *settings)
{
    size_t count;
    const struct ws_close_info *table = ws_close_table(&count);
    uint64_t code;
    for (int i = 0; i < settings->word_count; i++) {
        if (units_number(settings->words[i], 0, 65535, &code) != UNITS_OK) {
            exit_warn("'%s' is not a close code: a number from 0 to 65535", settings->words[i]);
            return WS_EXIT_USAGE;
        }
    }
    printf("%-9s  %-19s  %-4s  %s\n", "code", "name", "sent", "meaning");
    for (int i = 0; i < settings->word_count; i++)
        if (units_number(settings->words[i], 0, 65535, &code) == UNITS_OK)
            print_code((unsigned)code);
    if (settings->word_count > 0)
        return WS_EXIT_OK;
    for (size_t i = 0; i < count; i++)
        print_code(table[i].code);
    print_row("3000-3999", "registered", true, registered);
    print_row("4000-4999", "private use", true, agreed);
    return WS_EXIT_OK;
}
