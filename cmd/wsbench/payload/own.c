#include "cmd/wsbench/payload/own.h"

#include "cmd/common/file.h"
#include "cmd/common/pattern.h"
#include <ws/utf8.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MOST = 1 << 30 };

/* --- reading --- */

static bool add(struct own *own, const char *text, size_t len, bool is_text, char *problem,
                size_t size)
{
    if (is_text && !ws_utf8_valid(text, len)) {
        snprintf(problem, size, "a message is not UTF-8: --binary sends any bytes");
        return false;
    }
    return template_parse(&own->messages[own->message_count++], text, len, problem, size);
}

static bool read_messages(struct own *own, const struct own_options *o, bool is_text, char *problem,
                          size_t size)
{
    struct ws_bytes *content = NULL;
    own->messages = calloc(o->messages.count + 1, sizeof *own->messages);
    snprintf(problem, size, "out of memory");
    bool ok = own->messages;
    for (size_t i = 0; i < o->messages.count && ok; i++)
        ok = add(own, o->messages.items[i], strlen(o->messages.items[i]), is_text, problem, size);
    if (ok && o->message_file) {
        *problem = '\0'; /* file_read() prints its own */
        ok = file_read(o->message_file, MESSAGE_MOST, NULL, FILE_NO_END, &content) &&
             add(own, content ? (const char *)ws_bytes_data(content) : "", ws_bytes_len(content),
                 is_text, problem, size);
    }
    ws_bytes_free(&content);
    return ok;
}

static bool check_regex(const char *text, char *problem, size_t size)
{
    regex_t regex;
    if (!pattern_compile(&regex, text, REG_NOSUB, problem, size))
        return false;
    regfree(&regex);
    return true;
}

static void free_headers(struct own *own)
{
    for (size_t i = 0; i < own->header_count; i++)
        template_free(&own->headers[i]);
    free(own->headers);
    own->headers = NULL;
    own->header_count = 0;
}

static bool read_request(struct own *own, const struct target *t, char *problem, size_t size)
{
    const char *target = t->url.target ? t->url.target : "";
    bool varies = false;
    if (!template_parse(&own->target, target, strlen(target), problem, size))
        return false;
    if (t->request_header_count == 0)
        return true;
    own->headers = calloc(t->request_header_count, sizeof *own->headers);
    if (!own->headers) {
        snprintf(problem, size, "out of memory");
        return false;
    }
    for (size_t i = 0; i < t->request_header_count; i++) {
        const char *value = t->request_headers[i].value;
        own->header_count++;
        if (value && !template_parse(&own->headers[i], value, strlen(value), problem, size))
            return false;
        varies |= template_varies(&own->headers[i]);
    }
    if (!varies)
        free_headers(own);
    return true;
}

bool own_read(struct own *own, const struct own_options *o, const struct target *target,
              bool is_text, char *problem, size_t size)
{
    struct match match = {0};
    *own = (struct own){0};
    if (!read_request(own, target, problem, size))
        return false;
    if ((o->messages.count > 0 || o->message_file) &&
        !read_messages(own, o, is_text, problem, size))
        return false;
    if (o->replay_file && !replay_read(&own->replay, o->replay_file, problem, size))
        return false;
    bool matched = !o->match || match_init(&match, o->match, problem, size);
    match_free(&match);
    if (!matched || (o->first_expect && !check_regex(o->first_expect, problem, size)))
        return false;
    own->has_first = o->first_message;
    return !own->has_first ||
           template_parse(&own->first, o->first_message, strlen(o->first_message), problem, size);
}

void own_free(struct own *own)
{
    for (size_t i = 0; i < own->message_count; i++)
        template_free(&own->messages[i]);
    free(own->messages);
    free_headers(own);
    template_free(&own->first);
    template_free(&own->target);
    replay_free(&own->replay);
    *own = (struct own){0};
}

bool own_any(const struct own *own)
{
    return own->message_count > 0 || own->replay.count > 0;
}

/* --- the request --- */

static char *expand(const struct template *template, const struct template_values *values)
{
    struct ws_bytes *text = NULL;
    char *copy = NULL;
    if (template_expand(template, values, &text) && ws_bytes_append(&text, "", 1))
        copy = strdup((const char *)ws_bytes_data(text));
    ws_bytes_free(&text);
    return copy;
}

bool own_request(const struct own *own, const struct target *target, uint64_t conn,
                 uint64_t *random, struct own_request *request)
{
    const struct template_values values = {.conn = conn, .random = random};
    bool ok = true;
    *request = (struct own_request){0};
    if (template_varies(&own->target))
        ok = (request->target = expand(&own->target, &values));
    if (!own->headers || !ok)
        return ok;
    request->headers = calloc(own->header_count, sizeof *request->headers);
    for (size_t i = 0; request->headers && ok && i < own->header_count; i++) {
        const struct ws_header *header = &target->request_headers[i];
        char *value = header->value ? expand(&own->headers[i], &values) : NULL;
        request->headers[i] = (struct ws_header){header->name, value};
        request->header_count++;
        ok = value || !header->value;
    }
    return ok && request->headers;
}

void own_request_free(struct own_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        free((char *)(uintptr_t)request->headers[i].value);
    free(request->headers);
    free(request->target);
    *request = (struct own_request){0};
}
