#include "libws/server/server_private.h"

#include <stdlib.h>

struct question {
    struct ws_async async;
    struct ws_server *server;
    const struct ws_server_env *asker;
    unsigned next; /* index of the loop to visit */
    void (*visit)(struct ws_server_env *env, void *context);
    void (*done)(void *context);
    void *context;
};

static void on_answered(struct ws_async *async)
{
    struct question *question = ws_container_of(async, struct question, async);
    if (question->done)
        question->done(question->context);
    free(question);
}

static void on_question(struct ws_async *async)
{
    struct question *question = ws_container_of(async, struct question, async);
    struct ws_server *server = question->server;
    struct ws_worker *worker = &server->workers[question->next++];
    question->visit(&worker->env, question->context);
    bool last = question->next == server->worker_count;
    if (last)
        question->async.run = on_answered;
    ws_loop_post(last ? question->asker->conn.loop : server->workers[question->next].env.conn.loop,
                 &question->async);
}

bool ws_server_ask(struct ws_server *server, const struct ws_server_env *asker,
                   void (*visit)(struct ws_server_env *env, void *context),
                   void (*done)(void *context), void *context)
{
    struct question *question = malloc(sizeof *question);
    if (!question)
        return false;
    *question = (struct question){{NULL, on_question}, server, asker, 0, visit, done, context};
    ws_loop_post(server->workers[0].env.conn.loop, &question->async);
    return true;
}
