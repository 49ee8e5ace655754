#include "cmd/wscat/options/settings.h"

#include "cmd/common/units.h"

#include <string.h>

static const char *set_close_code(struct options *options, const struct option_row *row,
                                  void *settings, const char *value)
{
    (void)options;
    (void)row;
    if (units_close_code(value, &((struct settings *)settings)->close_code) != UNITS_OK)
        return "a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999";
    return NULL;
}

/* Of all versions of the protocol there is one left (RFC 6455 4.1). */
static const char *set_version(struct options *options, const struct option_row *row,
                               void *settings, const char *value)
{
    (void)options;
    (void)row;
    (void)settings;
    return strcmp(value, "13") == 0 ? NULL : "13, the version of RFC 6455";
}

static const char *set_reconnect(struct options *options, const struct option_row *row,
                                 void *settings, const char *value)
{
    struct settings *s = settings;
    (void)options;
    (void)row;
    s->reconnect = true;
    s->reconnect_max = 0;
    if (value && (units_count(value, &s->reconnect_max) != UNITS_OK || s->reconnect_max == 0))
        return "a number of attempts such as 10";
    return NULL;
}

#define S struct settings
const struct option_row wscat_rows[WSCAT_ROWS] = {
    {OPTION_GROUP("Connection")},
    {.name = "connect",
     .letters = "c",
     OPTION_STRING(S, connect),
     .metavar = "URL",
     .help = "connect to URL; all words are messages then"},
    {.name = "listen",
     .letters = "l",
     OPTION_STRING(S, listen),
     .metavar = "[ADDRESS:]PORT",
     .help = "wait for clients here, on loopback unless ADDRESS says otherwise, over TLS with "
             "--cert; all words are messages for each client then"},
    {.name = "location",
     .letters = "L",
     OPTION_FLAG(S, location),
     .help = "follow redirects; credentials are not sent to another host"},
    {.name = "max-redirects",
     OPTION_NUMBER(S, max_redirects, 0, 1000),
     .help = "follow at most this many (default 10)"},
    {.name = "lenient",
     OPTION_FLAG(S, lenient),
     .help = "tolerate a server's lines that end in LF, its empty subprotocol and masked frames"},
    {.name = "protocol-version",
     .letters = "p",
     OPTION_CALL(set_version),
     .metavar = "13",
     .help = "version of the protocol; there is only 13"},

    {OPTION_GROUP("What is sent")},
    {.name = "execute",
     .letters = "x",
     OPTION_LIST(S, execute),
     .metavar = "MESSAGE",
     .help = "send this message before standard input; @FILE sends a file, @- all of standard "
             "input, @@x sends @x; may be repeated"},
    {.name = "text", .letters = "t", OPTION_FLAG(S, text), .help = "send text messages (default)"},
    {.name = "binary",
     .letters = "b",
     OPTION_FLAG(S, binary),
     .help = "send binary messages, the input unchanged in chunks; print received bytes unchanged"},
    {.name = "input",
     OPTION_CHOICE(S, input, "lines|nul|whole|hex|json|jsonl"),
     .help = "split input into messages: one a line, one up to each NUL, the whole input, one a "
             "line of hex digits, one a JSON value, one a record of --jsonl, of those that the "
             "client sent (default lines)"},
    {.name = "null-terminated",
     .letters = "0",
     OPTION_FLAG(S, null_terminated),
     .help = "split input at NUL, as --input=nul does"},
    {.name = "keep-newline",
     OPTION_FLAG(S, keep_newline),
     .help = "send the newline, or the NUL, that ends a message too"},
    {.name = "chunk",
     OPTION_SIZE(S, chunk),
     .min = 1,
     .max = 64 << 20,
     .help = "largest message of --binary (default 64K)"},
    {.name = "fragment",
     OPTION_SIZE(S, fragment),
     .min = 1,
     .help = "send messages in fragments of at most this size"},
    {.name = "send-delay",
     OPTION_DURATION(S, send_delay_us),
     .help = "wait this long between messages"},
    {.name = "slash",
     OPTION_FLAG(S, slash),
     .help = "take lines that begin with a slash as commands: /ping, /close, /help and others; //x "
             "sends /x"},
    {.name = "history",
     OPTION_STRING(S, history),
     .metavar = "FILE|none",
     .help = "keep the lines that are typed in FILE (default none: until wscat ends)"},
    {.name = "no-stdin", OPTION_FLAG(S, no_stdin), .help = "do not read standard input"},
    {.name = "compress",
     .letters = "z",
     COMPRESS_OPTION(S, compress, "takeover=both"),
     .flags = OPTION_OPTIONAL,
     .help = "offer permessage-deflate; PARAMS as level=6,threshold=1K,window=15,takeover=both"},

    {OPTION_GROUP("What is shown")},
    {.name = "format",
     OPTION_CHOICE(S, format, "text|raw|hex|base64|jsonl"),
     .help = "print a message a line, its bytes alone, hex digits, base64, or JSON (default text)"},
    {.name = "jsonl",
     .letters = "J",
     OPTION_FLAG(S, jsonl),
     .help = "print every event as a line of JSON, in both directions (also --format=jsonl)"},
    {.name = "raw",
     .letters = "r",
     OPTION_FLAG(S, raw),
     .help = "print the bytes of messages alone, unescaped, as --format=raw does"},
    {.name = "null-after",
     .letters = "Z",
     OPTION_FLAG(S, null_after),
     .help = "print a NUL after each message instead of a newline"},
    {.name = "pretty",
     OPTION_FLAG(S, pretty),
     .help = "print messages that are JSON over several lines, indented"},
    {.name = "timestamps",
     OPTION_CHOICE(S, timestamps, "iso|rel"),
     .help = "print the time before each message: of day, or since the connection opened"},
    {.name = "show-ping-pong",
     .letters = "P",
     OPTION_FLAG(S, show_ping_pong),
     .help = "print pings and pongs, with round-trip times, on standard error"},
    {.name = "include",
     .letters = "i",
     OPTION_FLAG(S, include),
     .help = "print the head of the server's response before the messages"},
    {.name = "stats",
     OPTION_FLAG(S, stats),
     .help = "print timings and amounts of data on standard error at the end"},

    {OPTION_GROUP("When it ends")},
    {.name = "wait",
     .letters = "w",
     OPTION_DURATION(S, wait_us),
     .flags = OPTION_NEVER,
     .help = "close after this much silence once input has ended; -1: wait for the server to close "
             "(default 2s)"},
    {.name = "exit-on-eof",
     .letters = "E",
     OPTION_FLAG(S, exit_on_eof),
     .help = "close at the end of input, without waiting"},
    {.name = "one-message",
     .letters = "1",
     OPTION_FLAG(S, one_message),
     .help = "send one message, print one, and close"},
    {.name = "count",
     .letters = "N",
     OPTION_COUNT(S, count),
     .min = 1,
     .help = "close after this many received messages"},
    {.name = "expect",
     OPTION_STRING(S, expect),
     .metavar = "REGEX",
     .help = "exit with 0 at the first message that matches, with 10 if none does"},
    {.name = "request-reply",
     OPTION_FLAG(S, request_reply),
     .help = "send the next message only once one was received after the last"},
    {.name = "timeout",
     .letters = "T",
     OPTION_DURATION(S, timeout_us),
     .help = "exit with 7 if not done within this time (default 0: no limit)"},
    {.name = "close-timeout",
     OPTION_DURATION(S, close_timeout_us),
     .help = "time limit for the server's close frame after ours, whatever else arrives (default "
             "5s, 0: no limit); a message under way may double it"},
    {.name = "idle-timeout",
     OPTION_DURATION(S, idle_timeout_us),
     .help = "exit with 7 if no message is received for this long (default 0: no limit)"},
    {.name = "close-code",
     OPTION_CALL(set_close_code),
     .metavar = "CODE",
     .help = "close with this code (default 1000)"},
    {.name = "close-reason",
     OPTION_STRING(S, close_reason),
     .metavar = "TEXT",
     .help = "close with this reason, at most 123 bytes"},

    {OPTION_GROUP("Keeping it alive")},
    {.name = "ping-interval",
     OPTION_DURATION(S, ping_interval_us),
     .help = "ping the server this often (default: never); an interval below --wait keeps it from "
             "being quiet"},
    {.name = "ping-timeout",
     OPTION_DURATION(S, ping_timeout_us),
     .help = "exit with 7 if nothing is received for this long after a ping (default 10s)"},
    {.name = "reconnect",
     OPTION_CALL(set_reconnect),
     .metavar = "MAX",
     .flags = OPTION_OPTIONAL,
     .like = "^[0-9]+$",
     .help = "connect again when the connection fails, MAX times in a row at most (default: for "
             "ever)"},
    {.name = "reconnect-delay",
     OPTION_DURATION(S, reconnect_delay_us),
     .help = "wait about this long before that, twice as long each time, 30s at most (default 1s)"},
    {.name = "max-message-size",
     OPTION_SIZE(S, max_message_size),
     .help = "close with 1009 when a message exceeds this size (default 64M)"},

    {OPTION_GROUP("Checking an endpoint")},
    {.name = "check",
     OPTION_FLAG(S, check),
     .help =
         "test whether the endpoint, and every proxy before it, is fit for WebSockets: a line a "
         "step, and the usual cause where one fails"},
    {.name = "check-idle",
     OPTION_DURATION(S, check_idle_us),
     .help = "length of the silence that the connection must survive (default 65s)"},
};
#undef S
