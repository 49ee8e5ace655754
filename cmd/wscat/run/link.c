#include "cmd/common/exit.h"
#include "cmd/common/options/secret.h"
#include "cmd/common/units.h"
#include "cmd/wscat/output/failure.h"
#include "cmd/wscat/output/show_http.h"
#include "cmd/wscat/run/retry.h"
#include "cmd/wscat/run/run_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool link_quiet(const struct run *run)
{
    return run->settings->common.quiet && run->settings->reconnect;
}

static void on_connected(void *user, struct ws_conn *conn)
{
    struct run *run = user;
    const struct settings *s = run->settings;
    run->conn = conn;
    run->stats.times = *ws_client_times(run->client);
    if (s->target.proxy.host && s->common.verbose > 0)
        show_http_proxy(&s->target.proxy);
    run->client = NULL;
    run->connected_us = ws_clock_us();
}

static void on_failed(void *user, enum ws_error error, const char *detail)
{
    struct run *run = user;
    char text[FAILURE_TEXT_MAX];
    bool late = link_quiet(run);
    run->client = NULL;
    failure_to_connect(run->settings, error, detail, text);
    if (!late)
        exit_warn("%s", text);
    records_failure(&run->show.records, error);
    if (link_again(run, error, 0))
        return;
    if (late)
        exit_warn("%s", text);
    run_ended(run, exit_code_for(error));
}

static void on_retry(struct ws_timer *timer)
{
    struct run *run = ws_container_of(timer, struct run, retry);
    if (!link_start(run))
        run_ended(run, WS_EXIT_FAILURE);
}

/* --wait is about silence on an open connection; while there is none, nothing is waited for. */
bool link_start(struct run *run)
{
    struct settings *s = run->settings;
    struct ws_conn_config config;
    run->retry.fire = on_retry;
    run->http_status = 0;
    run->retry_after_ms = 0;
    wscat_settings_conn_config(s, &config);
    config.session.runs = show_takes_runs(&run->show) && !s->expect && !s->request_reply;
    if (sent_wanted(s))
        config.output_filters = &run->sent.filter;
    enum ws_error error = ws_conn_env_init(&run->env, run->loop, &config, &receiving_handler, run);
    struct ws_client_options options = {
        .env = &run->env,
        .user = run,
        .connected = on_connected,
        .failed = on_failed,
    };
    target_client(&s->target, &options);
    if (error == WS_OK)
        run->client = ws_client_connect(&options);
    if (!run->client)
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
    return run->client != NULL;
}

/* --- redirects --- */

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool link_note_refusal(struct run *run, const struct ws_response *response)
{
    const struct ws_http_head *head = response->head;
    run->http_status = response->status;
    int after = ws_http_find(head, response->buffer, "Retry-After", 0);
    if (after >= 0)
        run->retry_after_ms = retry_after_ms(ws_http_value(head, response->buffer, (size_t)after),
                                             (int64_t)time(NULL));
    int location = ws_http_find(head, response->buffer, "Location", 0);
    if (!run->settings->location || !is_redirect(response->status) || location < 0)
        return false;
    if (run->redirects++ >= run->settings->max_redirects) {
        exit_warn("more than %u redirects (--max-redirects)", run->settings->max_redirects);
        return false;
    }
    struct ws_str to = ws_http_value(head, response->buffer, (size_t)location);
    run->redirect = strndup(to.p, to.len);
    return run->redirect != NULL;
}

static bool follow_redirect(struct run *run)
{
    struct settings *s = run->settings;
    char *to = run->redirect;
    run->redirect = NULL;
    if (s->common.verbose > 0) {
        char *shown = secret_without_token(to, strlen(to));
        exit_warn("redirected to %s", shown ? shown : "");
        free(shown);
    }
    bool started = target_redirect(&s->target, to) && link_start(run);
    free(to);
    if (!started)
        run->forced = WS_EXIT_REFUSED;
    return started;
}

/* --- a server whose HTTP/2 takes no WebSockets --- */

bool link_note_unsupported(struct run *run)
{
    struct target *target = &run->settings->target;
    if (target->http2 != TARGET_HTTP2_AUTO || !target->tls.context)
        return false;
    run->without_http2 = true;
    if (!run->settings->common.quiet)
        exit_warn("%s: connecting again over HTTP/1.1",
                  ws_error_info(WS_E_HTTP2_UNSUPPORTED)->explanation);
    ws_tls_context_offer_http2(target->tls.context, false);
    return true;
}

/* --- connecting again --- */

static bool retry_later(struct run *run, enum ws_error error, unsigned close_code)
{
    const struct settings *s = run->settings;
    const struct retry_cause cause = {error, close_code, run->http_status};
    uint32_t random = 0;
    char text[UNITS_TEXT_MAX];
    bool waits = run->ending.state == ENDING_TALKING ||
                 (run->ending.state == ENDING_WAITING && run->ending.wait_ms < 0);
    if (!s->reconnect || !waits || !retry_useful(&cause))
        return false;
    if (run->opened_ms && ws_loop_now(run->loop) - run->opened_ms >= RETRY_STEADY_MS)
        run->attempts = 0;
    run->opened_ms = 0;
    if (s->reconnect_max && run->attempts >= s->reconnect_max)
        return false;
    run->attempts++;
    ws_loop_random(run->loop, &random, sizeof random); /* without it all delays are whole */
    int64_t delay_ms = retry_delay_ms(run->attempts, units_milliseconds(s->reconnect_delay_us),
                                      run->retry_after_ms, random);
    if (!s->common.quiet)
        exit_warn("connecting again in %s",
                  units_format_duration(delay_ms * 1000, text, sizeof text));
    ws_loop_arm(run->loop, &run->retry, ws_loop_now(run->loop) + delay_ms);
    return true;
}

bool link_again(struct run *run, enum ws_error error, unsigned close_code)
{
    if (run->redirect)
        return follow_redirect(run);
    if (run->without_http2) {
        run->without_http2 = false;
        return link_start(run);
    }
    if (!retry_later(run, error, close_code))
        return false;
    sending_restart(run);
    return true;
}

void link_end(struct run *run)
{
    ws_loop_disarm(run->loop, &run->retry);
    if (run->client)
        ws_client_cancel(run->client);
    run->client = NULL;
    if (run->conn)
        ws_conn_abort(run->conn, WS_E_SHUTDOWN);
    free(run->redirect);
    run->redirect = NULL;
}
