#include "libws/conn/conn_private.h"

#include <stdlib.h>
#include <time.h>

void ws_conn_config_init(struct ws_conn_config *config, enum ws_role role)
{
    *config = (struct ws_conn_config){
        .session = {.role = role, .max_message = 1 << 20},
        .heartbeat = {.interval_ms = 30000, .timeout_ms = 10000, .missed_limit = 2},
        .handshake_ms = 5000,
        .close_ms = 5000,
        .fragment_ms = 60000,
        .write_ms = 10000,
        .high_water = 256 * 1024,
    };
    if (role == WS_ROLE_CLIENT) {
        config->heartbeat.interval_ms = 0;
        config->session.max_message = 64 << 20;
        config->handshake_ms = 10000;
    }
}

static void free_scratch(void *data)
{
    struct ws_conn_scratch *scratch = data;
    ws_out_free(&scratch->out);
    ws_out_free(&scratch->sealed);
    ws_out_free(&scratch->carried);
    ws_deflate_pool_free(&scratch->deflate);
    free(scratch->receive);
    free(scratch);
}

/* One for each loop: output may borrow from its receive buffer, so two would overwrite each
 * other's. */
static struct ws_conn_scratch *scratch_of(struct ws_loop *loop)
{
    struct ws_conn_scratch *scratch = ws_loop_attachment(loop);
    if (scratch)
        return scratch;
    scratch = calloc(1, sizeof *scratch);
    if (!scratch)
        return NULL;
    scratch->receive = malloc(WS_HEADROOM + WS_RECEIVE_SIZE);
    if (!scratch->receive) {
        free(scratch);
        return NULL;
    }
    ws_loop_attach(loop, scratch, free_scratch);
    return scratch;
}

enum ws_error ws_conn_env_init(struct ws_conn_env *env, struct ws_loop *loop,
                               const struct ws_conn_config *config,
                               const struct ws_handler *handler, void *user)
{
    struct ws_conn_scratch *scratch = scratch_of(loop);
    if (!scratch)
        return WS_E_NO_MEMORY;
    *env = (struct ws_conn_env){.loop = loop, .handler = handler, .user = user, .scratch = scratch};
    ws_conn_env_configure(env, config);
    return WS_OK;
}

/* Written once a second. */
static const char *date_of(void *context)
{
    struct ws_conn_scratch *scratch = context;
    int64_t now_s = time(NULL);
    if (scratch->date_s != now_s)
        ws_http_date_format(now_s, scratch->date);
    scratch->date_s = now_s;
    return scratch->date;
}

void ws_conn_env_configure(struct ws_conn_env *env, const struct ws_conn_config *config)
{
    env->config = *config;
    env->config.session.deflate_pool = &env->scratch->deflate;
    if (!config->session.random) {
        env->config.session.random = ws_loop_random;
        env->config.session.random_context = env->loop;
    }
    if (!config->session.date) {
        env->config.session.date = date_of;
        env->config.session.date_context = env->scratch;
    }
    /* The rate is looked at after each message. */
    env->config.session.runs &= config->max_rate == 0;
}
