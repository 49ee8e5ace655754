#include "cmd/common/options/suggest.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 64 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned suggest_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len >= WORD_MAX || b_len >= WORD_MAX)
        return UINT_MAX;

    /* For swaps, optimal string alignment needs the two lines before the current one. */
    unsigned lines[3][WORD_MAX];
    unsigned *before = lines[0], *above = lines[1], *line = lines[2];
    for (unsigned j = 0; j <= b_len; j++)
        above[j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        line[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            unsigned best = least(replace, least(above[j], line[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = least(best, before[j - 2] + 1);
            line[j] = best;
        }
        unsigned *spare = before;
        before = above;
        above = line;
        line = spare;
    }
    return above[b_len];
}

void suggest_begin(struct suggest *search, const char *wanted)
{
    size_t len = strlen(wanted);
    search->wanted = wanted;
    search->best = NULL;
    /* A third of the word may be wrong; a worse guess would confuse. */
    search->distance = len < 3 ? 1 : len / 3 > 5 ? 5 : (unsigned)(len / 3);
    search->distance++;
}

void suggest_offer(struct suggest *search, const char *name)
{
    size_t len = strlen(search->wanted);
    unsigned distance = suggest_distance(search->wanted, name);
    /* An abbreviation has a large distance but is probably right. */
    if (len >= 2 && strncmp(search->wanted, name, len) == 0)
        distance = 0;
    if (distance < search->distance) {
        search->distance = distance;
        search->best = name;
    }
}

enum { CANDIDATES = 3 };

/* What options of other programs are called here. */
static const struct {
    const char *name, *ours[CANDIDATES];
} foreign[] = {
    {"max-time", {"timeout", "duration"}},
    {"data", {"execute", "message"}},
    {"data-binary", {"execute", "message-file"}},
    {"json", {"jsonl", "format", "output"}},
    {"concurrency", {"connections"}},
    {"connections", {"max-connections"}},
    {"requests", {"messages", "count"}},
    {"bind", {"address", "interface", "listen"}},
    {"tls-cert", {"cert"}},
    {"tls-key", {"key"}},
    {"cafile", {"ca", "client-ca"}},
    {"ca-file", {"ca", "client-ca"}},
    {"users", {"connections", "max-connections"}},
    {"clients", {"connections", "max-connections"}},
    {"tls-ca", {"ca", "client-ca"}},
    {"client-cert", {"cert"}},
    {"oauth2-bearer", {"bearer", "token"}},
    {"uri", {"connect"}},
    {"url", {"connect"}},
    {"protocol", {"subprotocol"}},
    {"protocols", {"subprotocol"}},
    {"no-check-certificate", {"insecure"}},
    {"ws-c-uri", {"connect"}},
    {"proxy-user", {"proxy"}},
    {"socks5", {"proxy"}},
    {"socks5-hostname", {"proxy"}},
    {"output", {"format"}},
    {"user-header", {"header"}},
    {"one-message", {"count"}},
    {"ping-period", {"ping-interval"}},
    {"max-messages", {"count", "messages"}},
    {"buffer-size", {"chunk", "size"}},
    {"verbosity", {"verbose", "loglevel"}},
    {"dns-servers", {"resolve"}},
    {"location-trusted", {"location"}},
    {"retry", {"reconnect"}},
    {"linemode-zero-terminated", {"null-terminated"}},
    {"interface", {"address"}},
    {"web", {"staticdir"}},
    {"static", {"staticdir"}},
    {"static-file", {"staticdir"}},
    {"root", {"staticdir"}},
    {"ssl-cert", {"cert"}},
    {"ssl-key", {"key"}},
    {"run-once", {"oneshot"}},
    {"once", {"oneshot"}},
    {"server-protocol", {"subprotocol"}},
    {"basic-auth", {"auth"}},
    {"user", {"auth"}},
    {"bearer", {"token"}},
    {"max-clients", {"max-connections"}},
    {"max-payload", {"max-message-size"}},
    {"max-payload-size", {"max-message-size"}},
    {"workers", {"threads"}},
    {"log-level", {"loglevel"}},
};

const char *suggest_foreign(const char *name, size_t index)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0] && index < CANDIDATES; i++)
        if (strcmp(foreign[i].name, name) == 0)
            return foreign[i].ours[index];
    return NULL;
}

/* --- URLs --- */

/* The length of "ws:" with its colon, and as much of "//" as there is; 0 if it begins with no
 * scheme of ours. */
static size_t scheme_len(const char *url)
{
    static const char *const names[] = {"ws:", "wss:", "http:", "https:"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(url, names[i], len) == 0)
            return len + strspn(url + len, "/\\");
    }
    return 0;
}

/* Is the part before the path an IPv6 address without brackets, maybe with a port? */
static bool is_bare_ipv6(const char *host)
{
    size_t len = strcspn(host, "/?"), digits = strspn(host, "0123456789abcdefABCDEF:.");
    const char *first = memchr(host, ':', len);
    return (digits == len || host[digits] == '%') && first &&
           memchr(first + 1, ':', len - (size_t)(first + 1 - host));
}

const char *suggest_url(const char *url, char text[SUGGEST_URL_MAX])
{
    size_t scheme = scheme_len(url), name = scheme ? strcspn(url, ":") : 0;
    const char *rest = url + scheme;
    text[0] = '\0';
    if (is_bare_ipv6(rest))
        return " (an IPv6 address needs brackets, as in ws://[::1]:8080/)";
    bool slashes = scheme == name + 3 && strncmp(url + name, "://", 3) == 0;
    if (*rest && scheme && !slashes)
        snprintf(text, SUGGEST_URL_MAX, " (did you mean '%.*s://%s'?)", (int)name, url, rest);
    return text;
}
