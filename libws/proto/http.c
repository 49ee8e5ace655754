#include <ws/http.h>

#include <string.h>
#include <strings.h>

static bool is_token_char(unsigned char c)
{
    /* RFC 9110 5.6.2: letters, digits and !#$%&'*+-.^_`|~ */
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

void ws_http_init(struct ws_http_head *head, bool response, size_t max)
{
    memset(head, 0, sizeof *head);
    head->response = response;
    head->max = (uint32_t)(max < UINT32_MAX ? max : UINT32_MAX);
}

/* "HTTP/1.x" at `s`: WS_OK and the minor version, or what is wrong with it. */
static enum ws_error parse_version(const char *s, size_t len, uint8_t *minor)
{
    if (len != 8 || memcmp(s, "HTTP/", 5) != 0 || s[6] != '.' || s[5] < '0' || s[5] > '9' ||
        s[7] < '0' || s[7] > '9')
        return WS_E_HTTP_SYNTAX;
    if (s[5] != '1')
        return WS_E_HTTP_VERSION;
    *minor = (uint8_t)(s[7] - '0');
    return WS_OK;
}

/* method SP target SP version (RFC 9112 3): single spaces, nothing else. */
static enum ws_error parse_request_line(struct ws_http_head *head, const char *buffer, size_t end)
{
    const char *line = buffer + head->start;
    size_t len = end - head->start;
    const char *first = memchr(line, ' ', len);
    if (!first || first == line)
        return WS_E_HTTP_SYNTAX;
    head->method_len = (uint32_t)(first - line);
    if (!ws_http_is_token((struct ws_str){line, head->method_len}))
        return WS_E_HTTP_SYNTAX;
    const char *target = first + 1;
    const char *second = memchr(target, ' ', len - (size_t)(target - line));
    if (!second || second == target)
        return WS_E_HTTP_SYNTAX;
    head->target = (uint32_t)(target - buffer);
    head->target_len = (uint32_t)(second - target);
    for (const char *c = target; c < second; c++)
        if (*c <= 0x20 || *c >= 0x7F) /* and what is above ASCII: char may be signed or not */
            return WS_E_HTTP_SYNTAX;
    return parse_version(second + 1, len - (size_t)(second + 1 - line), &head->minor);
}

/* version SP 3DIGIT SP [reason] (RFC 9112 4); the last space is often missing, which is harmless.
 */
static enum ws_error parse_status_line(struct ws_http_head *head, const char *buffer, size_t end)
{
    const char *line = buffer + head->start;
    size_t len = end - head->start;
    if (len < 12 || line[8] != ' ')
        return WS_E_HTTP_SYNTAX;
    enum ws_error error = parse_version(line, 8, &head->minor);
    if (error != WS_OK)
        return error;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return WS_E_HTTP_SYNTAX;
        head->status = (uint16_t)(head->status * 10 + (line[i] - '0'));
    }
    if (head->status < 100 || (len > 12 && line[12] != ' '))
        return WS_E_HTTP_SYNTAX;
    head->reason = head->start + (len > 13 ? 13 : (uint32_t)len);
    head->reason_len = (uint32_t)end - head->reason;
    return WS_OK;
}

static enum ws_error parse_field(struct ws_http_head *head, const char *buffer, size_t end)
{
    const char *line = buffer + head->line;
    size_t len = end - head->line;
    if (is_space(*line))
        return WS_E_HTTP_FOLDED;
    const char *colon = memchr(line, ':', len);
    if (!colon || !ws_http_is_token((struct ws_str){line, (size_t)(colon - line)}))
        return WS_E_HTTP_HEADER_NAME;
    if (head->count == WS_HTTP_HEADERS_MAX)
        return WS_E_HTTP_TOO_MANY_HEADERS;
    struct ws_str value = ws_str_trim((struct ws_str){colon + 1, len - (size_t)(colon + 1 - line)});
    head->fields[head->count++] = (struct ws_http_field){
        .name = head->line,
        .name_len = (uint32_t)(colon - line),
        .value = (uint32_t)(value.p - buffer),
        .value_len = (uint32_t)value.len,
    };
    return WS_OK;
}

/* The line from head->line to `end`, its CRLF left out. */
static enum ws_error parse_line(struct ws_http_head *head, const char *buffer, size_t end)
{
    bool first = head->method_len == 0 && head->status == 0;
    if (end == head->line) {
        if (!first) {
            head->done = true;
            return WS_OK;
        }
        /* One empty line before the first is ignored (RFC 9112 2.2). */
        if (head->line == 0 && !head->response)
            return WS_OK;
        return WS_E_HTTP_SYNTAX;
    }
    if (!first)
        return parse_field(head, buffer, end);
    head->start = head->line;
    return head->response ? parse_status_line(head, buffer, end)
                          : parse_request_line(head, buffer, end);
}

/* A byte that is illegal here is found before its line is whole. */
static enum ws_error bad_byte(const struct ws_http_head *head, unsigned char c, size_t at)
{
    if (at == 0 && c == 0x16)
        return WS_E_HTTP_TLS; /* the first byte of a TLS ClientHello, or of a server's answer */
    return head->method_len || head->status ? WS_E_HTTP_HEADER_VALUE : WS_E_HTTP_SYNTAX;
}

enum ws_error ws_http_parse(struct ws_http_head *head, const char *buffer, size_t len)
{
    size_t limit = len < head->max ? len : head->max;
    while (head->scanned < limit) {
        unsigned char c = (unsigned char)buffer[head->scanned];
        bool after_cr = head->scanned > head->line && buffer[head->scanned - 1] == '\r';
        if (c == '\n') {
            if (!after_cr && !head->lenient)
                return WS_E_HTTP_LINE_END;
            enum ws_error error = parse_line(head, buffer, head->scanned - after_cr);
            if (error != WS_OK)
                return error;
            head->scanned++;
            head->line = head->scanned;
            if (head->done) {
                head->length = head->scanned;
                return WS_OK;
            }
            continue;
        }
        if (after_cr)
            return WS_E_HTTP_LINE_END;
        if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F)
            return bad_byte(head, c, head->scanned);
        head->scanned++;
    }
    return len >= head->max ? WS_E_HTTP_TOO_LARGE : WS_MORE;
}

struct ws_str ws_http_method(const struct ws_http_head *head, const char *buffer)
{
    return (struct ws_str){buffer + head->start, head->method_len};
}

struct ws_str ws_http_target(const struct ws_http_head *head, const char *buffer)
{
    return (struct ws_str){buffer + head->target, head->target_len};
}

struct ws_str ws_http_reason(const struct ws_http_head *head, const char *buffer)
{
    return (struct ws_str){buffer + head->reason, head->reason_len};
}

struct ws_str ws_http_name(const struct ws_http_head *head, const char *buffer, size_t index)
{
    return (struct ws_str){buffer + head->fields[index].name, head->fields[index].name_len};
}

struct ws_str ws_http_value(const struct ws_http_head *head, const char *buffer, size_t index)
{
    return (struct ws_str){buffer + head->fields[index].value, head->fields[index].value_len};
}

int ws_http_find(const struct ws_http_head *head, const char *buffer, const char *name, int from)
{
    for (uint32_t i = (uint32_t)from; i < head->count; i++)
        if (ws_str_equal_case(ws_http_name(head, buffer, i), name))
            return (int)i;
    return -1;
}

bool ws_http_has_token(const struct ws_http_head *head, const char *buffer, const char *name,
                       const char *token)
{
    for (int i = ws_http_find(head, buffer, name, 0); i >= 0;
         i = ws_http_find(head, buffer, name, i + 1)) {
        struct ws_str list = ws_http_value(head, buffer, (size_t)i);
        struct ws_str element;
        while (ws_http_list_next(&list, &element))
            if (ws_str_equal_case(element, token))
                return true;
    }
    return false;
}

/* A chunk's size in hex, whatever extensions follow it (RFC 9112 7.1), up to `end`. */
static bool chunk_size(const char *line, const char *end, size_t *size)
{
    const char *p = line;
    for (*size = 0; p < end && *size <= SIZE_MAX >> 5; p++) {
        char c = (char)(*p | 0x20);
        if (*p >= '0' && *p <= '9')
            *size = *size << 4 | (size_t)(*p - '0');
        else if (c >= 'a' && c <= 'f')
            *size = *size << 4 | (size_t)(c - 'a' + 10);
        else
            break;
    }
    return p > line && (p == end || *p == ';' || is_space(*p));
}

enum ws_error ws_http_dechunk(const char *data, size_t len, char *out, size_t size, size_t *out_len)
{
    const char *end = data + len;
    *out_len = 0;
    while (*out_len < size) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        size_t chunk;
        if (!newline)
            return WS_MORE;
        const char *line_end = newline > data && newline[-1] == '\r' ? newline - 1 : newline;
        if (!chunk_size(data, line_end, &chunk))
            return WS_E_HTTP_SYNTAX;
        if (chunk == 0)
            return WS_OK;
        data = newline + 1;
        size_t here = chunk < (size_t)(end - data) ? chunk : (size_t)(end - data);
        size_t n = here < size - *out_len ? here : size - *out_len;
        memcpy(out + *out_len, data, n);
        *out_len += n;
        data += here;
        if (here < chunk)
            return *out_len < size ? WS_MORE : WS_OK;
        data += data < end && *data == '\r';
        data += data < end && *data == '\n';
    }
    return WS_OK;
}

bool ws_http_list_next(struct ws_str *list, struct ws_str *element)
{
    while (list->len > 0) {
        size_t i = 0;
        bool quoted = false;
        for (; i < list->len; i++) {
            char c = list->p[i];
            if (quoted && c == '\\' && i + 1 < list->len)
                i++;
            else if (c == '"')
                quoted = !quoted;
            else if (c == ',' && !quoted)
                break;
        }
        *element = ws_str_trim((struct ws_str){list->p, i});
        size_t taken = i < list->len ? i + 1 : i;
        list->p += taken;
        list->len -= taken;
        if (element->len > 0)
            return true;
    }
    return false;
}

bool ws_http_is_token(struct ws_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char((unsigned char)s.p[i]))
            return false;
    return s.len > 0;
}

bool ws_http_is_value(struct ws_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

bool ws_str_equal(struct ws_str a, const char *b)
{
    return strlen(b) == a.len && (a.len == 0 || memcmp(a.p, b, a.len) == 0);
}

bool ws_str_equal_case(struct ws_str a, const char *b)
{
    if (strlen(b) != a.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        char x = a.p[i], y = b[i];
        if (x >= 'A' && x <= 'Z')
            x = (char)(x + 32);
        if (y >= 'A' && y <= 'Z')
            y = (char)(y + 32);
        if (x != y)
            return false;
    }
    return true;
}

struct ws_str ws_str_trim(struct ws_str s)
{
    while (s.len > 0 && is_space(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.p[s.len - 1]))
        s.len--;
    return s;
}
