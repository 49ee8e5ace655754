#include "cmd/wsframe/detect/typography.h"

#include "cmd/wsframe/read/lines.h"

#include <ctype.h>
#include <string.h>

/* What is written, and what it stands for. */
static const struct {
    const char *written, *meant;
} replacements[] = {
    {"\xC2\xA0", " "},     /* no-break space */
    {"\xE2\x80\xAF", " "}, /* narrow no-break space */
    {"\xE3\x80\x80", " "}, /* ideographic space */
    {"\xE2\x80\x8B", ""},  /* zero-width space, non-joiner, joiner, no-break space */
    {"\xE2\x80\x8C", ""},    {"\xE2\x80\x8D", ""},
    {"\xEF\xBB\xBF", ""},    {"\xE2\x80\x98", "'"}, /* quotes */
    {"\xE2\x80\x99", "'"},   {"\xE2\x80\x9C", "\""},
    {"\xE2\x80\x9D", "\""},  {"\xC2\xAB", "\""},
    {"\xC2\xBB", "\""},      {"\xE2\x80\x90", "-"}, /* hyphens, dashes, minus */
    {"\xE2\x80\x91", "-"},   {"\xE2\x80\x93", "-"},
    {"\xE2\x80\x94", "-"},   {"\xE2\x88\x92", "-"},
    {"\xE2\x80\xA6", "..."}, {"&lt;", "<"},
    {"&gt;", ">"},           {"&amp;", "&"},
    {"&quot;", "\""},        {"&#34;", "\""},
    {"&#39;", "'"},          {"&#x27;", "'"},
    {"&nbsp;", " "},         {"```", " "},
    {"<pre>", " "},          {"</pre>", " "},
    {"<code>", " "},         {"</code>", " "},
};

/* Replaces characters. True if there was one. */
static bool replace(const uint8_t *text, size_t len, struct ws_bytes **out)
{
    bool found = false;
    for (size_t i = 0; i < len;) {
        size_t used = 0;
        for (size_t r = 0;
             (text[i] >= 0x80 || text[i] == '&' || text[i] == '`' || text[i] == '<') &&
             r < sizeof replacements / sizeof *replacements && used == 0;
             r++) {
            size_t n = strlen(replacements[r].written);
            if (len - i >= n && memcmp(text + i, replacements[r].written, n) == 0) {
                bytes_add(out, replacements[r].meant, strlen(replacements[r].meant));
                used = n;
            }
        }
        if (used == 0)
            bytes_byte(out, text[i]);
        found |= used > 0;
        i += used > 0 ? used : 1;
    }
    return found;
}

/* Removes the lines that PEM has around base64. True if there was one. */
static bool remove_armor(struct ws_bytes **text)
{
    struct line rest = {(const char *)bytes_data(*text), ws_bytes_len(*text)}, line;
    struct ws_bytes *plain = NULL;
    bool found = false;
    while (line_next(&rest, &line)) {
        if (line.len > 10 && memcmp(line.p, "-----", 5) == 0) {
            found = true;
            continue;
        }
        bytes_add(&plain, line.p, line.len);
        bytes_byte(&plain, '\n');
    }
    ws_bytes_free(text);
    *text = plain;
    return found;
}

/* Removes the quotes around the whole text, with Python's prefix b. True if there were some. */
static bool remove_quotes(struct ws_bytes *text)
{
    const uint8_t *data = bytes_data(text);
    size_t from = 0, end = ws_bytes_len(text);
    while (end > 0 && (isspace(data[end - 1]) || data[end - 1] == ';'))
        end--;
    while (from < end && isspace(data[from]))
        from++;
    from += from + 1 < end && data[from] == 'b';
    if (end - from < 3 || (data[from] != '\'' && data[from] != '"' && data[from] != '`') ||
        data[end - 1] != data[from] || memchr(data + from + 1, data[from], end - from - 2))
        return false;
    text->len = end - 1;
    ws_bytes_consume(text, from + 1);
    return true;
}

bool typography_undo(const uint8_t *text, size_t len, struct ws_bytes **out)
{
    bool changed = replace(text, len, out);
    changed |= remove_armor(out);
    return remove_quotes(*out) || changed;
}
