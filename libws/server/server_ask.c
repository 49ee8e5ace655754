#include "libws/server/server_private.h"

#include <stdlib.h>

static void on_answered(struct ws_async *async)
{
    struct ws_question *question = ws_container_of(async, struct ws_question, async);
    struct ws_server *server = question->server;
    bool own = question == &server->closing || question == &server->ending;
    if (question->done)
        question->done(question->context);
    if (!own)
        free(question);
}

static void on_question(struct ws_async *async)
{
    struct ws_question *question = ws_container_of(async, struct ws_question, async);
    struct ws_server *server = question->server;
    struct ws_worker *worker = &server->workers[question->next++];
    question->visit(&worker->env, question->context);
    bool last = question->next == server->worker_count;
    if (last)
        question->async.run = on_answered;
    ws_loop_post(last ? question->asker->conn.loop : server->workers[question->next].env.conn.loop,
                 &question->async);
}

static void ask(struct ws_question *question)
{
    question->async.run = on_question;
    ws_loop_post(question->server->workers[0].env.conn.loop, &question->async);
}

void ws_server_visit(struct ws_question *question, struct ws_server *server,
                     void (*visit)(struct ws_server_env *env, void *context), void *context)
{
    *question = (struct ws_question){
        .server = server, .asker = &server->workers[0].env, .visit = visit, .context = context};
    ask(question);
}

bool ws_server_ask(struct ws_server *server, const struct ws_server_env *asker,
                   void (*visit)(struct ws_server_env *env, void *context),
                   void (*done)(void *context), void *context)
{
    struct ws_question *question = malloc(sizeof *question);
    if (!question)
        return false;
    *question = (struct ws_question){
        .server = server, .asker = asker, .visit = visit, .done = done, .context = context};
    ask(question);
    return true;
}
