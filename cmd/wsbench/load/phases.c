#include "cmd/wsbench/load/phases.h"

#include "cmd/common/pattern.h"
#include "cmd/common/units.h"
#include "cmd/wsbench/load/peer.h"

#include <stdlib.h>

/* --- the load --- */

static void on_warm(struct ws_timer *timer)
{
    struct worker *w = ws_container_of(timer, struct worker, warm_timer);
    w->warm = true;
    worker_cpu_start(w);
}

static void start_load(struct worker *w)
{
    const struct settings *s = w->settings;
    if (w->bench->start_ns == 0) /* it was ended before its load */
        return;
    if (s->mode == MODE_CONNECT) /* the connecting was the load */
        worker_cpu_stop(w);
    else
        worker_cpu_start(w);
    w->warm = s->warmup_us == 0;
    if (!w->warm)
        ws_loop_arm(w->loop, &w->warm_timer,
                    ws_loop_now(w->loop) + units_milliseconds(s->warmup_us));
    if (s->mode == MODE_CHURN && !peer_open_churn(w))
        w->status = 1;
    if (s->mode != MODE_CHURN && settings_sends(s) && !peer_send_start(w))
        w->status = 1;
    worker_check_drained(w);
}

static void end_load(struct worker *w)
{
    int64_t now = clock_ns(), end_ns = w->bench->end_ns;
    bool churn = w->settings->mode == MODE_CHURN;
    bool deserted = w->can_send == 0 && !churn;
    if (w->bench->start_ns == 0)
        return;
    /* A load without connections ends early, and what was still to come of it is due all the same.
     */
    if (now < end_ns)
        end_ns = deserted && now < w->bench->last_due_ns ? w->bench->last_due_ns : now;
    if (w->settings->mode != MODE_CONNECT)
        worker_cpu_stop(w);
    if (churn)
        peer_open_note_unsent(w, end_ns);
    else
        peer_send_note_unsent(w, end_ns);
    peer_open_end(w);
    pace_close(&w->pace);
    ws_loop_disarm(w->loop, &w->warm_timer);
}

/* --- phases --- */

static void close_all(struct worker *w)
{
    peer_open_stop(w);
    for (uint32_t i = 0; i < w->begun; i++) {
        peer_send_settle(&w->peers[i]);
        peer_leave(&w->peers[i]);
    }
    if (w->alive == 0)
        ws_loop_stop(w->loop);
}

static void abort_all(struct worker *w)
{
    for (uint32_t i = 0; i < w->begun; i++)
        peer_abort(&w->peers[i]);
}

/* Follows the main thread's phase, one phase at a time. */
static void on_wake(void *context)
{
    struct worker *w = context;
    int phase = atomic_load(&w->bench->phase);
    worker_publish(w);
    while (w->phase < phase) {
        if (w->phase == PHASE_LOAD)
            peer_send_all_due(w);
        w->phase++;
        if (w->phase == PHASE_LOAD)
            start_load(w);
        else if (w->phase == PHASE_DRAIN)
            end_load(w);
        else if (w->phase == PHASE_CLOSE)
            close_all(w);
        else if (w->phase == PHASE_ABORT)
            abort_all(w);
        if (w->phase == PHASE_DRAIN)
            worker_check_drained(w);
    }
}

static bool set_up(struct worker *w)
{
    const struct settings *s = w->settings;
    w->warm_timer.fire = on_warm;
    w->answered = settings_answered(s);
    w->own = own_any(&s->own);
    w->open_model = settings_open_model(s);
    peer_open_init(w);
    ws_loop_on_wake(w->loop, on_wake, w);
    struct ws_conn_config config;
    wsbench_settings_conn_config(s, &config);
    if (ws_conn_env_init(&w->env, w->loop, &config, &peer_handler, w) != WS_OK)
        return false;
    if (s->target.tls.context && !(w->tls = ws_tls_context_again(s->target.tls.context)))
        return false;
    if (!payload_init(&w->payload, s->size.least, s->size.most, s->window, s->compress.wanted))
        return false;
    char problem[200];
    const struct own_options *own = &s->own_options;
    if (own->match && !match_init(&w->match, own->match, problem, sizeof problem))
        return false;
    if (own->first_expect &&
        !pattern_compile(&w->first_expect, own->first_expect, 0, problem, sizeof problem))
        return false;
    w->peers = calloc(w->count, sizeof *w->peers);
    if (s->mode == MODE_BROADCAST) {
        w->heard = calloc(w->count, s->publishers * sizeof *w->heard);
        w->deliveries = calloc(1, sizeof *w->deliveries);
    }
    if (!w->peers || (s->mode == MODE_BROADCAST && (!w->heard || !w->deliveries)))
        return false;
    for (uint32_t i = 0; i < w->count; i++)
        peer_init(&w->peers[i], w, i);
    return true;
}

static void tear_down(struct worker *w)
{
    for (uint32_t i = 0; w->peers && i < w->count; i++)
        flight_free(&w->peers[i].flight);
    free(w->peers);
    for (uint64_t i = 0; w->heard && i < w->count * w->settings->publishers; i++)
        fanout_free(&w->heard[i]);
    free(w->heard);
    payload_free(&w->payload);
    match_free(&w->match);
    if (w->settings->own_options.first_expect)
        regfree(&w->first_expect);
    ws_bytes_free(&w->text);
    ws_tls_context_free(w->tls);
}

void *phases_run(void *argument)
{
    struct worker *w = argument;
    if (set_up(w)) {
        worker_cpu_start(w);
        peer_open_start(w);
        ws_loop_run(w->loop);
        ws_loop_turn(w->loop, 0); /* frees what the last batch deferred */
        if (w->settings->mode == MODE_CHURN)
            peer_open_count_unsent(w);
        else
            peer_send_count_unsent(w);
    } else {
        w->status = 1;
        worker_notify_main(&w->bench->ready);
        worker_notify_main(&w->bench->drained);
    }
    tear_down(w);
    worker_notify_main(&w->bench->done);
    return NULL;
}
