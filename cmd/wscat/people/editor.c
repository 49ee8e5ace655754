#include "cmd/wscat/people/editor_private.h"

#include "cmd/common/exit.h"
#include "cmd/wscat/people/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

enum {
    HISTORY_LINES = 1000,
    AWAY_MS = 200,       /* between two looks for the terminal */
    AHEAD_MAX = 1 << 16, /* bytes of keys that are read while it is stopped */
};

static const char PROMPT[] = "> ";
static const char PASTE_ON[] = "\033[?2004h", PASTE_OFF[] = "\033[?2004l";

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

/* --- the screen --- */

static const char *the_prompt(const struct editor *e)
{
    return e->search.active ? e->search.prompt : PROMPT;
}

void editor_hide(void *editor)
{
    struct editor *e = editor;
    char up[32];
    int row;
    if (!e || !e->armed || e->hidden)
        return;
    e->hidden = true;
    row = screen_row(el_wline(e->el), the_prompt(e));
    snprintf(up, sizeof up, "\033[%dA", row);
    put("\r");
    if (row > 0)
        put(up);
    put("\033[J");
    ws_loop_defer(e->options.loop, &e->task);
}

void editor_show(struct editor *e)
{
    if (!e || !e->hidden || !e->running || !screen_is_ours())
        return;
    e->hidden = false;
    if (e->armed)
        el_set(e->el, EL_REFRESH);
}

/* libedit asks for it. */
static char *prompt(EditLine *el)
{
    void *e = NULL;
    el_get(el, EL_CLIENTDATA, &e);
    return (char *)(uintptr_t)the_prompt(e);
}

static bool output_waits(const struct editor *e)
{
    return e->pending && e->pending(e->pending_context);
}

void editor_set_pending(struct editor *e, bool (*pending)(void *context), void *context)
{
    e->pending = pending;
    e->pending_context = context;
}

/* --- lines --- */

/* An empty line after the prompt, which is seen once the editor runs. */
static void begin_line(struct editor *e)
{
    if (e->armed)
        return;
    e->armed = true;
    e->hidden = e->entered = false;
    el_set(e->el, EL_UNBUFFERED, 1);
    if (!e->running || output_waits(e)) /* what was printed before it is still on its way */
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

void editor_take_line(struct editor *e)
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
    if (!e->ended)
        begin_line(e);
}

void editor_end_input(struct editor *e)
{
    e->ended = true;
    editor_stop(e);
    ws_loop_rewatch(e->options.loop, &e->watch, 0);
    end_line(e);
    put("\n");
    e->options.end(e->options.context);
}

static void on_late(struct ws_timer *timer)
{
    editor_take_keys(ws_container_of(timer, struct editor, late), true);
}

static void on_task(struct ws_deferred *task)
{
    struct editor *e = ws_container_of(task, struct editor, task);
    if (!output_waits(e))
        editor_show(e);
    editor_take_keys(e, false);
}

/* Keys are read while the editor is stopped, too: what waits in the terminal is lost with Ctrl-Z.
 */
static void on_ready(struct ws_watch *watch, unsigned ready)
{
    struct editor *e = ws_container_of(watch, struct editor, watch);
    (void)ready;
    if (!screen_is_ours()) { /* reading would stop this job */
        ws_loop_rewatch(e->options.loop, &e->watch, 0);
        editor_take_terminal(e);
    } else if (!e->running && ws_bytes_len(e->keys) > AHEAD_MAX) {
        ws_loop_rewatch(e->options.loop, &e->watch, 0);
    } else if (editor_read_keys(e)) {
        editor_take_keys(e, false);
    } else if (e->running) {
        editor_end_input(e);
    } else { /* that is found again once it runs */
        ws_loop_rewatch(e->options.loop, &e->watch, 0);
    }
}

static void on_away(struct ws_timer *timer)
{
    editor_take_terminal(ws_container_of(timer, struct editor, away));
}

/* --- beginning and end --- */

static void load_history(struct editor *e)
{
    const char *file = e->options.history;
    struct stat status;
    HistEvent event;
    if (!file || history(e->history, &event, H_LOAD, file) >= 0 || stat(file, &status) < 0 ||
        !S_ISREG(status.st_mode) || status.st_size == 0)
        return;
    exit_warn("%s is no history: it is left as it is", file);
    e->options.history = NULL;
}

/* The one that has the terminal. */
static struct editor *at_terminal;

/* However the program ends. */
static void leave_at_exit(void)
{
    if (at_terminal && screen_is_ours())
        editor_leave_terminal(at_terminal);
}

struct editor *editor_new(const struct editor_options *options)
{
    HistEvent event;
    struct editor *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    e->options = *options;
    e->watch = (struct ws_watch){.fd = STDIN_FILENO, .ready = on_ready};
    e->task.run = on_task;
    e->away.fire = on_away;
    e->late.fire = on_late;
    e->history = history_init();
    e->el = el_init("wscat", stdin, stdout, stderr);
    if (!e->history || !e->el)
        return editor_free(e), NULL;
    e->search = (struct search){.el = e->el, .history = e->history};
    history(e->history, &event, H_SETSIZE, HISTORY_LINES);
    history(e->history, &event, H_SETUNIQUE, 1);
    load_history(e);
    editor_bind_keys(e);
    el_set(e->el, EL_PROMPT, prompt);
    put(PASTE_ON);
    if (!at_terminal)
        atexit(leave_at_exit);
    at_terminal = e;
    /* What is typed before it runs is not shown, either. */
    begin_line(e);
    ws_loop_rewatch(e->options.loop, &e->watch, WS_READABLE);
    return e;
}

void editor_start(struct editor *e)
{
    if (e->running || e->ended)
        return;
    e->running = true;
    begin_line(e);
    ws_loop_defer(e->options.loop, &e->task); /* the line may be there, and keys that waited */
    if (ws_loop_rewatch(e->options.loop, &e->watch, WS_READABLE) != WS_OK)
        editor_end_input(e);
}

void editor_stop(struct editor *e)
{
    if (!e->running)
        return;
    editor_hide(e);
    e->running = false;
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
    e->ended = true;
    if (at_terminal == e)
        at_terminal = NULL;
    if (e->el) {
        if (!screen_is_ours()) { /* its modes are not restored, for they are another job's */
            el_set(e->el, EL_EDITMODE, 0);
            e->armed = false;
        }
        editor_stop(e);
        end_line(e);
        put(PASTE_OFF);
        el_end(e->el);
    }
    save_history(e);
    if (e->history)
        history_end(e->history);
    search_leave(&e->search);
    ws_loop_disarm(e->options.loop, &e->late);
    ws_loop_disarm(e->options.loop, &e->away);
    ws_loop_unwatch(e->options.loop, &e->watch);
    ws_bytes_free(&e->keys);
    /* To show the line again may be deferred already. */
    e->task.run = free_task;
    ws_loop_defer(e->options.loop, &e->task);
}
