#include "cmd/wsserve/server/instrument.h"

#include "cmd/common/exit.h"
#include "cmd/common/json.h"
#include "cmd/common/log.h"
#include "cmd/wsserve/access/access_control.h"
#include "cmd/wsserve/context.h"
#include "cmd/wsserve/faults/fault_conn.h"
#include "cmd/wsserve/modes/mode.h"
#include "cmd/wsserve/observe/access_log.h"
#include "cmd/wsserve/observe/conn_annotations.h"
#include "cmd/wsserve/observe/last_frames.h"
#include "cmd/wsserve/observe/record_conn.h"
#include "cmd/wsserve/observe/trace.h"
#include "cmd/wsserve/observe/wire_trace.h"
#include "cmd/wsserve/options/settings.h"
#include "cmd/wsserve/request/target.h"
#include "libws/conn/conn_owner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOG_QUEUE = 1 << 20,     /* bytes of log lines that may wait to be written */
    FLUSH_TIMEOUT_MS = 1000, /* for the last of them */
};

static struct conn_annotations *annotations_of(const struct ws_conn *conn)
{
    return conn_annotations_find(worker_of(conn)->annotations, ws_conn_id(conn));
}

static bool debugging(const struct server *server)
{
    return log_wants(server->log, WS_LOG_DEBUG);
}

/* --- the output filters --- */

static struct fault_conn *fault_of(struct ws_conn *conn, const struct ws_output_filter *filter)
{
    const struct faults *faults = server_of(conn)->faults;
    if (!faults)
        return NULL;
    struct conn_annotations *notes =
        conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
    if (notes && !notes->fault)
        notes->fault = fault_conn_new(conn, faults, filter);
    if (!notes || !notes->fault)
        ws_conn_abort(conn, WS_E_NO_MEMORY);
    return notes ? notes->fault : NULL;
}

static void inject_faults(const struct ws_output_filter *self, struct ws_conn *conn,
                          struct ws_out *out)
{
    struct fault_conn *fault = fault_of(conn, self);
    if (fault)
        fault_conn_filter(fault, out);
}

static void record_output(const struct ws_output_filter *self, struct ws_conn *conn,
                          struct ws_out *out)
{
    struct conn_annotations *notes = annotations_of(conn);
    (void)self;
    if (notes)
        recording_sent(notes->record, out, worker_of(conn)->json);
}

static unsigned verbose(const struct server *server)
{
    return server->settings->common.verbose;
}

static void trace_output(const struct ws_output_filter *self, struct ws_conn *conn,
                         struct ws_out *out)
{
    struct server *server = server_of(conn);
    struct conn_annotations *notes =
        conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
    (void)self;
    if (notes)
        wire_trace_sent(&notes->wire, server->log, conn, out, verbose(server) > 1,
                        verbose(server) > 2);
}

/* Recordings show what was meant to be sent, before faults are injected. A filter that is not
 * switched on passes everything. */
static const struct ws_output_filter fault_filter = {NULL, inject_faults};
static const struct ws_output_filter record_filter = {&fault_filter, record_output};
static const struct ws_output_filter trace_filter = {&record_filter, trace_output};

/* --- the access log --- */

/* `request` is NULL where the input was no HTTP request. */
static void write_access(const struct ws_conn *conn, const struct access_log_request *request,
                         const struct ws_address *client, unsigned status, uint64_t bytes,
                         const struct access_log_end *end)
{
    const struct conn_annotations *notes = annotations_of(conn);
    char peer[WS_ADDRESS_TEXT];
    access_log_line(server_of(conn)->access_log,
                    &(struct access_log_entry){.conn = ws_conn_id(conn),
                                               .peer = ws_address_format(client, peer),
                                               .trace = notes ? notes->trace : NULL,
                                               .request = request,
                                               .status = status,
                                               .bytes = bytes,
                                               .end = end});
}

/* A request was answered in HTTP. */
static void log_answer(const struct ws_conn *conn)
{
    const struct ws_request *request = ws_session_request(ws_conn_session(conn));
    struct access_log_request *copy = NULL;
    struct ws_address client;
    char target[LOGGED_TARGET_MAX];
    if (!server_of(conn)->access_log)
        return;
    if (request) {
        access_control_client(conn, request, &client);
        copy = access_log_request_new(request, target_loggable(request, target, sizeof target));
    } else {
        ws_conn_peer_address(conn, &client);
    }
    write_access(conn, copy, &client, ws_conn_end(conn)->http_status,
                 ws_conn_counters(conn)->bytes_out, NULL);
    free(copy);
}

/* A WebSocket was opened, whose request is kept, or has ended. */
static void log_websocket(const struct ws_conn *conn, const struct conn_annotations *notes,
                          const struct ws_end *end)
{
    struct ws_address client = notes->client;
    if (!server_of(conn)->access_log)
        return;
    if (!notes->proxied)
        ws_conn_peer_address(conn, &client);
    const struct access_log_end last = {.duration_us = ws_clock_us() - notes->opened_us,
                                        .bytes_in = ws_conn_counters(conn)->bytes_in,
                                        .sent = end ? end->sent_code : 0,
                                        .received = end ? end->code : 0};
    write_access(conn, notes->request, &client, 101, end ? ws_conn_counters(conn)->bytes_out : 0,
                 end ? &last : NULL);
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
    if (to == WS_STATE_CLOSING)
        return ws_conn_end(conn)->by_peer ? "its close" : "our close";
    return ws_session_close_received(ws_conn_session(conn)) ? "close answered" : "our close";
}

static void on_state_change(struct ws_conn *conn, enum ws_state from, enum ws_state to)
{
    const struct server *server = server_of(conn);
    static const char *const names[] = {"connecting", "open", "closing", "closed"};
    const struct log_field fields[] = {log_word("from", names[from]), log_word("to", names[to]),
                                       log_word("cause", cause(conn, to))};
    if (ws_conn_is_carrier(conn))
        return; /* its streams have states */
    log_fields(server->log, WS_LOG_DEBUG, ws_conn_id(conn), "state", fields, 3, "%s", "");
    if (from == WS_STATE_CONNECTING && to == WS_STATE_CLOSED && ws_conn_end(conn)->http_status)
        log_answer(conn);
}

/* --- one connection --- */

static void note_trace(struct ws_conn *conn, const struct ws_request *request)
{
    char text[TRACE_MAX];
    if (!trace_of(request, text))
        return;
    struct conn_annotations *notes =
        conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
    if (notes && !notes->trace)
        notes->trace = strdup(text);
}

bool instrument_request(struct ws_conn *conn, const struct ws_request *request)
{
    struct server *server = server_of(conn);
    char target[LOGGED_TARGET_MAX];
    note_trace(conn, request);
    if (verbose(server) > 0)
        wire_trace_request(server->log, ws_conn_id(conn), request,
                           target_loggable(request, target, sizeof target));
    if (request->violation != WS_OK)
        return true;
    unsigned status = server->faults ? fault_reject(server->faults, ws_conn_id(conn)) : 0;
    if (status) {
        static const char body[] = "refused: an injected fault\n";
        ws_conn_refuse(conn, &(struct ws_http_answer){.status = status,
                                                      .body = body,
                                                      .body_len = sizeof body - 1,
                                                      .why = WS_E_INJECTED});
        return false;
    }
    return true;
}

void instrument_open(struct ws_conn *conn, const struct ws_event *event)
{
    struct server *server = server_of(conn);
    struct conn_annotations *notes = NULL;
    char target[LOGGED_TARGET_MAX];
    if (server->recorder || server->access_log || server->admin)
        notes = conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
    if (!notes)
        return;
    target_loggable(event->request, target, sizeof target);
    if (server->recorder && !notes->record)
        notes->record = recording_new(server->recorder, conn, event->request->host, target,
                                      worker_of(conn)->json);
    notes->request = access_log_request_new(event->request, target);
    notes->opened_us = ws_clock_us();
    log_websocket(conn, notes, NULL);
}

/* Logs the offending header, and those before it. */
static void log_frames(struct ws_conn *conn, const struct ws_event *event)
{
    const struct server *server = server_of(conn);
    const struct conn_annotations *notes = annotations_of(conn);
    struct log_field fields[LAST_FRAMES_FIELDS];
    if (ws_error_info(event->error)->category != WS_CAT_PROTOCOL)
        return;
    last_frames_log(notes ? notes->frames : NULL, server->log, ws_conn_id(conn));
    size_t n = last_frames_fields(ws_session_last_frame(ws_conn_session(conn)), fields);
    log_fields(server->log, WS_LOG_DEBUG, ws_conn_id(conn), "error", fields, n,
               "at byte %" PRIu64 " of the input; the last header:", event->offset);
}

/* Only while the log takes debug lines; with -vv every frame is logged anyway. */
static void note_frame(struct ws_conn *conn, const struct ws_frame *frame)
{
    struct server *server = server_of(conn);
    struct conn_annotations *notes =
        conn_annotations_get(worker_of(conn)->annotations, ws_conn_id(conn));
    if (notes && verbose(server) > 1)
        wire_trace_frame(&notes->wire, server->log, conn, frame);
    else if (notes)
        last_frames_note(&notes->frames, frame);
}

/* A frame, with -v, comes before everything else: there are annotations then. */
bool instrument_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct worker *worker = worker_of(conn);
    if (event->type == WS_EVENT_FRAME) {
        note_frame(conn, event->frame);
        return false;
    }
    if (worker->annotations->nodes.count > 0) {
        struct conn_annotations *notes = annotations_of(conn);
        if (notes)
            recording_event(notes->record, event, worker->json);
        if (verbose(worker->server) > 2)
            wire_trace_payload(worker->server->log, conn, event);
    }
    if (event->type == WS_EVENT_ERROR && ws_conn_upgraded(conn) && debugging(worker->server))
        log_frames(conn, event);
    return true;
}

void instrument_forget(struct ws_conn *conn, const struct ws_end *end)
{
    struct conn_annotations *notes = annotations_of(conn);
    if (!notes)
        return;
    if (end->opened && notes->request)
        log_websocket(conn, notes, end);
    free(notes->request);
    free(notes->trace);
    free(notes->subprotocol);
    free(notes->frames);
    wire_trace_free(notes->wire);
    fault_conn_free(notes->fault);
    recording_free(notes->record);
    conn_annotations_drop(worker_of(conn)->annotations, ws_conn_id(conn));
}

/* --- all of them --- */

static bool trace_for_log(void *context, uint64_t conn, char *text, size_t size)
{
    const struct conn_annotations *notes = conn_annotations_find_local(conn);
    (void)context;
    return notes && notes->trace && (size_t)snprintf(text, size, "%s", notes->trace) < size;
}

void instrument_config(const struct server *server, struct ws_conn_config *config)
{
    bool corrupted = server->faults != NULL, recorded = server->recorder != NULL;
    config->output_filters = verbose(server) > 0 ? &trace_filter
                             : recorded          ? &record_filter
                             : corrupted         ? &fault_filter
                                                 : NULL;
    config->on_state_change = debugging(server) || server->access_log ? on_state_change : NULL;
    config->session.frames = debugging(server);
    /* Recordings and faults need whole messages, and each by itself. */
    config->session.chunks = server->mode->chunks && !corrupted && !recorded;
    config->session.runs = server->mode->runs && !corrupted && !recorded;
}

/* Copies the faults of the settings, with a random seed unless --seed was given. */
static bool start_faults(struct server *server)
{
    const struct settings_operate *settings = &server->settings->operate;
    if (settings->faults.count == 0)
        return true;
    struct faults *faults = malloc(sizeof *faults);
    if (!faults) {
        exit_warn("%s", ws_error_info(WS_E_NO_MEMORY)->explanation);
        return false;
    }
    *faults = settings->faults;
    server->faults = faults;
    if (!settings->seeded) {
        uint32_t seed;
        if (!ws_loop_random(server->loop, &seed, sizeof seed)) {
            exit_warn("%s", ws_error_info(WS_E_RANDOM)->explanation);
            return false;
        }
        faults->seed = seed;
    }
    log_line(server->log, WS_LOG_WARNING, 0, "fault", "injecting faults, with --seed=%" PRIu64,
             faults->seed);
    return true;
}

bool instrument_start(struct server *server)
{
    const struct settings_operate *settings = &server->settings->operate;
    server->log->trace = trace_for_log;
    if (!log_start(server->log, LOG_QUEUE)) {
        exit_warn("the log's thread: %s", strerror(errno));
        return false;
    }
    if (settings->access_log &&
        !(server->access_log = access_log_open(server->log, settings->access_file))) {
        exit_warn("--access-log: %s: %s", settings->access_file ? settings->access_file : "",
                  strerror(errno));
        return false;
    }
    if (settings->record && !(server->recorder = recorder_open(server->log, settings->record,
                                                               settings->record_limit))) {
        exit_warn("--record: %s: %s", settings->record, strerror(errno));
        return false;
    }
    return start_faults(server);
}

void instrument_stop(struct server *server)
{
    recorder_close(server->recorder, FLUSH_TIMEOUT_MS);
    access_log_close(server->access_log, FLUSH_TIMEOUT_MS);
    log_stop(server->log, FLUSH_TIMEOUT_MS);
    free((void *)(uintptr_t)server->faults);
    server->recorder = NULL;
    server->access_log = NULL;
    server->faults = NULL;
}
