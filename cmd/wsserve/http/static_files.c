#include "cmd/wsserve/http/static_files.h"

#include "cmd/wsserve/request/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, NAME_MAX_LEN = 255 };

int static_files_open(const char *dir)
{
    return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* --- the walk --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes one part of a path. False for one that is not served. */
static bool decode_name(struct ws_str part, char name[NAME_MAX_LEN + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.p[i];
        if (c == '%') {
            int high = i + 2 < part.len ? hex_digit(part.p[i + 1]) : -1;
            int low = i + 2 < part.len ? hex_digit(part.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0' || c == '/' || len == NAME_MAX_LEN)
            return false;
        name[len++] = c;
    }
    name[len] = '\0';
    return len > 0 && (name[0] != '.' || strcmp(name, ".well-known") == 0);
}

/* Takes the next part off a path, skipping empty ones. False at its end. */
static bool next_part(struct ws_str *path, struct ws_str *part)
{
    while (path->len > 0 && path->p[0] == '/') {
        path->p++;
        path->len--;
    }
    const char *slash = path->len ? memchr(path->p, '/', path->len) : NULL;
    *part = (struct ws_str){path->p, slash ? (size_t)(slash - path->p) : path->len};
    path->p += part->len;
    path->len -= part->len;
    return part->len > 0;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/plain; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/x-icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"otf", "font/otf"},
        {"wasm", "application/wasm"},
        {"pdf", "application/pdf"},
        {"mp3", "audio/mpeg"},
        {"ogg", "audio/ogg"},
        {"wav", "audio/wav"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
        {"webmanifest", "application/manifest+json"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot + 1, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* O_NONBLOCK: opening a FIFO must not block. */
static int open_file(int dir, const char *name, struct static_file *file)
{
    struct stat status;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return -1;
    }
    file->size = (uint64_t)status.st_size;
    file->type = type_of(name);
    /* A replaced file has another inode, a changed one another time. */
    snprintf(file->etag, sizeof file->etag, "\"%" PRIxMAX "-%" PRIx64 "-%" PRIxMAX ".%lx\"",
             (uintmax_t)status.st_ino, file->size, (uintmax_t)status.st_mtim.tv_sec,
             (unsigned long)status.st_mtim.tv_nsec);
    return fd;
}

static bool is_directory(int dir, const char *name)
{
    struct stat status;
    return fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/* Opens directory `name` in `dir`, which is closed unless it is the root. -1 with errno. */
static int step(int dir, int root, const char *name)
{
    int next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir != root)
        close(dir);
    return next;
}

enum static_found static_files_find(int root, struct ws_str path, struct static_file *file)
{
    char name[NAME_MAX_LEN + 1] = "index.html";
    struct ws_str part, ahead;
    int dir = root;
    enum static_found found = STATIC_MISSING;
    *file = (struct static_file){.fd = -1};
    if (path.len == 0 || path.p[0] != '/')
        return STATIC_MISSING;
    bool slash = path.p[path.len - 1] == '/';
    bool more = next_part(&path, &part);
    for (int depth = 0; more; depth++) {
        if (depth == DEPTH_MAX || !decode_name(part, name))
            goto out;
        more = next_part(&path, &ahead);
        part = ahead;
        if (!more && !slash)
            break;
        dir = step(dir, root, name);
        if (dir < 0)
            return STATIC_MISSING;
        strcpy(name, "index.html");
    }
    file->fd = open_file(dir, name, file);
    if (file->fd >= 0)
        found = STATIC_FILE;
    else if (!slash && is_directory(dir, name))
        found = STATIC_DIRECTORY;
out:
    if (dir != root)
        close(dir);
    return found;
}

/* --- answering --- */

bool static_files_unchanged(const struct ws_request *request, const char *etag)
{
    for (int i = -1;
         (i = ws_http_find(request->head, request->buffer, "If-None-Match", i + 1)) >= 0;) {
        struct ws_str list = ws_http_value(request->head, request->buffer, (size_t)i), element;
        while (ws_http_list_next(&list, &element)) {
            if (ws_str_equal(element, "*"))
                return true;
            if (element.len > 2 && memcmp(element.p, "W/", 2) == 0)
                element = (struct ws_str){element.p + 2, element.len - 2};
            if (ws_str_equal(element, etag))
                return true;
        }
    }
    return false;
}

struct file_body {
    struct ws_body body; /* first */
    int fd;
    off_t at;
};

static size_t read_body(struct ws_body *body, void *buffer, size_t size)
{
    struct file_body *file = (struct file_body *)(void *)body;
    ssize_t len;
    do
        len = pread(file->fd, buffer, size, file->at);
    while (len < 0 && errno == EINTR);
    if (len <= 0)
        return 0;
    file->at += len;
    return (size_t)len;
}

static void free_body(struct ws_body *body)
{
    close(((struct file_body *)(void *)body)->fd);
    free(body);
}

static void send_file(struct ws_conn *conn, bool head_only, const struct static_file *file)
{
    struct ws_header headers[] = {
        {"ETag", file->etag},
        {"Cache-Control", "no-cache"}, /* cacheable, but to be revalidated */
        {"X-Content-Type-Options", "nosniff"},
    };
    struct ws_http_answer answer = {.status = 200,
                                    .headers = headers,
                                    .header_count = sizeof headers / sizeof headers[0],
                                    .content_type = file->type,
                                    .body_len = file->size};
    struct file_body *body = head_only ? NULL : malloc(sizeof *body);
    if (head_only) {
        answer_send(conn, &answer);
        close(file->fd);
    } else if (!body) {
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
        close(file->fd);
    } else {
        *body = (struct file_body){{file->size, read_body, free_body}, file->fd, 0};
        answer_send_body(conn, &answer, &body->body);
    }
}

/* Redirects to the path with a slash at its end. Built from its parts, so that a target such as
 * "//evil.example" leads nowhere else. */
static void redirect(struct ws_conn *conn, struct ws_str path)
{
    char location[WS_HTTP_REQUEST_MAX + 2];
    size_t len = 0;
    struct ws_str part;
    while (next_part(&path, &part) && len + part.len + 2 < sizeof location) {
        location[len++] = '/';
        memcpy(location + len, part.p, part.len);
        len += part.len;
    }
    location[len++] = '/';
    location[len] = '\0';
    struct ws_header header = {"Location", location};
    struct ws_http_answer answer = {.status = 301, .headers = &header, .header_count = 1};
    answer_send(conn, &answer);
}

bool static_files_answer(struct ws_conn *conn, const struct ws_request *request, struct ws_str path,
                         int root)
{
    struct static_file file;
    enum static_found found = static_files_find(root, path, &file);
    if (found == STATIC_DIRECTORY) {
        redirect(conn, path);
        return true;
    }
    if (found != STATIC_FILE)
        return false;
    if (static_files_unchanged(request, file.etag)) {
        struct ws_header header = {"ETag", file.etag};
        struct ws_http_answer answer = {.status = 304, .headers = &header, .header_count = 1};
        close(file.fd);
        answer_send(conn, &answer);
        return true;
    }
    send_file(conn, ws_str_equal(request->method, "HEAD"), &file);
    return true;
}
