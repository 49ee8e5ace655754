#include "cmd/wsframe/text/read_heads.h"

#include "cmd/wsframe/read/lines.h"

#include <string.h>
#include <strings.h>

static bool begins(struct line line, const char *word)
{
    return line.len >= strlen(word) && strncasecmp(line.p, word, strlen(word)) == 0;
}

/* Removes the mark of curl -v, "> " or "< ". */
static struct line unmarked(struct line line)
{
    if (line.len > 0 && (*line.p == '>' || *line.p == '<')) {
        size_t n = line.len > 1 && line.p[1] == ' ' ? 2 : 1;
        return (struct line){line.p + n, line.len - n};
    }
    return line;
}

bool read_heads_has(const uint8_t *text, size_t len)
{
    struct line rest = {(const char *)text, len}, line;
    while (line_next(&rest, &line)) {
        line = unmarked(line);
        if (begins(line, "Sec-WebSocket-") ||
            (begins(line, "Upgrade:") && memmem(line.p, line.len, "ebsocket", 8)) ||
            begins(line, "HTTP/1.1 101 "))
            return true;
    }
    return false;
}

bool read_heads(const uint8_t *text, size_t len, struct pieces *out)
{
    struct line rest = {(const char *)text, len}, line;
    struct piece piece = {.client_known = true};
    bool inside = false;
    while (line_next(&rest, &line)) {
        bool is_note = !inside && line.len > 0 && *line.p == '*';
        line = unmarked(line);
        if (is_note || (!inside && line.len == 0))
            continue;
        bool response = begins(line, "HTTP/");
        if (!inside || response) {
            if (inside)
                bytes_add(&out->bytes, "\r\n", 2);
            pieces_end(out, piece);
            piece.side = response ? PIECE_OTHER : PIECE_ONE;
        }
        inside = line.len > 0;
        bytes_add(&out->bytes, line.p, line.len);
        bytes_add(&out->bytes, "\r\n", 2);
    }
    if (inside)
        bytes_add(&out->bytes, "\r\n", 2);
    pieces_end(out, piece);
    return true;
}
