#include "cmd/common/log_event.h"

/* clang-format off */
const struct log_event log_events[] = {
    {"accept", "a connection was accepted (nothing is read yet), or accepting failed"},
    {"access", "a request was answered: one line each, with --access-log; or its file cannot be written"},
    {"backoff", "a program or upstream that keeps failing is not tried for a while; clients are refused meanwhile"},
    {"close", "an open connection has ended in order; at debug level: the client's reason"},
    {"cluster", "Redis is connected, or lost, or rejects messages to the other nodes"},
    {"config", "the configuration was reloaded, or could not be"},
    {"drain", "while shutting down, each second: how many connections are left"},
    {"end", "the server exits; its totals"},
    {"error", "the place in the stream where a client violated the protocol"},
    {"fault", "fault injection is on, or a fault was injected"},
    {"forwarded", "what a trusted proxy says about its client contradicts itself, or cannot be read"},
    {"frame", "a frame header: each one with -vv, else the last ones before a client's protocol violation"},
    {"head", "the head of a request, or of its answer, with -v"},
    {"idle", "no client has been connected for the time of --exit-idle"},
    {"listen", "the server listens at this address"},
    {"log-dropped", "log lines were dropped because the log was not read in time"},
    {"open", "a connection was upgraded"},
    {"payload", "what was sent or received, with -vvv"},
    {"process", "a program has started or ended, wrote output that cannot be sent, or said something on its standard error"},
    {"record", "recording has started, has reached its limit, or cannot write its files"},
    {"reopen", "log files are reopened"},
    {"request", "a request was received"},
    {"shutdown", "a signal stops the server"},
    {"state", "a connection's change of state, and the reason"},
    {"stats", "current values and totals so far"},
    {"tls", "a connection's TLS version and cipher, and the subject of the client's certificate"},
};
/* clang-format on */

const size_t log_event_count = sizeof log_events / sizeof *log_events;
