#include "cmd/wsserve/bridge/cgi.h"

#include "cmd/common/percent.h"
#include "cmd/wsserve/request/target.h"
#include "libws/proto/bytes.h"
#include <ws/version.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* NUL-ended NAME=VALUE strings, one after the other, growing. */
struct list {
    struct ws_bytes *text;
    size_t count;
    bool failed;
};

static void add(struct list *list, const char *text, size_t len)
{
    if (list->failed)
        return;
    list->failed = !ws_bytes_append(&list->text, text, len);
}

static void add_string(struct list *list, const char *text)
{
    add(list, text, strlen(text));
}

static void end_variable(struct list *list)
{
    add(list, "", 1);
    list->count++;
}

static void set(struct list *list, const char *name, struct ws_str value)
{
    add_string(list, name);
    add(list, "=", 1);
    add(list, value.p, value.len);
    end_variable(list);
}

static void set_text(struct list *list, const char *name, const char *value)
{
    set(list, name, (struct ws_str){value ? value : "", value ? strlen(value) : 0});
}

/* --- ours --- */

static void pass(struct list *list, const char *names)
{
    char name[128];
    while (*names) {
        size_t len = strcspn(names, ",");
        const char *value = NULL;
        if (len > 0 && len < sizeof name) {
            memcpy(name, names, len);
            name[len] = 0;
            value = getenv(name);
        }
        if (value)
            set_text(list, name, value);
        names += len + (names[len] == ',');
    }
}

/* --- of the request --- */

bool cgi_decode_path(struct ws_str path, char *to)
{
    size_t len;
    return percent_decode(path, to, path.len + 1, &len) && strlen(to) == len;
}

static void set_path_info(struct list *list, struct ws_str path)
{
    char *decoded = malloc(path.len + 1);
    if (!decoded) {
        list->failed = true;
        return;
    }
    if (cgi_decode_path(path, decoded))
        set_text(list, "PATH_INFO", decoded);
    else
        set(list, "PATH_INFO", path);
    free(decoded);
}

/* "localhost:8080", "[::1]:8080" → the name and the port. */
static void set_server(struct list *list, struct ws_str host, bool https)
{
    struct ws_str port = https ? (struct ws_str){"443", 3} : (struct ws_str){"80", 2};
    const char *colon = host.len > 0 ? memrchr(host.p, ':', host.len) : NULL;
    const char *bracket = host.len > 0 ? memrchr(host.p, ']', host.len) : NULL;
    if (colon && (!bracket || bracket < colon)) {
        size_t name_len = (size_t)(colon - host.p);
        port = (struct ws_str){colon + 1, host.len - name_len - 1};
        host.len = name_len;
    }
    set(list, "SERVER_NAME", host);
    set(list, "SERVER_PORT", port);
}

static void set_remote(struct list *list, const struct cgi_request *cgi)
{
    char port[16] = "";
    if (cgi->port)
        snprintf(port, sizeof port, "%u", cgi->port);
    set_text(list, "REMOTE_ADDR", cgi->address);
    set_text(list, "REMOTE_HOST", cgi->address);
    set_text(list, "REMOTE_PORT", port);
}

static bool plain_name(struct ws_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-'))
            return false;
    }
    return name.len > 0;
}

static bool wanted(const struct cgi_request *cgi, struct ws_str name)
{
    return plain_name(name) && !ws_str_equal_case(name, "Proxy") &&
           !(cgi->user && (ws_str_equal_case(name, "Authorization") ||
                           ws_str_equal_case(name, "Proxy-Authorization")));
}

static bool same_name(struct ws_str a, struct ws_str b)
{
    return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

static bool came_before(const struct ws_request *request, size_t index)
{
    struct ws_str name = ws_http_name(request->head, request->buffer, index);
    for (size_t i = 0; i < index; i++)
        if (same_name(ws_http_name(request->head, request->buffer, i), name))
            return true;
    return false;
}

static void set_header(struct list *list, const struct ws_request *request, size_t index)
{
    struct ws_str name = ws_http_name(request->head, request->buffer, index);
    bool any = false;
    add_string(list, "HTTP_");
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        add(list, &c, 1);
    }
    add(list, "=", 1);
    for (size_t i = index; i < request->head->count; i++) {
        if (!same_name(ws_http_name(request->head, request->buffer, i), name))
            continue;
        struct ws_str value = ws_http_value(request->head, request->buffer, i);
        if (any)
            add_string(list, ws_str_equal_case(name, "Cookie") ? "; " : ", ");
        add(list, value.p, value.len);
        any = true;
    }
    end_variable(list);
}

static void set_request(struct list *list, const struct cgi_request *cgi)
{
    const struct ws_request *request = cgi->request;
    struct ws_str path, query;
    target_split(request->target, &path, &query);
    set_server(list, request->host, cgi->https);
    set_remote(list, cgi);
    set_text(list, "REMOTE_IDENT", NULL);
    set_text(list, "REMOTE_USER", cgi->user);
    set_text(list, "AUTH_TYPE", cgi->user ? "Basic" : NULL);
    set_text(list, "CONTENT_LENGTH", NULL);
    set_text(list, "CONTENT_TYPE", NULL);
    set_text(list, "SERVER_PROTOCOL", "HTTP/1.1");
    set(list, "REQUEST_METHOD", request->method);
    set(list, "REQUEST_URI", request->target);
    set_text(list, "SCRIPT_NAME", cgi->script_name ? cgi->script_name : "/");
    if (cgi->path_info.p)
        set(list, "PATH_INFO", cgi->path_info);
    else
        set_path_info(list, path);
    set_text(list, "PATH_TRANSLATED", cgi->path_translated);
    set(list, "QUERY_STRING", query);
    if (cgi->https)
        set_text(list, "HTTPS", "on");
    for (size_t i = 0; i < request->head->count; i++)
        if (wanted(cgi, ws_http_name(request->head, request->buffer, i)) &&
            !came_before(request, i))
            set_header(list, request, i);
}

/* The pointers precede the text that they point into, so that one free() frees both. */
static char **in_one_piece(struct list *list)
{
    size_t pointers = (list->count + 1) * sizeof(char *);
    char **env = list->failed ? NULL : malloc(pointers + ws_bytes_len(list->text));
    if (env) {
        char *at = (char *)env + pointers;
        memcpy(at, ws_bytes_data(list->text), ws_bytes_len(list->text));
        for (size_t i = 0; i < list->count; i++) {
            env[i] = at;
            at += strlen(at) + 1;
        }
        env[list->count] = NULL;
    }
    ws_bytes_free(&list->text);
    return env;
}

char **cgi_environment(const struct cgi_request *cgi)
{
    struct list list = {0};
    /* Ours last: getenv() finds the first of a name, and --passenv must not hide a client's. */
    set_text(&list, "GATEWAY_INTERFACE", "websocketd-CGI/0.1");
    set_text(&list, "SERVER_SOFTWARE", "wsserve/" WS_VERSION);
    set_text(&list, "UNIQUE_ID", cgi->unique_id);
    if (cgi->request)
        set_request(&list, cgi);
    pass(&list, cgi->passenv ? cgi->passenv : CGI_PASSENV);
    return in_one_piece(&list);
}
