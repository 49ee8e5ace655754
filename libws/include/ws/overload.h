/*
 * overload: what is done when there is too much: memory has an end, and so has everybody's
 * patience.
 *
 * One for a server. Connections charge what waits in their queues and what of their messages is
 * being put together; above `max_memory` the largest holder goes, with 1013. And while connections,
 * memory or the loops' lag are above the first of two thresholds, until they are below the second,
 * the server sheds: newcomers are refused, and of those who are here the longest idle leaves, a few
 * a second. Used by server and conn.
 */
#ifndef WS_OVERLOAD_H
#define WS_OVERLOAD_H

#include <ws/admission.h>
#include <ws/conn.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_overload_limits {
    size_t max_memory;    /* bytes; 0: no limit */
    unsigned shed_start;  /* percent; 0: nobody is shed */
    unsigned shed_stop;   /* percent, below shed_start */
    uint32_t lag_full_ms; /* a loop that is so late is at 100 percent; 0: 200 */
    bool watch_lag;       /* loops look how late they are even where nothing is limited */
};

struct ws_overload;

/* For the loops of `homes`, whose `overload` is set, before they run. NULL without memory. */
struct ws_overload *ws_overload_new(const struct ws_overload_limits *limits,
                                    struct ws_admission *admission,
                                    struct ws_conn_env *const *homes, unsigned count);

/* Once the threads are gone. NULL is allowed. */
void ws_overload_free(struct ws_overload *overload);

/* Other limits from now on; of any thread. */
void ws_overload_set(struct ws_overload *overload, const struct ws_overload_limits *limits);

/* conn calls it when what it holds may have changed: it is counted anew, and if that was too much,
 * somebody on its loop goes. */
void ws_overload_charge(struct ws_conn *conn);

/* conn calls it at its end. */
void ws_overload_release(struct ws_conn *conn);

/* Both of any thread. */
bool ws_overload_shedding(const struct ws_overload *overload);
size_t ws_overload_memory(const struct ws_overload *overload);

/* The state that does not flap: above `start` percent on, below `stop` off. For tests too. */
bool ws_overload_decide(bool shedding, unsigned percent, unsigned start, unsigned stop);

#endif
