#include "cmd/wscat/people/editor_private.h"

#include "cmd/common/exit.h"
#include "cmd/wscat/people/keys.h"
#include "cmd/wscat/people/slash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum {
    READ_SIZE = 4096,
    PASTE_MAX = 16 << 20,
    SEQUENCE_MS = 150, /* for the rest of the sequence of a key to arrive */
};
enum { CTRL_R = 0x12, CTRL_S = 0x13, CTRL_V = 0x16, CTRL_X = 0x18, ESC = 0x1B };

static const char PASTE_END[] = "\033[201~";

static struct editor *the_editor(EditLine *el)
{
    void *data = NULL;
    el_get(el, EL_CLIENTDATA, &data);
    return data;
}

/* --- libedit's calls --- */

/* It asks for a character: the next one of the key that it is given. */
static int next_character(EditLine *el, wchar_t *c)
{
    struct editor *e = the_editor(el);
    mbstate_t state = {0};
    size_t n = e->key_len > 0 ? mbrtowc(c, e->key, e->key_len, &state) : 0;
    if (n == 0 || n > e->key_len)
        return 0;
    e->key += n;
    e->key_len -= n;
    return 1;
}

/* Enter. libedit's own function would end the line at a line end that was pasted, too. */
static unsigned char on_enter(EditLine *el, int c)
{
    const LineInfoW *line = el_wline(el);
    (void)c;
    the_editor(el)->entered = true;
    el_cursor(el, (int)(line->lastchar - line->cursor));
    return CC_REFRESH;
}

/* Tab: of a command the rest, as far as it is unambiguous; else a character as any other. */
static unsigned char on_tab(EditLine *el, int c)
{
    const LineInfo *line = el_line(el);
    size_t len = (size_t)(line->cursor - line->buffer);
    char rest[SLASH_NAME_MAX];
    (void)c;
    if (!the_editor(el)->options.slash || len == 0 || *line->buffer != '/')
        el_insertstr(el, "\t");
    else if (slash_complete(line->buffer, len, rest))
        el_insertstr(el, rest);
    else
        return CC_ERROR;
    return CC_REFRESH;
}

/* Ctrl-D: on an empty line the end of input, else it deletes a character. */
static unsigned char on_ctrl_d(EditLine *el, int c)
{
    const LineInfoW *line = el_wline(el);
    (void)c;
    if (line->lastchar == line->buffer) {
        the_editor(el)->ended = true;
        return CC_NORM;
    }
    if (line->cursor == line->lastchar)
        return CC_ERROR;
    el_cursor(el, 1);
    el_deletestr(el, 1);
    return CC_REFRESH;
}

void editor_bind_keys(struct editor *e)
{
    el_set(e->el, EL_CLIENTDATA, e);
    el_wset(e->el, EL_GETCFN, next_character);
    el_set(e->el, EL_EDITOR, "emacs");
    el_set(e->el, EL_SIGNAL, 0); /* the loop has them */
    el_set(e->el, EL_HIST, history, e->history);
    /* With narrow strings libedit would make copies, which it never frees. */
    el_wset(e->el, EL_ADDFN, L"wscat-enter", L"send the line", on_enter);
    el_wset(e->el, EL_ADDFN, L"wscat-complete", L"complete a command", on_tab);
    el_wset(e->el, EL_ADDFN, L"wscat-end", L"delete, or end", on_ctrl_d);
    el_set(e->el, EL_BIND, "^M", "wscat-enter", NULL);
    el_set(e->el, EL_BIND, "^J", "wscat-enter", NULL);
    el_set(e->el, EL_BIND, "^I", "wscat-complete", NULL);
    el_set(e->el, EL_BIND, "^D", "wscat-end", NULL);
    el_set(e->el, EL_BIND, "\033[3~", "ed-delete-next-char", NULL);
}

/* --- text --- */

static void warn_of_bytes(struct editor *e)
{
    if (!e->warned)
        exit_warn(
            "what was typed is not UTF-8, and is left out: is the terminal's encoding UTF-8?");
    e->warned = true;
}

/* Leaves out what is not UTF-8, and NUL. A terminal sends CR for each line end, and some CR and LF,
 * which its modes exchange. The last one does not begin another line. */
static void clean(struct editor *e, char *text, size_t len)
{
    size_t to = 0;
    for (size_t at = 0; at < len;) {
        struct key key = key_next((const uint8_t *)text + at, len - at, true);
        bool bad = key.kind == KEY_BAD || key.kind == KEY_PARTIAL || text[at] == '\0';
        bool line_end = text[at] == '\r' || text[at] == '\n';
        size_t size = key.kind == KEY_TEXT || bad ? key.len : 1;
        if (bad)
            warn_of_bytes(e);
        else if (line_end)
            text[to++] = '\n';
        else
            memmove(text + to, text + at, size);
        to += bad || line_end ? 0 : size;
        if (line_end && at + 1 < len && text[at] + text[at + 1] == '\r' + '\n')
            size++;
        at += size;
    }
    to -= to > 0 && text[to - 1] == '\n';
    text[to] = '\0';
}

/* Inserts a paste, whose beginning was taken. False when its end is still to come. */
static bool take_paste(struct editor *e, size_t begin)
{
    size_t len = ws_bytes_len(e->keys);
    char *keys = (char *)ws_bytes_data(e->keys);
    char *end = memmem(keys + begin, len - begin, PASTE_END, sizeof PASTE_END - 1);
    if (!end && len < PASTE_MAX)
        return false;
    size_t text_len = end ? (size_t)(end - keys) - begin : len - begin;
    char *text = malloc(text_len + 1);
    if (text)
        memcpy(text, keys + begin, text_len);
    ws_bytes_consume(e->keys, begin + text_len + (end ? sizeof PASTE_END - 1 : 0));
    if (!text)
        return true;
    clean(e, text, text_len);
    editor_hide(e);
    search_leave(&e->search);
    el_insertstr(e->el, text);
    editor_show(e);
    free(text);
    return true;
}

/* Text that comes at once, as of a paste that has no such sequences, is inserted together: libedit
 * would show the whole line again for each key. False: it is a key, or few of them. */
static bool take_text(struct editor *e)
{
    enum { FEW = 16, CHARACTER_MOST = 4 };
    const uint8_t *keys = ws_bytes_data(e->keys);
    size_t len = ws_bytes_len(e->keys), n = 0;
    char text[READ_SIZE];
    if (e->search.active || e->quoting)
        return false;
    while (n < len && n < sizeof text - 1 && keys[n] >= ' ' && keys[n] != 0x7F)
        n++;
    memcpy(text, keys, n);
    text[n] = '\0';
    /* The last character may not be whole yet. */
    for (int cut = 0; cut < CHARACTER_MOST && n > FEW; cut++, text[--n] = '\0')
        if (mbstowcs(NULL, text, 0) != (size_t)-1) {
            editor_hide(e);
            el_insertstr(e->el, text);
            ws_bytes_consume(e->keys, n);
            return true;
        }
    return false;
}

/* --- keys --- */

/* Has libedit do what it does for these. */
static void give(struct editor *e, const char *bytes, size_t len)
{
    int ignored = 0;
    e->key = bytes;
    e->key_len = len;
    for (size_t before = len + 1; e->key_len < before && e->key_len > 0 && !e->entered;) {
        before = e->key_len;
        el_gets(e->el, &ignored);
    }
}

static void insert(struct editor *e, const uint8_t *bytes, size_t len)
{
    char text[KEY_MOST + 1];
    snprintf(text, sizeof text, "%.*s", (int)len, (const char *)bytes);
    if (len == 1 && (*text == '\r' || *text == '\n')) /* libedit has the terminal exchange them */
        *text ^= '\r' ^ '\n';
    editor_hide(e);
    el_insertstr(e->el, text);
}

/* What libedit would read another key for is done here: that key may come at any time. */
static void take_control(struct editor *e, uint8_t control)
{
    switch (control) {
    case CTRL_R:
        editor_hide(e);
        search_begin(&e->search);
        break;
    case CTRL_V:
        e->quoting = true;
        break;
    case CTRL_S:
    case CTRL_X:
    case ESC:
    case '\0':
        break;
    default:
        give(e, (const char *)&control, 1);
    }
}

static void take_key(struct editor *e, const struct key *key, const uint8_t *bytes)
{
    if (key->kind == KEY_BAD) {
        warn_of_bytes(e);
        return;
    }
    if (e->quoting) {
        e->quoting = false;
        insert(e, bytes, key->len);
        return;
    }
    if (e->search.active) {
        editor_hide(e);
        if (search_take(&e->search, key, bytes))
            return;
        editor_show(e);
    }
    if (key->kind == KEY_CONTROL)
        take_control(e, bytes[0]);
    else if (key->kind == KEY_SEQUENCE)
        give(e, key->same_as, strlen(key->same_as));
    else if (key->kind == KEY_TEXT || !strchr("xX", bytes[1])) /* Alt-X asks for a command */
        give(e, (const char *)bytes, key->len);
}

void editor_take_keys(struct editor *e, bool late)
{
    uint8_t bytes[KEY_MOST];
    while (e->running && ws_bytes_len(e->keys) > 0) {
        struct key key = key_next(ws_bytes_data(e->keys), ws_bytes_len(e->keys), late);
        if (key.kind == KEY_PARTIAL) {
            ws_loop_arm(e->options.loop, &e->late, ws_loop_now(e->options.loop) + SEQUENCE_MS);
            return;
        }
        if (key.kind == KEY_PASTE) {
            if (!take_paste(e, key.len))
                return;
            continue;
        }
        if (take_text(e))
            continue;
        memcpy(bytes, ws_bytes_data(e->keys), key.len);
        ws_bytes_consume(e->keys, key.len);
        editor_show(e);
        take_key(e, &key, bytes);
        if (e->entered)
            editor_take_line(e);
        if (e->ended && e->running)
            editor_end_input(e);
    }
}

/* Reads what is there. False at the end of input. */
bool editor_read_keys(struct editor *e)
{
    if (!ws_bytes_reserve(&e->keys, READ_SIZE))
        return false;
    ssize_t n = read(STDIN_FILENO, ws_bytes_data(e->keys) + e->keys->len, READ_SIZE);
    if (n > 0)
        e->keys->len += (size_t)n;
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}
