#include "cmd/wsserve/observe/worker.h"

#include "cmd/common/json.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/observe/totals.h"

#include <stdlib.h>

bool worker_init(struct worker *worker, struct server *server, unsigned index)
{
    *worker = (struct worker){
        .server = server,
        .index = index,
        .totals = calloc(1, sizeof *worker->totals),
        .annotations = calloc(1, sizeof *worker->annotations),
        .json = calloc(1, sizeof *worker->json),
    };
    return worker->totals && worker->annotations && worker->json;
}

void worker_free(struct worker *worker)
{
    if (worker->json)
        json_free(worker->json);
    free(worker->json);
    free(worker->annotations);
    free(worker->totals);
    *worker = (struct worker){0};
}
