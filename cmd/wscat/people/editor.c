#include "cmd/wscat/people/editor.h"

#include "cmd/common/exit.h"
#include "cmd/wscat/people/screen.h"
#include "cmd/wscat/people/slash.h"
#include "libws/proto/bytes.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

enum {
    HISTORY_LINES = 1000,
    READ_SIZE = 4096,
    SEQUENCE_MS = 50, /* for the rest of the sequence of a key to arrive */
    PASTE_MAX = 16 << 20,
    AWAY_MS = 200, /* between two looks for the terminal */
};

static const char PROMPT[] = "> ";
static const char PASTE_ON[] = "\033[?2004h", PASTE_OFF[] = "\033[?2004l";
static const char PASTE_BEGIN[] = "\033[200~", PASTE_END[] = "\033[201~";

struct editor {
    struct editor_options options;
    struct ws_watch watch;
    struct ws_deferred task; /* shows the line again */
    struct ws_timer away;    /* while another job of the shell has the terminal */
    EditLine *el;
    History *history;
    struct ws_bytes *keys; /* that were read and not looked at */
    bool running;          /* between editor_start() and editor_stop() */
    bool armed;            /* a line is being edited: the terminal is in raw mode */
    bool hidden;           /* and is not on the screen */
    bool entered;          /* Enter was pressed */
    bool ended;            /* Ctrl-D was */
    bool (*pending)(void *context);
    void *pending_context;
};

static struct editor *the_editor(EditLine *el)
{
    void *data = NULL;
    el_get(el, EL_CLIENTDATA, &data);
    return data;
}

static void put(const char *text)
{
    ssize_t ignored = write(STDOUT_FILENO, text, strlen(text));
    (void)ignored;
}

bool editor_possible(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

/* --- keys --- */

/* Reads what is there; waits at most `wait_ms` for it. False at the end of input. */
static bool read_keys(struct editor *e, int wait_ms)
{
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&ready, 1, wait_ms) <= 0)
        return true;
    if (!ws_bytes_reserve(&e->keys, READ_SIZE))
        return false;
    ssize_t n = read(STDIN_FILENO, ws_bytes_data(e->keys) + e->keys->len, READ_SIZE);
    if (n > 0)
        e->keys->len += (size_t)n;
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* libedit asks for a character: the next of those that were read. 0 when there is none. */
static int next_key(EditLine *el, wchar_t *c)
{
    struct editor *e = the_editor(el);
    mbstate_t state = {0};
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t len = ws_bytes_len(e->keys);
        if (len > 0) {
            size_t n = mbrtowc(c, (const char *)ws_bytes_data(e->keys), len, &state);
            if (n == (size_t)-1 || n == 0 || (n == (size_t)-2 && attempt > 0)) {
                *c = n == 0 ? L'\0' : L'?';
                n = 1;
            }
            if (n != (size_t)-2) {
                ws_bytes_consume(e->keys, n);
                return 1;
            }
        }
        memset(&state, 0, sizeof state);
        read_keys(e, SEQUENCE_MS); /* the middle of a key's sequence */
    }
    return 0;
}

/* --- the screen --- */

void editor_hide(void *editor)
{
    struct editor *e = editor;
    char up[32];
    int row;
    if (!e || !e->armed || e->hidden)
        return;
    e->hidden = true;
    row = screen_row(el_wline(e->el), sizeof PROMPT - 1);
    snprintf(up, sizeof up, "\033[%dA", row);
    put("\r");
    if (row > 0)
        put(up);
    put("\033[J");
    ws_loop_defer(e->options.loop, &e->task);
}

void editor_show(struct editor *e)
{
    if (!e || !e->hidden || !screen_is_ours())
        return;
    e->hidden = false;
    if (e->armed)
        el_set(e->el, EL_REFRESH);
}

static bool output_waits(const struct editor *e)
{
    return e->pending && e->pending(e->pending_context);
}

static void on_task(struct ws_deferred *task)
{
    struct editor *e = ws_container_of(task, struct editor, task);
    if (!output_waits(e))
        editor_show(e);
}

void editor_set_pending(struct editor *e, bool (*pending)(void *context), void *context)
{
    e->pending = pending;
    e->pending_context = context;
}

/* --- libedit's calls --- */

static char *prompt(EditLine *el)
{
    (void)el;
    return (char *)(uintptr_t)PROMPT;
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

/* --- lines --- */

/* An empty line after the prompt. */
static void begin_line(struct editor *e)
{
    if (e->armed)
        return;
    e->armed = true;
    e->hidden = e->entered = false;
    el_set(e->el, EL_UNBUFFERED, 1);
    if (output_waits(e)) /* what was printed before it is still on its way */
        editor_hide(e);
}

/* Back to a terminal as it was. */
static void end_line(struct editor *e)
{
    if (!e->armed)
        return;
    e->armed = false;
    el_set(e->el, EL_UNBUFFERED, 0);
}

static void take_line(struct editor *e)
{
    const LineInfo *line = el_line(e->el);
    size_t len = (size_t)(line->lastchar - line->buffer);
    char *text = strndup(line->buffer, len);
    HistEvent event;
    put("\n");
    end_line(e);
    if (text && len > 0)
        history(e->history, &event, H_ENTER, text);
    /* What the line causes is printed before the next prompt. */
    if (text)
        e->options.line(e->options.context, text, strlen(text));
    free(text);
    if (e->running)
        begin_line(e);
}

/* A paste at the beginning of what was read: inserted whole. False when its end is still to come.
 */
static bool take_paste(struct editor *e)
{
    size_t len = ws_bytes_len(e->keys), begin = sizeof PASTE_BEGIN - 1;
    char *keys = (char *)ws_bytes_data(e->keys);
    char *end = memmem(keys + begin, len - begin, PASTE_END, sizeof PASTE_END - 1);
    if (!end && len < PASTE_MAX)
        return false;
    size_t text_len = end ? (size_t)(end - keys) - begin : len - begin;
    char *text = strndup(keys + begin, text_len);
    ws_bytes_consume(e->keys, begin + text_len + (end ? sizeof PASTE_END - 1 : 0));
    if (!text)
        return true;
    /* A terminal sends CR for each line end. The last one does not begin another line. */
    for (char *p = text; *p; p++)
        if (*p == '\r')
            *p = '\n';
    text_len = strlen(text);
    if (text_len > 0 && text[text_len - 1] == '\n')
        text[text_len - 1] = '\0';
    editor_hide(e);
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

/* How much of the sequence that begins a paste is at the beginning of what was read. */
static size_t paste_begun(const struct editor *e)
{
    size_t len = ws_bytes_len(e->keys), size = sizeof PASTE_BEGIN - 1;
    if (len > size)
        len = size;
    return len > 0 && memcmp(ws_bytes_data(e->keys), PASTE_BEGIN, len) == 0 ? len : 0;
}

static void end_input(struct editor *e)
{
    editor_stop(e);
    put("\n");
    e->options.end(e->options.context);
}

/* Gives libedit what was read, a key at a time. */
static void take_keys(struct editor *e)
{
    while (e->armed && ws_bytes_len(e->keys) > 0) {
        int ignored = 0;
        size_t begun = paste_begun(e);
        if (take_text(e))
            continue;
        editor_show(e);
        if (begun > 1 && begun < sizeof PASTE_BEGIN - 1)
            read_keys(e, SEQUENCE_MS);
        if (paste_begun(e) == sizeof PASTE_BEGIN - 1) {
            if (!take_paste(e))
                return;
            continue;
        }
        el_gets(e->el, &ignored);
        if (e->entered)
            take_line(e);
        if (e->ended) {
            end_input(e);
            return;
        }
    }
}

static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct editor *e = ws_container_of(watch, struct editor, watch);
    (void)ready;
    if (!screen_is_ours()) { /* reading would stop this job */
        ws_loop_rewatch(e->options.loop, &e->watch, 0);
        editor_take_terminal(e);
    } else if (read_keys(e, 0))
        take_keys(e);
    else
        end_input(e);
}

static void on_away(struct ws_timer *timer)
{
    editor_take_terminal(ws_container_of(timer, struct editor, away));
}

/* --- beginning and end --- */

static void bind_keys(struct editor *e)
{
    el_set(e->el, EL_CLIENTDATA, e);
    el_wset(e->el, EL_GETCFN, next_key);
    el_set(e->el, EL_PROMPT, prompt);
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
    el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(e->el, EL_BIND, "\033[1~", "ed-move-to-beg", NULL);
    el_set(e->el, EL_BIND, "\033[4~", "ed-move-to-end", NULL);
}

struct editor *editor_new(const struct editor_options *options)
{
    HistEvent event;
    struct editor *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
    e->options = *options;
    e->watch = (struct ws_watch){.fd = STDIN_FILENO, .ready = on_ready};
    e->task.run = on_task;
    e->away.fire = on_away;
    e->history = history_init();
    e->el = el_init("wscat", stdin, stdout, stderr);
    if (!e->history || !e->el)
        return editor_free(e), NULL;
    history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    history(e->history, &event, H_SETUNIQUE, 1);
    if (options->history)
        history(e->history, &event, H_LOAD, options->history);
    bind_keys(e);
    put(PASTE_ON);
    return e;
}

void editor_start(struct editor *e)
{
    if (e->running || e->ended)
        return;
    e->running = true;
    begin_line(e);
    if (ws_loop_rewatch(e->options.loop, &e->watch, WS_READABLE) != WS_OK)
        end_input(e);
}

void editor_stop(struct editor *e)
{
    if (!e->running)
        return;
    editor_hide(e);
    e->running = false;
    end_line(e);
    ws_loop_rewatch(e->options.loop, &e->watch, 0);
}

void editor_resize(struct editor *e)
{
    if (!e || !e->armed)
        return;
    editor_hide(e);
    el_resize(e->el);
    editor_show(e);
}

void editor_leave_terminal(struct editor *e)
{
    if (!e)
        return;
    editor_hide(e);
    if (e->armed)
        el_set(e->el, EL_PREP_TERM, 0);
    put(PASTE_OFF);
}

void editor_take_terminal(struct editor *e)
{
    if (!e)
        return;
    if (!screen_is_ours()) { /* no signal says when it comes back to a job that runs */
        ws_loop_arm(e->options.loop, &e->away, ws_loop_now(e->options.loop) + AWAY_MS);
        return;
    }
    put(PASTE_ON);
    if (e->running)
        ws_loop_rewatch(e->options.loop, &e->watch, WS_READABLE);
    if (!e->armed)
        return;
    el_set(e->el, EL_PREP_TERM, 0); /* what libedit takes it to be may not be so any more */
    el_set(e->el, EL_PREP_TERM, 1);
    put("\r");
    el_resize(e->el);
    e->hidden = true; /* what was on the screen is above the cursor */
    editor_show(e);
}

static void save_history(struct editor *e)
{
    HistEvent event;
    mode_t before = umask(077); /* what was typed may be secret */
    if (e->options.history && e->history &&
        history(e->history, &event, H_SAVE, e->options.history) < 0)
        exit_warn("cannot save the history: %s: %s", e->options.history, strerror(errno));
    umask(before);
}

static void free_task(struct ws_deferred *task)
{
    free(ws_container_of(task, struct editor, task));
}

void editor_free(struct editor *e)
{
    if (!e)
        return;
    if (e->el) {
        if (!screen_is_ours()) { /* its modes are not restored, for they are another job's */
            el_set(e->el, EL_EDITMODE, 0);
            e->armed = false;
        }
        editor_stop(e);
        put(PASTE_OFF);
        el_end(e->el);
    }
    save_history(e);
    if (e->history)
        history_end(e->history);
    ws_loop_disarm(e->options.loop, &e->away);
    ws_loop_unwatch(e->options.loop, &e->watch);
    ws_bytes_free(&e->keys);
    /* To show the line again may be deferred already. */
    e->task.run = free_task;
    ws_loop_defer(e->options.loop, &e->task);
}
