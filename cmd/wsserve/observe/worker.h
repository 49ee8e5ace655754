/*
 * worker: makes and frees the parts of `struct worker` (context.h).
 */
#ifndef CMD_WSSERVE_OBSERVE_WORKER_H
#define CMD_WSSERVE_OBSERVE_WORKER_H

#include "cmd/wsserve/context.h"

/* `env` and `mode_data` are NULL after it. False without memory; worker_free() it in any case. Main
 * thread, before the loop runs. */
bool worker_init(struct worker *worker, struct server *server, unsigned index);

/* After its loop has ended. A worker that is all zero is allowed. */
void worker_free(struct worker *worker);

#endif
