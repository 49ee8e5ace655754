#include "cmd/wscat/options/combinations.h"

#include "cmd/common/units.h"

#include <inttypes.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- tables --- */

static const struct {
    const char *option, *other;
} exclude[] = {
    {"text", "binary"}, {"input", "null-terminated"}, {"format", "jsonl"},      {"format", "raw"},
    {"jsonl", "raw"},   {"exit-on-eof", "wait"},      {"one-message", "count"},
};

static const struct {
    const char *option, *needs;
} need[] = {
    {"ping-timeout", "ping-interval"},
    {"max-redirects", "location"},
    {"reconnect-delay", "reconnect"},
    {"check-idle", "check"},
};

/* What the settings come to, for the rules below. */
enum fact {
    LISTENS = 1 << 0,
    CHECKS = 1 << 1,
    UNREAD = 1 << 2,     /* standard input is not read */
    RECORDS = 1 << 3,    /* are printed */
    RAW = 1 << 4,        /* bytes are printed */
    NO_TEXT = 1 << 5,    /* the format is another one */
    NO_LINES = 1 << 6,   /* the input is not lines */
    NO_END = 1 << 7,     /* nor messages with a byte after each */
    NO_CHUNKS = 1 << 8,  /* it is not a stream of bytes */
    NO_SECRETS = 1 << 9, /* listening, without a certificate */
};

static const struct {
    const char *option;
    unsigned facts; /* any of them */
    const char *why;
} useless[] = {
    {"pretty", NO_TEXT, "has no effect with another --format than text"},
    {"null-after", RECORDS, "has no effect on JSON Lines"},
    {"timestamps", RECORDS, "has no effect on JSON Lines, which have times"},
    {"timestamps", RAW, "would be mixed with the bytes of messages"},
    {"include", RECORDS, "would be mixed with JSON Lines"},
    {"input", UNREAD, "has no effect: standard input is not read"},
    {"null-terminated", UNREAD, "has no effect: standard input is not read"},
    {"keep-newline", UNREAD, "has no effect: standard input is not read"},
    {"chunk", UNREAD, "has no effect: standard input is not read"},
    {"slash", UNREAD, "has no effect: standard input is not read"},
    {"history", UNREAD, "has no effect: standard input is not read"},
    {"keep-newline", NO_END, "has an effect on lines and --input=nul only"},
    {"slash", NO_LINES, "has an effect on lines only"},
    {"history", NO_LINES, "has an effect on lines only"},
    {"chunk", NO_CHUNKS, "has an effect with --binary only"},
    {"one-message", LISTENS, "has no effect with --listen; --count=1 ends it at the first message"},
    {"ca", NO_SECRETS, "has no effect with --listen without --cert"},
    {"tls-min", NO_SECRETS, "has no effect with --listen without --cert"},
    {"location", CHECKS, "is not for --check, which follows no redirects: check the new address"},
};

/* A listener has clients, and no server to connect to. */
static const char *const not_for_listen[] = {
    "connect",  "location",   "header",     "auth",          "bearer",
    "origin",   "host",       "user-agent", "proxy",         "resolve",
    "ipv4",     "ipv6",       "interface",  "unix-socket",   "connect-timeout",
    "insecure", "tls-domain", "reconnect",  "lenient",       "include",
    "check",    "stats",      "send-delay", "request-reply", "http2",
};

/* --check sends its own messages, prints its own lines, and ends with its last step. */
static const char *const not_for_check[] = {
    "execute",       "text",         "binary",      "input",     "null-terminated",
    "keep-newline",  "chunk",        "send-delay",  "slash",     "history",
    "compress",      "format",       "jsonl",       "raw",       "null-after",
    "pretty",        "timestamps",   "include",     "stats",     "show-ping-pong",
    "wait",          "exit-on-eof",  "one-message", "count",     "expect",
    "request-reply", "idle-timeout", "close-code",  "reconnect", "close-reason",
    "ping-interval", "http2",
};

/* --- rules --- */

static unsigned facts_of(const struct settings *s)
{
    bool text = s->format == FORMAT_TEXT, lines = s->input == INPUT_LINES;
    return (s->listen ? LISTENS : 0) | (s->check ? CHECKS : 0) | (s->no_stdin ? UNREAD : 0) |
           (s->jsonl ? RECORDS : 0) | (s->format == FORMAT_RAW ? RAW : 0) | (text ? 0 : NO_TEXT) |
           (lines ? 0 : NO_LINES) | (lines || s->input == INPUT_NUL ? 0 : NO_END) |
           (s->input == INPUT_CHUNKS ? 0 : NO_CHUNKS) |
           (s->listen && !s->target.tls.certificate ? NO_SECRETS : 0);
}

static bool check_pairs(struct options *options)
{
    for (size_t i = 0; i < COUNT(exclude); i++)
        if (options_given(options, exclude[i].option) && options_given(options, exclude[i].other))
            return usage_error(options, "--%s and --%s exclude each other", exclude[i].option,
                               exclude[i].other);
    for (size_t i = 0; i < COUNT(need); i++)
        if (options_given(options, need[i].option) && !options_given(options, need[i].needs))
            return usage_error(options, "--%s has no effect without --%s", need[i].option,
                               need[i].needs);
    return true;
}

static bool check_list(struct options *options, const char *mode, const char *const *names,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (options_given(options, names[i]))
            return usage_error(options, "--%s has no effect with --%s", names[i], mode);
    return true;
}

static bool check_facts(const struct settings *s, struct options *options)
{
    unsigned facts = facts_of(s);
    for (size_t i = 0; i < COUNT(useless); i++)
        if ((facts & useless[i].facts) && options_given(options, useless[i].option))
            return usage_error(options, "--%s %s", useless[i].option, useless[i].why);
    return true;
}

/* Not one message of the command line may be left out in silence. */
static bool check_messages(const struct settings *s, struct options *options)
{
    size_t count = 0;
    while (s->messages[count])
        count++;
    if (s->check && count > 0)
        return usage_error(options, "--check sends its own messages");
    if (s->one_message && count > 1)
        return usage_error(options, "--one-message sends one message, and there are %zu", count);
    if (s->request_reply && s->count && s->count < count)
        return usage_error(options,
                           "--count=%" PRIu64 " ends it before the last of %zu messages, each of "
                           "which waits for a reply",
                           s->count, count);
    return true;
}

bool combinations_check(const struct settings *s, struct options *options)
{
    if (s->check && !check_list(options, "check", not_for_check, COUNT(not_for_check)))
        return false;
    if (s->listen && !check_list(options, "listen", not_for_listen, COUNT(not_for_listen)))
        return false;
    return check_pairs(options) && check_facts(s, options) && check_messages(s, options);
}
