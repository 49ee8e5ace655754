#include "cmd/wsserve/observe/instrument.h"

#include "cmd/common/exit.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/faults/fault_conn.h"
#include "cmd/wsserve/observe/last_frames.h"
#include "cmd/wsserve/observe/trace.h"
#include "libws/io/random.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOG_QUEUE = 1 << 20, /* bytes of lines that may wait for whoever reads the log */
    PATIENCE_MS = 1000,  /* for the last of them */
    TARGET_SHOWN = 1024  /* bytes of a request's target */
};

static struct extra *extra_of(const struct ws_conn *conn)
{
    return extra_find(&worker_of(conn)->extras, ws_conn_id(conn));
}

static bool debugging(const struct serve *serve)
{
    return log_wants(&serve->log, WS_LOG_DEBUG);
}

/* --- what is about to be sent --- */

static struct fault_conn *fault_of(struct ws_conn *conn)
{
    const struct faults *faults = &server_of(conn)->faults;
    if (faults->count == 0)
        return NULL;
    struct extra *extra = extra_get(&worker_of(conn)->extras, ws_conn_id(conn));
    if (extra && !extra->fault)
        extra->fault = fault_conn_new(conn, faults);
    if (!extra || !extra->fault)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
    return extra ? extra->fault : NULL;
}

/* What was meant is recorded; what goes wrong after that is the client's to find out. */
static void on_output(struct ws_conn *conn, struct ws_out *out)
{
    struct extra *extra = extra_of(conn);
    if (extra)
        recording_sent(extra->record, out, &worker_of(conn)->json);
    struct fault_conn *fault = fault_of(conn);
    if (fault)
        fault_conn_tamper(fault, out);
}

/* --- the access log --- */

static void log_access(const struct ws_conn *conn, const struct ws_request *request,
                       unsigned status, uint64_t bytes)
{
    const struct serve *serve = server_of(conn);
    const struct extra *extra = extra_of(conn);
    char peer[WS_ADDRESS_TEXT], target[TARGET_SHOWN] = "";
    struct ws_address client;
    if (!serve->settings->operate.access_log)
        return;
    if (request) {
        entry_client(conn, request, &client);
        entry_loggable_target(request, target, sizeof target);
    } else {
        ws_address_of_peer(ws_conn_fd(conn), &client);
    }
    access_line(&serve->access, &(struct access_entry){.conn = ws_conn_id(conn),
                                                       .peer = ws_address_format(&client, peer),
                                                       .trace = extra ? extra->trace : NULL,
                                                       .request = request,
                                                       .target = target,
                                                       .status = status,
                                                       .bytes = bytes});
}

/* --- states --- */

static const char *cause(const struct ws_conn *conn, enum ws_state to)
{
    if (to == WS_STATE_OPEN)
        return "upgrade";
    if (ws_conn_end(conn)->error != WS_OK)
        return ws_error_info(ws_conn_end(conn)->error)->name;
    if (ws_conn_end(conn)->http_status)
        return "answered in HTTP";
    if (!ws_session_close_received(ws_conn_session(conn)))
        return "our close";
    return ws_conn_end(conn)->by_peer ? "its close" : "close answered";
}

static void on_moved(struct ws_conn *conn, enum ws_state from, enum ws_state to)
{
    const struct serve *serve = server_of(conn);
    static const char *const names[] = {"connecting", "open", "closing", "closed"};
    const struct log_field fields[] = {log_word("from", names[from]), log_word("to", names[to]),
                                       log_word("cause", cause(conn, to))};
    log_fields(&serve->log, WS_LOG_DEBUG, ws_conn_id(conn), "state", fields, 3, "%s", "");
    /* Now, while it still can be asked where it came from. */
    if (from == WS_STATE_CONNECTING && to == WS_STATE_CLOSED && ws_conn_end(conn)->http_status)
        log_access(conn, ws_session_request(ws_conn_session(conn)), ws_conn_end(conn)->http_status,
                   ws_conn_counters(conn)->bytes_out);
}

/* --- one connection --- */

static void note_trace(struct ws_conn *conn, const struct ws_request *request)
{
    char text[TRACE_MAX];
    if (!trace_of(request, text))
        return;
    struct extra *extra = extra_get(&worker_of(conn)->extras, ws_conn_id(conn));
    if (extra && !extra->trace)
        extra->trace = strdup(text);
}

bool observe_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct serve *serve = server_of(conn);
    note_trace(conn, request);
    if (request->fault != WS_OK)
        return true;
    unsigned status = fault_reject(&serve->faults, ws_conn_id(conn));
    if (status) {
        static const char body[] = "refused: a fault on demand\n";
        ws_conn_refuse(conn, &(struct ws_http_answer){
                                 .status = status, .body = body, .body_len = sizeof body - 1});
        return false;
    }
    return true;
}

void observe_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct serve *serve = server_of(conn);
    struct extra *extra = NULL;
    if (recorder_on(&serve->recorder))
        extra = extra_get(&worker_of(conn)->extras, ws_conn_id(conn));
    if (extra && !extra->record) {
        char target[TARGET_SHOWN];
        entry_loggable_target(event->request, target, sizeof target);
        extra->record = recording_new(&serve->recorder, conn, event->request->host, target,
                                      &worker_of(conn)->json);
    }
    log_access(conn, event->request, 101, 0);
}

/* The header at fault, and those before it. */
static void tell_frames(struct ws_conn *conn, const struct ws_event *event)
{
    const struct serve *serve = server_of(conn);
    const struct extra *extra = extra_of(conn);
    struct log_field fields[LAST_FRAMES_FIELDS];
    if (ws_error_info(event->error)->category != WS_CAT_PROTOCOL)
        return;
    last_frames_tell(extra ? extra->frames : NULL, &serve->log, ws_conn_id(conn));
    size_t n = last_frames_fields(ws_session_last_frame(ws_conn_session(conn)), fields);
    log_fields(&serve->log, WS_LOG_DEBUG, ws_conn_id(conn), "error", fields, n,
               "at byte %" PRIu64 " of what it sent; the last header:", event->offset);
}

bool observe_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct worker *worker = worker_of(conn);
    if (event->type == WS_EVENT_FRAME) {
        struct extra *extra = extra_get(&worker->extras, ws_conn_id(conn));
        if (extra)
            last_frames_note(&extra->frames, event->frame);
        return false;
    }
    if (worker->extras.count > 0) {
        struct extra *extra = extra_of(conn);
        if (extra)
            recording_event(extra->record, event, &worker->json);
    }
    if (event->type == WS_EVENT_ERROR && ws_conn_upgraded(conn) && debugging(worker->serve))
        tell_frames(conn, event);
    return true;
}

void observe_forget(struct ws_conn *conn)
{
    struct extra *extra = extra_of(conn);
    if (!extra)
        return;
    free(extra->trace);
    free(extra->frames);
    fault_conn_free(extra->fault);
    recording_free(extra->record);
    extra_drop(&worker_of(conn)->extras, ws_conn_id(conn));
}

/* --- all of them --- */

static bool trace_for_log(void *context, uint64_t conn, char *text, size_t size)
{
    const struct extra *extra = extra_find_here(conn);
    (void)context;
    return extra && extra->trace && (size_t)snprintf(text, size, "%s", extra->trace) < size;
}

void observe_config(const struct serve *serve, struct ws_conn_config *config)
{
    bool corrupted = serve->faults.count > 0, recorded = recorder_on(&serve->recorder);
    config->output_filter = corrupted || recorded ? on_output : NULL;
    config->on_state_change =
        debugging(serve) || serve->settings->operate.access_log ? on_moved : NULL;
    config->session.frames = debugging(serve);
    /* Records are of messages, and faults happen to messages. */
    config->session.chunks = serve->mode->chunks && !corrupted && !recorded;
}

static bool begin_faults(struct serve *serve)
{
    serve->faults = serve->settings->operate.faults;
    if (serve->faults.count == 0)
        return true;
    if (!serve->settings->operate.seeded) {
        uint32_t seed;
        if (!ws_random_bytes(&serve->loop.random, &seed, sizeof seed)) {
            exit_warn("%s", ws_error_info(WS_E_RANDOM)->explanation);
            return false;
        }
        serve->faults.seed = seed;
    }
    log_line(&serve->log, WS_LOG_WARNING, 0, "fault",
             "faults are made on demand, with --seed=%" PRIu64, serve->faults.seed);
    return true;
}

bool observe_start(struct serve *serve)
{
    const struct settings_operate *settings = &serve->settings->operate;
    serve->log.trace = trace_for_log;
    if (!log_start(&serve->log, LOG_QUEUE)) {
        exit_warn("the log's thread: %s", strerror(errno));
        return false;
    }
    if (settings->access_log && !access_open(&serve->access, &serve->log, settings->access_file)) {
        exit_warn("--access-log: %s: %s", settings->access_file, strerror(errno));
        return false;
    }
    if (settings->record &&
        !recorder_open(&serve->recorder, &serve->log, settings->record, settings->record_limit)) {
        exit_warn("--record: %s: %s", settings->record, strerror(errno));
        return false;
    }
    return begin_faults(serve);
}

void observe_stop(struct serve *serve)
{
    for (unsigned i = 0; i < serve->worker_count; i++)
        json_free(&serve->workers[i].json);
    recorder_close(&serve->recorder, PATIENCE_MS);
    access_close(&serve->access, PATIENCE_MS);
    log_stop(&serve->log, PATIENCE_MS);
}
