#include "cmd/common/log_event.h"

/* clang-format off */
const struct log_event log_events[] = {
    {"accept", "a connection was accepted, nothing was read from it yet; or none can be"},
    {"access", "a request was answered: one line each, with --access-log"},
    {"backoff", "what fails again and again is left alone for a while, and who came meanwhile"},
    {"close", "a connection that was open has ended in order; at debug level: the client's reason"},
    {"config", "the configuration was read anew, or could not be"},
    {"drain", "while shutting down, each second: how many connections are left"},
    {"end", "the server ends: its totals"},
    {"error", "where in the stream a client broke the protocol"},
    {"fault", "faults are made on demand, or one was just now"},
    {"frame", "one of the last frame headers before a client broke the protocol"},
    {"idle", "nobody has been there for as long as --exit-idle says"},
    {"listen", "clients can connect here"},
    {"log-dropped", "lines are missing, since nobody took them in time"},
    {"open", "a connection was upgraded"},
    {"process", "a program has begun or ended, or wrote what cannot be sent"},
    {"record", "recording has begun, has reached its limit, or has lost something"},
    {"reopen", "files are opened anew"},
    {"request", "a request came"},
    {"shutdown", "a signal ends the server"},
    {"state", "a connection went from one state to another, and why"},
    {"stats", "what there is now, and what there was so far"},
    {"tls", "which version and cipher a connection has, and whose certificate its client showed"},
};
/* clang-format on */

const size_t log_event_count = sizeof log_events / sizeof *log_events;
