/*
 * static_files: files below a directory, and nothing else (--staticdir).
 *
 * A path is split and decoded first: no ".." passes, however it is encoded, and no name that begins
 * with a dot, except .well-known. Symbolic links are followed, and then what was opened has to lie
 * below the directory: a link that leads outside is not served, not even one that is created in
 * between.
 */
#ifndef CMD_WSSERVE_HTTP_STATIC_FILES_H
#define CMD_WSSERVE_HTTP_STATIC_FILES_H

#include <ws/conn.h>

#include <stdbool.h>
#include <stdint.h>

enum static_found {
    STATIC_MISSING,
    STATIC_FILE,
    STATIC_DIRECTORY, /* named without the slash at its end */
};

enum { STATIC_ETAG = 64 };

struct static_file {
    int fd; /* the caller's to close; -1 unless it is a file */
    uint64_t size;
    int64_t modified_s;
    char etag[STATIC_ETAG]; /* with its quotes */
    const char *type;       /* of its name; constant */
};

/* The directory's descriptor, or -1 with errno. */
int static_files_open(const char *dir);

/* Looks up `path`, the path of a request's target, below `root`. A directory stands for the
 * index.html in it. */
enum static_found static_files_find(int root, struct ws_str path, struct static_file *file);

/* Answers a GET or a HEAD for `path` below `root`; false when there is no such file, and nothing
 * was answered. */
bool static_files_answer(struct ws_conn *conn, const struct ws_request *request, struct ws_str path,
                         int root);

#endif
