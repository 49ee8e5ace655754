#include "cmd/wsserve/http/static_files.h"

#include "cmd/common/percent.h"
#include "cmd/wsserve/http/conditional.h"
#include "cmd/wsserve/request/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, NAME_MAX_LEN = 255 };

static const char index_name[] = "index.html";

int static_files_open(const char *dir)
{
    return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* --- the path --- */

/* Decodes one part of a path. False for one that is not served. */
static bool decode_name(struct ws_str part, char name[NAME_MAX_LEN + 1])
{
    size_t len;
    if (!percent_decode(part, name, NAME_MAX_LEN + 1, &len) || strlen(name) < len ||
        strchr(name, '/'))
        return false;
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

/* --- the file --- */

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

/* Decodes the path into one that is relative to the root, and ends in index.html where it names a
 * directory with its slash. False for one that is not served. */
static bool decode_path(struct ws_str path, char decoded[PATH_MAX])
{
    char name[NAME_MAX_LEN + 1];
    struct ws_str part;
    size_t len = 0;
    if (path.len == 0 || path.p[0] != '/')
        return false;
    bool slash = path.p[path.len - 1] == '/';
    for (int depth = 0; next_part(&path, &part); depth++) {
        if (depth == DEPTH_MAX || !decode_name(part, name) ||
            len + strlen(name) + sizeof "/" + sizeof index_name > PATH_MAX)
            return false;
        len += (size_t)sprintf(decoded + len, "%s%s", len > 0 ? "/" : "", name);
    }
    if (slash)
        sprintf(decoded + len, "%s%s", len > 0 ? "/" : "", index_name);
    return true;
}

/* The path of an open file, without links. False without /proc, or for one that is too long. */
static bool real_path(int fd, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX - 1);
    path[len < 0 ? 0 : len] = '\0';
    return len > 0 && len < PATH_MAX - 1;
}

/* Does what was opened lie below the root, wherever links led? */
static bool is_below(int root, int fd)
{
    char above[PATH_MAX], path[PATH_MAX];
    if (!real_path(root, above) || !real_path(fd, path))
        return false;
    size_t len = strcmp(above, "/") == 0 ? 0 : strlen(above);
    return strncmp(above, path, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Opens what the descriptor `handle` (O_PATH) stands for, for reading. */
static int reopen(int handle)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    return open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void describe(const char *name, const struct stat *status, struct static_file *file)
{
    const char *slash = strrchr(name, '/');
    file->size = (uint64_t)status->st_size;
    file->modified_s = status->st_mtim.tv_sec;
    file->type = type_of(slash ? slash + 1 : name);
    /* No inode: copies of a file on several servers have one tag. */
    snprintf(file->etag, sizeof file->etag, "\"%" PRIx64 "-%" PRIxMAX ".%lx\"", file->size,
             (uintmax_t)status->st_mtim.tv_sec, (unsigned long)status->st_mtim.tv_nsec);
}

enum static_found static_files_find(int root, struct ws_str path, struct static_file *file)
{
    char name[PATH_MAX];
    struct stat status;
    enum static_found found = STATIC_MISSING;
    *file = (struct static_file){.fd = -1};
    if (!decode_path(path, name))
        return STATIC_MISSING;
    /* Without opening it, as opening a device may do something. */
    int handle = openat(root, name, O_PATH | O_CLOEXEC);
    if (handle < 0)
        return STATIC_MISSING;
    if (fstat(handle, &status) == 0 && is_below(root, handle)) {
        if (S_ISDIR(status.st_mode) && path.p[path.len - 1] != '/')
            found = STATIC_DIRECTORY;
        else if (S_ISREG(status.st_mode) && (file->fd = reopen(handle)) >= 0)
            found = STATIC_FILE;
    }
    close(handle);
    if (found == STATIC_FILE)
        describe(name, &status, file);
    return found;
}

/* --- answering --- */

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

/* Sends `answer`, whose body is a part of the file from `first` on; closes the file. */
static void send_part(struct ws_conn *conn, const struct ws_http_answer *answer, int fd,
                      uint64_t first)
{
    struct file_body *body = malloc(sizeof *body);
    if (!body) {
        answer_refuse(conn, WS_E_NO_MEMORY, 0);
        close(fd);
        return;
    }
    *body = (struct file_body){{answer->body_len, read_body, free_body}, fd, (off_t)first};
    answer_send_body(conn, answer, &body->body);
}

/* Answers with the file, a part of it, or neither, and closes it. */
static void send_file(struct ws_conn *conn, const struct ws_request *request,
                      const struct static_file *file)
{
    static const unsigned status[] = {[CONDITIONAL_WHOLE] = 200,
                                      [CONDITIONAL_CHANGED] = 412,
                                      [CONDITIONAL_UNCHANGED] = 304,
                                      [CONDITIONAL_PART] = 206,
                                      [CONDITIONAL_OUTSIDE] = 416};
    char modified[WS_HTTP_DATE], range[80];
    uint64_t first, len;
    enum conditional wanted = conditional_of(
        request, &(struct conditional_file){file->etag, file->modified_s, file->size}, &first,
        &len);
    struct ws_header headers[] = {
        {"ETag", file->etag},
        {"Last-Modified", ws_http_date_format(file->modified_s, modified)},
        {"Cache-Control", "no-cache"}, /* cacheable, but to be revalidated */
        {"X-Content-Type-Options", "nosniff"},
        {"Accept-Ranges", "bytes"},
        {"Content-Range", range},
    };
    bool ranged = wanted == CONDITIONAL_PART || wanted == CONDITIONAL_OUTSIDE;
    bool whole = wanted == CONDITIONAL_WHOLE || wanted == CONDITIONAL_PART;
    struct ws_http_answer answer = {.status = status[wanted],
                                    .headers = headers,
                                    .header_count = sizeof headers / sizeof *headers - !ranged,
                                    .content_type = whole ? file->type : NULL,
                                    .body_len = len};
    if (wanted == CONDITIONAL_PART)
        snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first,
                 first + len - 1, file->size);
    else
        snprintf(range, sizeof range, "bytes */%" PRIu64, file->size);
    if (whole && len > 0 && !ws_str_equal(request->method, "HEAD")) {
        send_part(conn, &answer, file->fd, first);
        return;
    }
    answer_send(conn, &answer);
    close(file->fd);
}

/* Redirects to the path with a slash at its end and the query that it had. Built from its parts, so
 * that a target such as "//evil.example" leads nowhere else. */
static void redirect(struct ws_conn *conn, const struct ws_request *request, struct ws_str path)
{
    const char *query = memchr(request->target.p, '?', request->target.len);
    size_t query_len = query ? request->target.len - (size_t)(query - request->target.p) : 0;
    char location[WS_HTTP_REQUEST_MAX + 4];
    size_t len = 0;
    struct ws_str part;
    while (next_part(&path, &part) && len + part.len + 2 < sizeof location) {
        location[len++] = '/';
        memcpy(location + len, part.p, part.len);
        len += part.len;
    }
    location[len++] = '/';
    if (query_len > 0)
        memcpy(location + len, query, query_len);
    location[len + query_len] = '\0';
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
        redirect(conn, request, path);
        return true;
    }
    if (found != STATIC_FILE)
        return false;
    send_file(conn, request, &file);
    return true;
}
