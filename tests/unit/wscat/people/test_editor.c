/* The editor on a terminal of its own; tests/cli/wscat/people.bats looks at the screen of one. */
#include "cmd/wscat/people/editor.h"

#include "tests/unit/support_net.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* ncurses keeps a string for each time that it is set up, which wscat does once. */
const char *__lsan_default_suppressions(void), *__lsan_default_options(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:_nc_trim_sgr0";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

static struct {
    struct ws_loop *loop;
    struct editor *editor;
    int keyboard; /* the other end of the terminal */
    int in, out;  /* what the standard streams were */
    char line[1024], screen[16 * 1024];
    size_t shown;
    unsigned lines, ends;
    bool stops; /* at each line */
} fx;

static void on_line(void *context, char *text, size_t len)
{
    (void)context;
    snprintf(fx.line, sizeof fx.line, "%.*s", (int)len, text);
    fx.lines++;
    if (fx.stops)
        editor_stop(fx.editor);
}

static void on_end(void *context)
{
    (void)context;
    fx.ends++;
}

static int start(void **state)
{
    const struct winsize size = {.ws_row = 24, .ws_col = 40};
    (void)state;
    memset(&fx, 0, sizeof fx);
    fflush(stdout);
    fx.in = dup(STDIN_FILENO);
    fx.out = dup(STDOUT_FILENO);
    fx.keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fx.keyboard < 0 || grantpt(fx.keyboard) != 0 || unlockpt(fx.keyboard) != 0)
        return -1;
    int terminal = open(ptsname(fx.keyboard), O_RDWR | O_NOCTTY);
    if (terminal < 0 || ioctl(terminal, TIOCSWINSZ, &size) != 0)
        return -1;
    dup2(terminal, STDIN_FILENO);
    dup2(terminal, STDOUT_FILENO);
    close(terminal);
    setenv("TERM", "xterm", 1);
    if (ws_loop_new(&fx.loop) != WS_OK)
        return -1;
    const struct editor_options options = {
        .loop = fx.loop, .slash = true, .line = on_line, .end = on_end};
    fx.editor = editor_new(&options);
    if (fx.editor)
        editor_start(fx.editor);
    return fx.editor ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    editor_free(fx.editor);
    ws_loop_turn(fx.loop, 0);
    ws_loop_free(fx.loop);
    fflush(stdout);
    dup2(fx.in, STDIN_FILENO);
    dup2(fx.out, STDOUT_FILENO);
    close(fx.in);
    close(fx.out);
    close(fx.keyboard);
    return 0;
}

static void type(const char *keys)
{
    assert_int_equal(write(fx.keyboard, keys, strlen(keys)), strlen(keys));
}

/* Takes what was written to the terminal since the last call. */
static const char *shown(void)
{
    fx.shown = 0;
    ssize_t n;
    while ((n = read(fx.keyboard, fx.screen + fx.shown, sizeof fx.screen - 1 - fx.shown)) > 0)
        fx.shown += (size_t)n;
    fx.screen[fx.shown] = '\0';
    return fx.screen;
}

static void entered(const char *keys, const char *line)
{
    unsigned before = fx.lines;
    type(keys);
    TURN_UNTIL(fx.loop, (shown(), fx.lines) > before);
    assert_int_equal(fx.lines, before + 1);
    assert_string_equal(fx.line, line);
}

static void lines(void **state)
{
    (void)state;
    assert_true(editor_possible());
    entered("hello\r", "hello");
    entered("\r", "");
    entered("gr\xc3\xbc\xc3\x9f"
            "e\x7f\x7f!\r",
            "gr\xc3\xbc!");
    entered("\033[A\033[A\r", "hello"); /* up: not the empty line */
    entered("bc\001a\r", "abc");        /* Ctrl-A */
}

static void commands_are_completed(void **state)
{
    (void)state;
    entered("/pi\tx\r", "/pingx");
    entered("/p\tx\r", "/px");       /* /ping or /pong */
    entered("x/pi\tx\r", "x/pi\tx"); /* no command */
}

static void pastes(void **state)
{
    (void)state;
    type("\033[200~one\rtwo\tx\rthree\r\033[201~");
    TURN_UNTIL(fx.loop, strstr(shown(), "three"));
    assert_int_equal(fx.lines, 0);
    entered("\r", "one\ntwo\tx\nthree");
    /* In pieces, and after something that was typed. */
    type("a\033[200~");
    ws_loop_turn(fx.loop, 10);
    type("b\033[2");
    ws_loop_turn(fx.loop, 10);
    type("01~");
    entered("c\r", "abc");
    /* What is not UTF-8, NUL, and both kinds of line ends. */
    const char bytes[] = "\033[200~1\xff"
                         "2\xed\xa0\x80"
                         "3\0004\r\n5\n\n6\xe6\x97\033[201~\r";
    fx.lines = 0;
    assert_int_equal(write(fx.keyboard, bytes, sizeof bytes - 1), sizeof bytes - 1);
    TURN_UNTIL(fx.loop, (shown(), fx.lines) > 0);
    assert_string_equal(fx.line, "1234\n5\n\n6");
}

/* The prompt is erased before something is printed, and comes back with the line. */
static void hiding(void **state)
{
    (void)state;
    type("half");
    TURN_UNTIL(fx.loop, strstr(shown(), "f"));
    editor_hide(fx.editor);
    assert_string_equal(shown(), "\r\033[J");
    editor_hide(fx.editor);
    assert_string_equal(shown(), "");
    ws_loop_turn(fx.loop, 0);
    fflush(stdout);
    assert_non_null(strstr(shown(), "> half"));
}

static bool raw(void)
{
    struct termios modes;
    assert_int_equal(tcgetattr(STDIN_FILENO, &modes), 0);
    return !(modes.c_lflag & (ICANON | ECHO));
}

/* The shell has the terminal for a while, and sets it as it likes it. */
static void the_terminal_changes_hands(void **state)
{
    struct termios modes;
    (void)state;
    type("half");
    TURN_UNTIL(fx.loop, strstr(shown(), "f"));
    editor_leave_terminal(fx.editor);
    assert_non_null(strstr(shown(), "\033[?2004l"));
    assert_false(raw());
    assert_int_equal(tcgetattr(STDIN_FILENO, &modes), 0);
    modes.c_lflag |= ICANON | ECHO;
    assert_int_equal(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
    for (int i = 0; i < 2; i++) { /* SIGCONT comes as well */
        editor_take_terminal(fx.editor);
        assert_true(raw());
        fflush(stdout);
        assert_non_null(strstr(shown(), "\033[?2004h"));
        assert_non_null(strstr(fx.screen, "\r> half"));
    }
    entered("!\r", "half!");
    editor_stop(fx.editor);
    shown();
    editor_take_terminal(fx.editor);
    ws_loop_turn(fx.loop, 0);
    fflush(stdout);
    assert_null(strstr(shown(), "> "));
    assert_true(raw()); /* what is typed meanwhile is not shown */
}

static bool is_pending(void *context)
{
    return *(bool *)context;
}

/* A line begins while something is still to be printed: the prompt comes after it. */
static void the_prompt_comes_after_output(void **state)
{
    bool pending = true;
    (void)state;
    editor_stop(fx.editor);
    editor_set_pending(fx.editor, is_pending, &pending);
    shown();
    editor_start(fx.editor);
    ws_loop_turn(fx.loop, 0);
    fflush(stdout);
    shown();
    assert_null(strstr(fx.screen, "> "));
    pending = false;
    editor_show(fx.editor);
    fflush(stdout);
    assert_non_null(strstr(shown(), "> "));
    entered("x\r", "x");
}

/* The rows above the cursor: 40 columns, with a paste's line ends and tabs. */
static void rows_of_a_long_line(void **state)
{
    (void)state;
    type("\033[200~0123456789012345678901234567890123456\tx\rlast\033[201~");
    TURN_UNTIL(fx.loop, strstr(shown(), "last"));
    editor_hide(fx.editor);
    assert_string_equal(shown(), "\r\033[2A\033[J");
}

static void ends(void **state)
{
    (void)state;
    entered("ab\001\004\r", "b"); /* Ctrl-D inside of a line deletes */
    assert_int_equal(fx.ends, 0);
    type("\004");
    TURN_UNTIL(fx.loop, fx.ends == 1);
    editor_start(fx.editor);
    type("more\r");
    ws_loop_turn(fx.loop, 10);
    assert_int_equal(fx.lines, 1);
}

/* What is typed while it is stopped is kept for later. */
static void stopping(void **state)
{
    (void)state;
    fx.stops = true;
    type("one\rtwo\r");
    TURN_UNTIL(fx.loop, fx.lines > 0);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(fx.loop, 1);
    assert_int_equal(fx.lines, 1);
    assert_string_equal(fx.line, "one");
    editor_start(fx.editor);
    TURN_UNTIL(fx.loop, fx.lines > 1);
    assert_string_equal(fx.line, "two");
}

/* The line being typed is there again after a stop, with its cursor, and what was typed meanwhile.
 */
static void a_stop_keeps_the_line(void **state)
{
    (void)state;
    type("half\002\002");
    TURN_UNTIL(fx.loop, strstr(shown(), "f"));
    ws_loop_turn(fx.loop, 10);
    editor_stop(fx.editor);
    for (int i = 0; i < 3; i++)
        ws_loop_turn(fx.loop, 0);
    fflush(stdout);
    assert_non_null(strstr(shown(), "\r\033[J"));
    assert_null(strstr(fx.screen, "> "));
    type("X");
    assert_true(raw());
    ws_loop_turn(fx.loop, 100);
    tcflush(STDIN_FILENO, TCIFLUSH); /* as Ctrl-Z does */
    editor_start(fx.editor);
    entered("\r", "haXlf");
}

/* A key at a time, as a person presses them. */
static void pressed(const char *keys[], const char *line)
{
    unsigned before = fx.lines;
    for (; *keys; keys++) {
        type(*keys);
        /* Longer than the rest of a sequence is waited for. */
        for (int i = 0; i < (strcmp(*keys, "\033") == 0 ? 20 : 2); i++)
            ws_loop_turn(fx.loop, 10);
        shown();
    }
    TURN_UNTIL(fx.loop, (shown(), fx.lines) > before);
    assert_string_equal(fx.line, line);
}

#define PRESSED(line, ...) pressed((const char *[]){__VA_ARGS__, NULL}, line)

static void keys_of_a_terminal(void **state)
{
    (void)state;
    PRESSED("ab Xcd", "ab cd", "\033[1;5D", "X", "\r"); /* Ctrl-Left, Alt-Left, Alt-b */
    PRESSED("ab Xcd", "ab cd", "\033[1;3D", "X", "\r");
    PRESSED("ab Xcd", "ab cd", "\033b", "X", "\r");
    PRESSED("abX cd", "ab cd", "\001", "\033[1;5C", "X", "\r");
    PRESSED("aXb", "ab", "\033[D", "X", "\r");
    PRESSED("Xab", "ab", "\033OH", "X", "\033[4~", "\033OM"); /* Home, End, the keypad's Enter */
    PRESSED("b", "ab", "\033[1~", "\033[3~", "\r");           /* Delete */
    PRESSED("ac", "a b", "\033[D", "\033[3;5~", "\177", "c", "\r");
    assert_int_equal(fx.ends, 0);
    /* PgUp, PgDn, Insert, F1, F5, F12, F1 of Linux, Shift-Enter, the focus, the mouse, ESC, Alt-x
     */
    PRESSED("ab", "a", "\033[5~", "\033[6~", "\033[2~", "\033OP", "\033[15~", "\033[24~", "\033[[A",
            "\033[13;2u", "\033[I", "\033[<0;5;5M", "\033", "\033x", "b", "\r");
    PRESSED("x", "\033[3~", "x", "\r"); /* on an empty line it ends nothing */
    assert_int_equal(fx.ends, 0);
    PRESSED("a\tb\x1b", "a", "\026", "\t", "b", "\026", "\033", "\r"); /* Ctrl-V */
    PRESSED("\xe6\x97\xa5", "\xe6", "\x97", "\xa5", "\r");             /* a character in pieces */
}

static void searching(void **state)
{
    (void)state;
    entered("first line\r", "first line");
    entered("second line\r", "second line");
    entered("third\r", "third");
    PRESSED("second line", "\022", "l", "i", "\r");
    PRESSED("first line", "x", "\022", "l", "\022", "\r");
    PRESSED("first line!", "\022", "f", "z", "\177", "\033[F", "!", "\r");
    PRESSED("mine", "mine", "\022", "s", "\033", "\r");
    PRESSED("miXne", "mine", "\002", "\002", "\022", "s", "\033", "X", "\r"); /* the cursor, too */
    PRESSED("miXne", "mine", "\002", "\002", "\022", "s", "\177", "\007", "X", "\r");
    PRESSED("mine", "mine", "\022", "s", "\007", "\r");
    PRESSED("first line", "\022", "f", "\022", "\022", "\022", "\022", "\r"); /* the oldest stays */
}

/* Bytes that are no character are left out, with a line. */
static void no_utf8(void **state)
{
    (void)state;
    entered("a\xff\xfe"
            "b\r",
            "ab");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines),
        TEST(commands_are_completed),
        TEST(pastes),
        TEST(hiding),
        TEST(rows_of_a_long_line),
        TEST(ends),
        TEST(stopping),
        TEST(the_terminal_changes_hands),
        TEST(the_prompt_comes_after_output),
        TEST(a_stop_keeps_the_line),
        TEST(keys_of_a_terminal),
        TEST(searching),
        TEST(no_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
