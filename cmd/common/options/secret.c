#include "cmd/common/options/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { SECRET_MAX = 64 * 1024 };

void secret_free(char *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret, strlen(secret));
    free(secret);
}

static ssize_t read_some(int fd, void *data, size_t size)
{
    ssize_t n;
    do
        n = read(fd, data, size);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Reads everything or, with `line`, up to a newline, which is consumed but not returned. */
static char *read_all(int fd, bool line, const char *name, char *message, size_t size)
{
    char *text = malloc(SECRET_MAX + 2);
    size_t len = 0;
    const char *wrong = NULL;
    int failed = 0;
    if (!text) {
        snprintf(message, size, "out of memory");
        return NULL;
    }
    while (len <= SECRET_MAX) {
        /* A line is read bytewise: the rest of the input is for other readers. */
        ssize_t n = read_some(fd, text + len, line ? 1 : SECRET_MAX + 1 - len);
        if (n < 0) {
            failed = errno;
            wrong = strerror(failed);
        }
        if (n <= 0)
            break;
        len += (size_t)n;
        if (line && text[len - 1] == '\n')
            break;
    }
    if (!wrong && len > SECRET_MAX)
        wrong = "larger than 64 KiB";
    if (!wrong && memchr(text, '\0', len))
        wrong = "contains a NUL byte";
    if (!wrong && line && len == 0)
        wrong = "no data to read";
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    text[len] = '\0';
    char *secret = wrong ? NULL : strdup(text);
    if (!secret)
        snprintf(message, size, "cannot read %s: %s", name, wrong ? wrong : "out of memory");
    explicit_bzero(text, SECRET_MAX + 2);
    free(text);
    errno = failed;
    return secret;
}

static bool only_files;

void secret_only_files(void)
{
    only_files = true;
}

/* NULL, with errno, if it cannot be read. */
static char *read_file(const char *path, char *message, size_t size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | (only_files ? O_NONBLOCK : 0));
    bool waits = fd >= 0 && only_files && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode));
    char *secret = NULL;
    int failed = errno;
    if (fd < 0) {
        snprintf(message, size, "cannot open '%s': %s", path, strerror(failed));
    } else if (waits) {
        failed = 0;
        snprintf(message, size, "'%s' is not a regular file: a pipe can be read only once", path);
    } else {
        secret = read_all(fd, false, path, message, size);
        failed = errno;
    }
    if (fd >= 0)
        close(fd);
    errno = failed;
    return secret;
}

char *secret_resolve(const char *value, char *message, size_t size)
{
    char *secret;
    if (strncmp(value, "env:", 4) == 0) {
        const char *text = getenv(value + 4);
        if (!text) {
            snprintf(message, size, "the environment has no variable '%s'", value + 4);
            errno = 0;
            return NULL;
        }
        secret = strdup(text);
    } else if (strcmp(value, "@-") == 0 && only_files) {
        snprintf(message, size, "standard input is for the command line");
        errno = 0;
        return NULL;
    } else if (strcmp(value, "@-") == 0) {
        if (!isatty(STDIN_FILENO))
            return read_all(STDIN_FILENO, true, "standard input", message, size);
        secret = secret_ask_on(STDIN_FILENO, "Secret: ");
        if (!secret)
            snprintf(message, size, "nothing was entered");
        return secret;
    } else if (value[0] == '@') {
        return read_file(value + 1, message, size);
    } else {
        secret = strdup(value);
    }
    if (!secret)
        snprintf(message, size, "out of memory");
    return secret;
}

static void say(int fd, const char *text)
{
    /* If the prompt cannot be shown, read the answer anyway. */
    ssize_t ignored = write(fd, text, strlen(text));
    (void)ignored;
}

char *secret_ask_on(int fd, const char *prompt)
{
    struct termios before, quiet;
    if (tcgetattr(fd, &before) != 0)
        return NULL;
    /* Signals from the keyboard are off: a Ctrl-C that killed the process here would leave the
     * terminal without echo. It is read as a character and handled below. */
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    quiet.c_iflag |= ICRNL;
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    /* TCSADRAIN keeps what was typed ahead; TCSAFLUSH would drop it. */
    if (tcsetattr(fd, TCSADRAIN, &quiet) != 0)
        return NULL;
    say(fd, prompt);

    char text[1024];
    size_t len = 0;
    bool entered = false;
    char c;
    while (read_some(fd, &c, 1) == 1) {
        if (c == '\n' || (c == 4 && len > 0)) { /* Ctrl-D after text ends a line too */
            entered = true;
            break;
        }
        if (c == 3 || c == 4) /* Ctrl-C, Ctrl-D */
            break;
        if (c == 8 || c == 127) {
            /* Deletes a whole UTF-8 character, not one of its bytes. */
            while (len > 0 && ((uint8_t)text[--len] & 0xC0) == 0x80)
                ;
        } else if (c == 21) { /* Ctrl-U */
            len = 0;
        } else if (c != 0 && len < sizeof text - 1) {
            text[len++] = c;
        }
    }
    text[len] = '\0';
    say(fd, "\n");
    tcsetattr(fd, TCSADRAIN, &before);
    char *secret = entered ? strdup(text) : NULL;
    explicit_bzero(text, sizeof text);
    if (!entered)
        errno = ECANCELED;
    return secret;
}

char *secret_ask(const char *prompt)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return NULL;
    char *secret = secret_ask_on(fd, prompt);
    close(fd);
    return secret;
}

/* The length of the userinfo of a URL in `line`, and where it begins; 0: there is none. */
static size_t find_userinfo(const char *line, size_t len, size_t *begin)
{
    const char *mark = memmem(line, len, "://", 3), *scheme = mark;
    size_t userinfo = 0;
    while (scheme && scheme > line &&
           (isalnum((unsigned char)scheme[-1]) || strchr("+-.", scheme[-1])))
        scheme--;
    if (!mark || scheme == mark || (scheme > line && scheme[-1] != ' '))
        return 0;
    *begin = (size_t)(mark + 3 - line);
    for (size_t i = *begin; i < len && !strchr("/? ", line[i]); i++)
        if (line[i] == '@')
            userinfo = i - *begin;
    return userinfo;
}

void secret_hide_token(const char *line, size_t len, char *text, size_t size)
{
    static const char name[] = "token=", hidden[] = "token=***";
    size_t used = 0, login = 0, login_len = find_userinfo(line, len, &login);
    bool query = false, begins = false; /* a parameter begins here */
    for (size_t i = 0; i < len && used + 1 < size; i++) {
        if (login_len > 0 && i == login) {
            for (size_t k = 0; k < 3 && used + 1 < size; k++)
                text[used++] = '*';
            i += login_len - 1;
            continue;
        }
        if (begins && len - i >= strlen(name) && memcmp(line + i, name, strlen(name)) == 0) {
            for (size_t k = 0; hidden[k] && used + 1 < size; k++)
                text[used++] = hidden[k];
            while (i + 1 < len && line[i + 1] != '&' && line[i + 1] != ' ')
                i++;
            begins = false;
            continue;
        }
        query |= line[i] == '?';
        begins = line[i] == '?' || (query && line[i] == '&');
        text[used++] = line[i];
    }
    text[used] = '\0';
}

char *secret_without_token(const char *line, size_t len)
{
    size_t size = 2 * len + 1; /* *** may be longer than what it hides */
    char *text = malloc(size);
    if (text)
        secret_hide_token(line, len, text, size);
    return text;
}
