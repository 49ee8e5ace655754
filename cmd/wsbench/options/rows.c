#include "cmd/wsbench/options/settings.h"
#include "cmd/wsbench/options/values.h"

#define RATE(field)                                                                                \
    OPTION_CALL(values_rate), .metavar = "N",                                                      \
                              .offset = OPTION_OFFSET_(struct settings, field, double)

#define S struct settings
const struct option_row wsbench_rows[WSBENCH_ROWS] = {
    {OPTION_GROUP("Load")},
    {.name = "mode",
     OPTION_CHOICE(S, mode, "echo|connect|idle|broadcast|churn"),
     .help = "send and wait for the echo; only connect; connect and stay idle; some send and all "
             "receive; connect, one echo, close, again (default echo)"},
    {.name = "connections",
     .letters = "c",
     OPTION_COUNT(S, connections),
     .min = 1,
     .max = 10000000,
     .help = "open this many connections (default 10)"},
    {.name = "duration",
     .letters = "d",
     OPTION_DURATION(S, duration_us),
     .help = "duration of the load, once all connections are open (default 10s)"},
    {.name = "messages",
     .letters = "n",
     OPTION_COUNT(S, messages),
     .help = "stop after this many messages, or connections with --mode=churn"},
    {.name = "threads",
     .letters = "t",
     OPTION_NUMBER(S, threads, 1, 256),
     .metavar = "N",
     .help = "use this many threads, which share the connections (default 1)"},
    {.name = "rate",
     .letters = "R",
     RATE(rate),
     .help = "send this many messages a second in all, or with --mode=churn open so many "
             "connections, without waiting for replies (default: each after the reply to the one "
             "before)"},
    {.name = "arrival",
     OPTION_CHOICE(S, arrival, "even|poisson"),
     .help = "times of --rate: at even distances, or at random ones as of many independent users "
             "(default even)"},
    {.name = "window",
     .letters = "w",
     OPTION_NUMBER(S, window, 1, 65536),
     .metavar = "N",
     .help = "limit the messages in flight on a connection (default 1)"},
    {.name = "connect-rate",
     RATE(connect_rate),
     .help = "open this many connections a second (default: as fast as the server accepts)"},
    {.name = "warmup",
     OPTION_DURATION(S, warmup_us),
     .help = "begin the load this long before --duration, and leave what was due until then out of "
             "the report"},
    {.name = "publishers",
     OPTION_COUNT(S, publishers),
     .min = 1,
     .max = 10000000,
     .help = "number of connections that send in --mode=broadcast (default 1)"},
    {.name = "timeout",
     .letters = "T",
     OPTION_DURATION(S, timeout_us),
     .help = "time limit of each reply: a message without one is lost, and the next is sent "
             "(default 5s)"},

    {OPTION_GROUP("Payload")},
    {.name = "size",
     .letters = "s",
     OPTION_SIZE(S, size),
     .max = 1 << 30,
     .help = "size of a message (default 20)"},
    {.name = "text", OPTION_FLAG(S, text), .help = "send text messages (default)"},
    {.name = "binary", .letters = "b", OPTION_FLAG(S, binary), .help = "send binary messages"},
    {.name = "compress",
     .letters = "z",
     COMPRESS_OPTION(S, compress, "takeover=both"),
     .flags = OPTION_OPTIONAL,
     .help = "offer permessage-deflate; PARAMS as level=6,threshold=1K,window=15,takeover=both"},

    {OPTION_GROUP("Report")},
    {.name = "format",
     OPTION_CHOICE(S, format, "text|json"),
     .help = "format of the report on standard output (default text)"},
    {.name = "interval",
     .letters = "i",
     OPTION_DURATION(S, interval_us),
     .min = 1000,
     .help =
         "show progress this often on standard error (default 1s on a terminal, 10s elsewhere)"},
    {.name = "server-pid",
     OPTION_NUMBER(S, server_pid, 1, INT32_MAX),
     .metavar = "PID",
     .help = "report memory, CPU time and descriptors of this server process too"},
};
#undef S
