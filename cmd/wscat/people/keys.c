#include "cmd/wscat/people/keys.h"

#include <ws/utf8.h>

#include <stdlib.h>
#include <string.h>

enum {
    ESC = 0x1B,
    DEL = 0x7F,
    SEQUENCE_MOST = KEY_MOST - 8,
    /* A modifier's parameter is one more than the sum of these. */
    SHIFT = 1,
    ALT = 2,
    CONTROL = 4,
};

/* --- sequences --- */

static const char DELETE_KEY[] = "\033[3~", WORD_DELETE[] = "\033d", ENTER[] = "\r";
static const char UP[] = "\020", DOWN[] = "\016", RIGHT[] = "\006", LEFT[] = "\002";
static const char WORD_RIGHT[] = "\033f", WORD_LEFT[] = "\033b", HOME[] = "\001", END[] = "\005";

static const char *of_number(unsigned long number, bool by_word)
{
    switch (number) {
    case 1:
    case 7:
        return HOME;
    case 4:
    case 8:
        return END;
    case 3:
        return by_word ? WORD_DELETE : DELETE_KEY;
    default:
        return "";
    }
}

/* `parameters` are those between CSI or SS3 and `final`. */
static const char *of_sequence(const char *parameters, char final)
{
    char *end;
    unsigned long number = strtoul(parameters, &end, 10), modifier = 0;
    if (*end == ';')
        modifier = strtoul(end + 1, &end, 10);
    bool by_word = modifier > 0 && ((modifier - 1) & (ALT | CONTROL));
    if (*end != '\0') /* another form: of the mouse, or of a reply */
        return "";
    switch (final) {
    case 'A':
        return UP;
    case 'B':
        return DOWN;
    case 'C':
        return by_word ? WORD_RIGHT : RIGHT;
    case 'D':
        return by_word ? WORD_LEFT : LEFT;
    case 'H':
        return HOME;
    case 'F':
        return END;
    case '~':
        return of_number(number, by_word);
    default:
        return "";
    }
}

/* Of ESC and `introducer`, [ or O. */
static struct key sequence(const uint8_t *bytes, size_t len)
{
    static const char paste[] = "\033[200~";
    bool ss3 = bytes[1] == 'O';
    char parameters[SEQUENCE_MOST];
    size_t at = 2;
    if (!ss3 && len > at && bytes[at] == '[') /* F1 to F5 on Linux's own terminal */
        at++;
    size_t begin = at;
    while (at < len && at < SEQUENCE_MOST && bytes[at] >= 0x20 && bytes[at] <= 0x3F)
        at++;
    if (at == len)
        return (struct key){.kind = KEY_PARTIAL, .len = len};
    struct key key = {.kind = KEY_SEQUENCE, .same_as = "", .len = at};
    if (bytes[at] < 0x40 || bytes[at] > 0x7E) /* too long, or broken off by another key */
        return key;
    key.len++;
    memcpy(parameters, bytes + begin, at - begin);
    parameters[at - begin] = '\0';
    if (key.len == sizeof paste - 1 && memcmp(bytes, paste, key.len) == 0)
        key.kind = KEY_PASTE;
    else if (begin == 2)
        key.same_as = ss3 && bytes[at] == 'M' ? ENTER : of_sequence(parameters, (char)bytes[at]);
    return key;
}

/* --- keys --- */

/* A character that is no control character. */
static struct key text(const uint8_t *bytes, size_t len)
{
    struct ws_utf8 utf8 = {0};
    size_t n = 0;
    do {
        if (ws_utf8_check(&utf8, bytes + n, 1) == 0)
            return (struct key){.kind = KEY_BAD, .len = n > 0 ? n : 1};
        n++;
    } while (n < len && !ws_utf8_complete(&utf8));
    return (struct key){.kind = ws_utf8_complete(&utf8) ? KEY_TEXT : KEY_PARTIAL, .len = n};
}

static bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == DEL;
}

struct key key_next(const uint8_t *bytes, size_t len, bool late)
{
    struct key key;
    if (bytes[0] != ESC)
        return is_control(bytes[0]) ? (struct key){.kind = KEY_CONTROL, .len = 1}
                                    : text(bytes, len);
    if (len == 1)
        return (struct key){.kind = late ? KEY_CONTROL : KEY_PARTIAL, .len = 1};
    if (bytes[1] == ESC) /* pressed alone, before another key */
        return (struct key){.kind = KEY_CONTROL, .len = 1};
    if (bytes[1] == '[' || bytes[1] == 'O') {
        key = sequence(bytes, len);
        if (key.kind == KEY_PARTIAL && late)
            key = (struct key){.kind = KEY_SEQUENCE, .len = len, .same_as = ""};
        return key;
    }
    key = is_control(bytes[1]) ? (struct key){.kind = KEY_CONTROL, .len = 1}
                               : text(bytes + 1, len - 1);
    key.len++;
    if (key.kind != KEY_PARTIAL && key.kind != KEY_BAD)
        key.kind = KEY_ALT;
    return key;
}
