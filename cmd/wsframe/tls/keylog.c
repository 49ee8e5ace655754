#include "cmd/wsframe/tls/keylog.h"

#include "cmd/common/exit.h"
#include "cmd/common/hex.h"
#include "cmd/wsframe/read/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct keylog {
    const char *path; /* or NULL */
    off_t size;       /* of the file when it was read */
    off_t read;       /* of which these are whole lines */
    struct keylog_secret *secrets;
    size_t count, capacity;
};

/* --- a line --- */

static bool read_hex(const char **p, const char *end, uint8_t *to, size_t most, size_t *len)
{
    const char *at = *p;
    for (*len = 0; *len < most && end - at >= 2; at += 2, ++*len) {
        int high = hex_digit(at[0]), low = hex_digit(at[1]);
        if (high < 0 || low < 0)
            break;
        to[*len] = (uint8_t)(high << 4 | low);
    }
    *p = at;
    return *len > 0 && (at == end || *at == ' ');
}

static bool read_label(const char **p, const char *end, uint8_t *label)
{
    static const char *const names[] = {"CLIENT_RANDOM ", "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
                                        "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
                                        "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
    for (uint8_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if ((size_t)(end - *p) > len && memcmp(*p, names[i], len) == 0) {
            *label = i;
            *p += len;
            return true;
        }
    }
    return false;
}

static void add_line(struct keylog *keylog, const char *p, const char *end)
{
    struct keylog_secret secret = {0};
    size_t random, len;
    while (end > p && (end[-1] == '\r' || end[-1] == ' '))
        end--;
    if (!read_label(&p, end, &secret.label) ||
        !read_hex(&p, end, secret.random, sizeof secret.random, &random) ||
        random != sizeof secret.random || p++ == end ||
        !read_hex(&p, end, secret.bytes, sizeof secret.bytes, &len) || p != end)
        return;
    secret.len = (uint8_t)len;
    if (keylog->count == keylog->capacity) {
        keylog->capacity = keylog->capacity ? keylog->capacity * 2 : 64;
        keylog->secrets = reallocarray(keylog->secrets, keylog->capacity, sizeof *keylog->secrets);
        if (!keylog->secrets)
            exit_die(WS_EXIT_FAILURE, "out of memory");
    }
    keylog->secrets[keylog->count++] = secret;
}

/* --- the file --- */

static int compare(const void *a, const void *b)
{
    /* `random` and `label` are the first members, without a gap between them. */
    return memcmp(a, b, offsetof(struct keylog_secret, len));
}

/* Adds the lines. Returns the bytes of whole ones: the last may still be written. */
static size_t add_lines(struct keylog *keylog, const char *text, size_t len)
{
    const char *p = text, *end = text + len, *whole = text;
    while (p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        add_line(keylog, p, line_end ? line_end : end);
        if (!line_end)
            break;
        whole = p = line_end + 1;
    }
    if (keylog->count > 1)
        qsort(keylog->secrets, keylog->count, sizeof *keylog->secrets, compare);
    return (size_t)(whole - text);
}

/* Reads on where it ended before. */
static void read_file(struct keylog *keylog)
{
    struct ws_bytes *text = NULL;
    int fd = open(keylog->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (lseek(fd, keylog->read, SEEK_SET) < 0 && errno != ESPIPE) ||
        !bytes_read(&text, fd, SIZE_MAX, keylog->path))
        exit_die(WS_EXIT_FAILURE, "%s: %s", keylog->path, strerror(errno));
    close(fd);
    keylog->size = keylog->read + (off_t)ws_bytes_len(text);
    keylog->read += (off_t)add_lines(keylog, (const char *)bytes_data(text), ws_bytes_len(text));
    ws_bytes_free(&text);
}

struct keylog *keylog_new(void)
{
    struct keylog *keylog = calloc(1, sizeof *keylog);
    if (!keylog)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    return keylog;
}

void keylog_add(struct keylog *keylog, const char *text, size_t len)
{
    add_lines(keylog, text, len);
}

struct keylog *keylog_open(const char *path, bool wait)
{
    struct keylog *keylog = keylog_new();
    keylog->path = path;
    if (wait && access(path, F_OK) < 0 && errno == ENOENT) {
        exit_warn("%s: not there yet: it is read once it is", path);
        return keylog;
    }
    read_file(keylog);
    /* An empty file may be waiting for its first connection. */
    if (keylog->count == 0 && keylog->size > 0)
        exit_die(WS_EXIT_FAILURE, "%s: no secret in it: it should be what SSLKEYLOGFILE makes",
                 path);
    return keylog;
}

static const struct keylog_secret *find(const struct keylog *keylog,
                                        const struct keylog_secret *wanted)
{
    return keylog->count == 0
               ? NULL
               : bsearch(wanted, keylog->secrets, keylog->count, sizeof *keylog->secrets, compare);
}

const struct keylog_secret *keylog_find(struct keylog *keylog, const uint8_t *random,
                                        enum keylog_label label)
{
    struct keylog_secret wanted = {.label = (uint8_t)label};
    struct stat info;
    memcpy(wanted.random, random, sizeof wanted.random);
    const struct keylog_secret *found = find(keylog, &wanted);
    if (!found && keylog->path && stat(keylog->path, &info) == 0 && info.st_size > keylog->size) {
        read_file(keylog);
        found = find(keylog, &wanted);
    }
    return found;
}

void keylog_free(struct keylog *keylog)
{
    if (!keylog)
        return;
    free(keylog->secrets);
    free(keylog);
}
