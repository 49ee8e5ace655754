#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A delivered event or a sent frame. */
struct item {
    unsigned opcode; /* of a data message; 0: `line` is the whole item */
    bool first, last;
    struct buf bytes;
    struct buf line;
};

struct items {
    struct item *all;
    size_t count;
};

struct run {
    const struct setting *setting;
    const struct variant *variant;
    const struct feed *feed;
    struct outcome *outcome;
    struct ws_session session;
    struct ws_out out;
    uint8_t *memory;     /* the input, lent to the session */
    struct buf sent;     /* all written bytes, in order */
    struct items events; /* delivered events */
    struct items owed;   /* frames that must have been sent in answer, without close frames */
    uint32_t random;
    bool over; /* an error was delivered */
};

/* Shared by all runs, as a run must not affect the next. */
static struct ws_deflate_pool pool;

void drive_end(void)
{
    carried_end();
    ws_deflate_pool_free(&pool);
}

static struct item *items_add(struct items *items)
{
    items->all = must_grow(items->all, (items->count + 1) * sizeof *items->all);
    items->all[items->count] = (struct item){0};
    return &items->all[items->count++];
}

static void items_line(struct items *items, const char *name, const void *data, size_t len)
{
    trace_line(&items_add(items)->line, name, data, len);
}

/* Adds a piece of a message, joined to a neighbouring piece before it. */
static void items_data(struct items *items, unsigned opcode, bool first, bool last,
                       const void *data, size_t len)
{
    struct item *before = items->count ? &items->all[items->count - 1] : NULL;
    if (!first && before && before->opcode == opcode && !before->last) {
        buf_add(&before->bytes, data, len);
        before->last = last;
        return;
    }
    struct item *item = items_add(items);
    item->opcode = opcode;
    item->first = first;
    item->last = last;
    buf_add(&item->bytes, data, len);
}

static void items_print(const struct items *items, struct buf *out)
{
    buf_add(out, "", 0);
    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->all[i];
        if (item->opcode == 0) {
            buf_add(out, item->line.p, item->line.len);
            continue;
        }
        char name[32];
        snprintf(name, sizeof name, "%s%s", item->opcode == WS_OP_TEXT ? "text" : "binary",
                 item->first && item->last ? ""
                 : item->first             ? ".first"
                 : item->last              ? ".last"
                                           : ".middle");
        trace_line(out, name, item->bytes.p, item->bytes.len);
    }
}

static void items_free(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        buf_free(&items->all[i].bytes);
        buf_free(&items->all[i].line);
    }
    free(items->all);
}

/* Nonces are those of the RFC's example, so that rows can contain the accept key. */
static bool fill_random(void *context, void *bytes, size_t size)
{
    uint32_t *state = context;
    uint8_t *p = bytes;
    if (size == 16) {
        memcpy(bytes, "the sample nonce", 16);
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        *state = *state * 1664525u + 1013904223u;
        p[i] = (uint8_t)(*state >> 24);
    }
    return true;
}

static void problem(struct run *run, const char *what)
{
    if (run->outcome->problem.len == 0)
        buf_text(&run->outcome->problem, what);
}

/* Collects the written bytes while the memory that they may point to still exists. */
static void collect(struct run *run)
{
    size_t total = 0;
    for (size_t i = 0; i < run->out.count; i++) {
        buf_add(&run->sent, ws_out_span_data(&run->out, i), run->out.spans[i].len);
        total += run->out.spans[i].len;
    }
    if (total != run->out.bytes)
        problem(run, "ws_out.bytes is not the sum of its spans");
    ws_out_clear(&run->out);
}

static void lend(struct run *run, const void *data, size_t len)
{
    size_t headroom = run->variant->headroom;
    uint8_t *memory = must_alloc(headroom + len);
    if (len)
        memcpy(memory + headroom, data, len);
    free(run->memory);
    run->memory = memory;
    ws_session_feed(&run->session, memory + headroom, len, headroom);
}

static void check_agreed(struct run *run)
{
    const struct ws_deflate *got = ws_session_deflate(&run->session);
    const struct ws_deflate_params *wanted = &run->setting->params;
    if ((got != NULL) != run->setting->deflate)
        problem(run, got ? "compression was agreed on" : "no compression was agreed on");
    else if (got && (got->params.server_no_takeover != wanted->server_no_takeover ||
                     got->params.client_no_takeover != wanted->client_no_takeover ||
                     got->params.server_bits != wanted->server_bits ||
                     got->params.client_bits != wanted->client_bits))
        problem(run, "other parameters were agreed on");
}

/* Message `i` of a run; of every other event, the event itself. */
static struct ws_event one_of(const struct ws_event *event, unsigned i)
{
    struct ws_event one = *event;
    if (event->type == WS_EVENT_RUN) {
        one.type = WS_EVENT_MESSAGE;
        one.count = 0;
        one.data += i * WS_RUN_STEP(one.len);
    }
    return one;
}

static void record(struct run *run, const struct ws_event *event)
{
    char name[96];
    switch (event->type) {
    case WS_EVENT_NONE:
        break;
    case WS_EVENT_REQUEST:
        snprintf(name, sizeof name, "request %s", ws_error_info(event->request->violation)->name);
        items_line(&run->events, name, event->request->target.p, event->request->target.len);
        break;
    case WS_EVENT_OPEN:
        items_line(&run->events, "open", NULL, 0);
        check_agreed(run);
        if (event->response && event->response->subprotocol.len)
            items_line(&run->events, "subprotocol", event->response->subprotocol.p,
                       event->response->subprotocol.len);
        break;
    case WS_EVENT_FRAME:
        snprintf(name, sizeof name, "%s %llu%s", ws_opcode_name(event->frame->opcode),
                 (unsigned long long)event->frame->length, event->frame->fin ? "" : " more");
        items_line(&run->events, "frame", name, strlen(name));
        break;
    case WS_EVENT_MESSAGE:
        items_data(&run->events, event->opcode, true, true, event->data, event->len);
        break;
    case WS_EVENT_RUN:
        if (!run->variant->chunks || event->count < 2)
            problem(run, "a run though none was asked for, or of one");
        for (unsigned i = 0; i < event->count; i++)
            items_data(&run->events, event->opcode, true, true, one_of(event, i).data, event->len);
        break;
    case WS_EVENT_CHUNK:
        if (!run->variant->chunks)
            problem(run, "a chunk though none were asked for");
        items_data(&run->events, event->opcode, event->first, event->last, event->data, event->len);
        break;
    case WS_EVENT_PING:
        items_line(&run->events, "ping", event->data, event->len);
        break;
    case WS_EVENT_PONG:
        items_line(&run->events, "pong", event->data, event->len);
        break;
    case WS_EVENT_CLOSE:
        snprintf(name, sizeof name, "%s %u", event->clean ? "close" : "lost", event->code);
        items_line(&run->events, name, event->data, event->len);
        break;
    case WS_EVENT_ERROR:
        snprintf(name, sizeof name, "error %s", ws_error_info(event->error)->name);
        if (run->feed->marked)
            snprintf(name + strlen(name), sizeof name - strlen(name), " @%llu",
                     (unsigned long long)event->offset);
        items_line(&run->events, name, NULL, 0);
        run->outcome->error_offset = event->offset;
        if (event->response && event->response->cause)
            items_line(&run->events, "cause", event->response->cause,
                       strlen(event->response->cause));
        if (event->response && event->response->body.len)
            items_line(&run->events, "body", event->response->body.p, event->response->body.len);
        break;
    }
}

/* The valid text before a byte that is not UTF-8, or the head that is none. */
static bool error_with_data(const struct ws_event *event)
{
    return event->type == WS_EVENT_ERROR &&
           (event->error == WS_E_UTF8 || ws_error_info(event->error)->category == WS_CAT_UPGRADE);
}

static void check_fields(struct run *run, const struct ws_event *event)
{
    bool has_data = event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_RUN ||
                    event->type == WS_EVENT_CHUNK || event->type == WS_EVENT_PING ||
                    event->type == WS_EVENT_PONG || event->type == WS_EVENT_CLOSE ||
                    error_with_data(event);
    if (!has_data && (event->data || event->len))
        problem(run, "an event without payload has some");
    if (event->type != WS_EVENT_CLOSE && (event->code || event->clean))
        problem(run, "an event that is no close has a code");
    bool lost = event->type == WS_EVENT_CLOSE && !event->clean;
    if (event->type != WS_EVENT_ERROR && ((event->error && !lost) || event->offset))
        problem(run, "an event that is no error has one");
    if (event->type == WS_EVENT_ERROR && event->offset > run->feed->bytes.len)
        problem(run, "an error lies after the input");
    if (event->type != WS_EVENT_CHUNK && (event->first || event->last))
        problem(run, "an event that is no chunk begins or ends one");
}

static void respond(struct run *run, const struct ws_event *event)
{
    enum ws_error result;
    bool whole = event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_RUN;

    if ((whole || event->type == WS_EVENT_CHUNK) && run->variant->echo) {
        struct items copy = {0};
        unsigned count = event->type == WS_EVENT_RUN ? event->count : 1;
        for (unsigned i = 0; i < count; i++)
            items_data(&copy, event->opcode, whole || event->first, whole || event->last,
                       one_of(event, i).data, event->len);
        result = ws_session_reply(&run->session, &run->out, event);
        for (unsigned i = 0; i < count && result == WS_OK; i++)
            items_data(&run->owed, event->opcode, copy.all[i].first, copy.all[i].last,
                       copy.all[i].bytes.p, copy.all[i].bytes.len);
        if (result != WS_OK && (result != WS_E_CLOSING || !ws_session_close_sent(&run->session)))
            problem(run, "a reply was refused");
        items_free(&copy);
        return;
    }
    if (event->type == WS_EVENT_REQUEST && event->request->violation == WS_OK &&
        run->setting->offer[0]) {
        struct ws_acceptance acceptance = {
            .subprotocol = ws_request_choose_subprotocol(event->request, run->setting->offer)};
        result = ws_session_accept(&run->session, &run->out, &acceptance);
    } else {
        if (event->type == WS_EVENT_PING)
            items_line(&run->owed, "pong", event->data, event->len);
        result = ws_session_answer(&run->session, &run->out, event);
    }
    if (result != WS_OK)
        problem(run, "an answer failed");
}

static void pull(struct run *run)
{
    for (;;) {
        struct ws_event event;
        enum ws_state before = ws_session_state(&run->session);
        enum ws_event_type type = ws_session_next(&run->session, &event);
        if (type != event.type)
            problem(run, "the event's type is not the one returned");
        enum ws_state after = ws_session_state(&run->session);
        if (after != before && !ws_state_may_follow(before, after))
            problem(run, "a state that may not follow");
        if (type == WS_EVENT_NONE)
            break;
        if (run->over)
            problem(run, "an event after an error");
        run->over = type == WS_EVENT_ERROR;
        record(run, &event);
        check_fields(run, &event);
        respond(run, &event);
        if (run->variant->pause) {
            const uint8_t *rest;
            size_t len = ws_session_unread(&run->session, &rest);
            collect(run);
            if (len > 0)
                lend(run, rest, len);
        }
    }
    collect(run);
}

/* Input that came over a stream: it is read where it lies. */
static void take(void *context, uint8_t *data, size_t len, size_t headroom)
{
    struct run *run = context;
    ws_session_feed(&run->session, data, len, headroom);
    pull(run);
}

static void act(struct run *run, const struct action *action)
{
    struct buf *argument = (struct buf *)(uintptr_t)&action->argument;
    enum ws_error result = WS_OK;
    const char *verb = action->verb;
    unsigned opcode = strncmp(verb, "binary", 6) == 0 ? WS_OP_BINARY : WS_OP_TEXT;

    if (strcmp(verb, "end") == 0) {
        ws_session_end(&run->session, WS_E_LOST);
        pull(run);
    } else if (strcmp(verb, "close") == 0) {
        unsigned code = 0;
        if (argument->len >= 2)
            code = (unsigned)(uint8_t)argument->p[0] << 8 | (uint8_t)argument->p[1];
        result = ws_session_close(&run->session, &run->out, code,
                                  argument->len > 2 ? argument->p + 2 : NULL,
                                  argument->len > 2 ? argument->len - 2 : 0);
    } else if (strcmp(verb, "ping") == 0 || strcmp(verb, "pong") == 0) {
        bool ping = verb[1] == 'i';
        result = (ping ? ws_session_ping : ws_session_pong)(&run->session, &run->out, argument->p,
                                                            argument->len);
        if (result == WS_OK)
            items_line(&run->owed, verb, argument->p, argument->len);
    } else if (strcmp(verb, "fail") == 0) {
        result = ws_session_fail(&run->session, &run->out, WS_E_SHUTDOWN);
        pull(run);
    } else {
        result = ws_session_send(&run->session, &run->out, opcode, WS_SEND_COPY, argument->p,
                                 argument->len);
        if (result == WS_OK)
            items_data(&run->owed, opcode, true, true, argument->p, argument->len);
    }
    if (result != WS_OK) {
        char line[64];
        snprintf(line, sizeof line, "%s %s", verb, ws_error_info(result)->name);
        items_line(&run->events, "refused", line, strlen(line));
    }
    collect(run);
}

/* Removes the HTTP head from the sent bytes: the request of a client, or a server's response. */
static size_t read_http(struct run *run)
{
    const char *head = run->sent.p;
    const char *end = head ? strstr(head, "\r\n\r\n") : NULL;
    if (!end)
        return 0;
    size_t len = (size_t)(end - head) + 4;
    if (run->variant->role == WS_ROLE_CLIENT)
        return len;
    unsigned status = 0;
    if (sscanf(head, "HTTP/1.1 %3u ", &status) != 1)
        problem(run, "what was sent is no HTTP answer");
    buf_format(&run->outcome->answer, "%u ", status);
    if (status != 101)
        len = run->sent.len;
    buf_add(&run->outcome->http, head, len);
    return len;
}

/* Decodes frames without the library, and reports frames that an endpoint must not send. */
static void read_sent(struct run *run, struct items *sent, struct peer_reader *reader)
{
    size_t at = run->setting->http ? read_http(run) : 0;
    const uint8_t *p = (const uint8_t *)run->sent.p;
    unsigned opcode = 0;
    bool closed = false, deflated = false;

    while (at < run->sent.len) {
        size_t left = run->sent.len - at;
        bool begins = (p[at] & 15) == WS_OP_TEXT || (p[at] & 15) == WS_OP_BINARY;
        unsigned allowed = reader && begins ? 0x40 : 0;
        if (left < 2 || (p[at] & 0x70 & ~allowed)) {
            problem(run, "a broken frame was sent");
            return;
        }
        bool fin = p[at] & 0x80, masked = p[at + 1] & 0x80;
        unsigned op = p[at] & 15, bytes = 0;
        uint64_t len = p[at + 1] & 127;
        if (len >= 126)
            bytes = len == 126 ? 2 : 8;
        size_t header = 2 + bytes + (masked ? 4u : 0u);
        if (left < header) {
            problem(run, "a broken header was sent");
            return;
        }
        if (bytes) {
            len = 0;
            for (unsigned i = 0; i < bytes; i++)
                len = len << 8 | p[at + 2 + i];
            if (len < (bytes == 2 ? 126u : 65536u))
                problem(run, "a length that is not minimal was sent");
        }
        if (masked != (run->variant->role == WS_ROLE_CLIENT))
            problem(run, "a frame was masked wrongly");
        if (len > left - header) {
            problem(run, "a header promised more than was sent");
            return;
        }
        struct buf payload = {0};
        buf_add(&payload, p + at + header, len);
        for (size_t i = 0; masked && i < len; i++)
            payload.p[i] = (char)(payload.p[i] ^ p[at + header - 4 + i % 4]);
        if (begins)
            deflated = p[at] & 0x40;
        at += header + len;

        if (closed && op != WS_OP_PONG)
            problem(run, "something was sent after a close frame");
        if (op == WS_OP_CLOSE) {
            closed = true;
            if (len >= 2)
                buf_format(&run->outcome->answer, "%u ",
                           (unsigned)(uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1]);
            else
                buf_text(&run->outcome->answer, "empty ");
            if (len == 1 || len > 125 || !fin ||
                (len > 2 && !ws_utf8_valid(payload.p + 2, len - 2)))
                problem(run, "a malformed close frame was sent");
        } else if (op == WS_OP_PING || op == WS_OP_PONG) {
            items_line(sent, op == WS_OP_PING ? "ping" : "pong", payload.p, len);
        } else {
            bool first = op != WS_OP_CONTINUATION;
            if (first != (opcode == 0))
                problem(run, "fragments were sent out of order");
            if (first)
                opcode = op;
            if (deflated && !peer_inflate(reader, &payload, fin))
                problem(run, "what was sent cannot be inflated");
            items_data(sent, opcode, first, fin, payload.p, payload.len);
            if (fin)
                opcode = 0;
        }
        buf_free(&payload);
    }
}

static void compare_sent(struct run *run)
{
    struct items sent = {0};
    struct buf got = {0}, owed = {0};
    buf_add(&run->sent, "", 0);
    struct peer_reader *reader =
        run->setting->deflate ? peer_reader_new(run->setting, run->variant->role) : NULL;
    read_sent(run, &sent, reader);
    peer_reader_free(reader);
    items_print(&sent, &got);
    items_print(&run->owed, &owed);
    if (strcmp(got.p, owed.p) != 0) {
        problem(run, "sent:\n");
        buf_text(&run->outcome->problem, got.p);
        buf_text(&run->outcome->problem, "but owed:\n");
        buf_text(&run->outcome->problem, owed.p);
    }
    buf_free(&got);
    buf_free(&owed);
    items_free(&sent);
}

void drive(const struct setting *setting, const struct feed *feed, const struct variant *variant,
           struct outcome *outcome)
{
    struct run run = {
        .setting = setting, .variant = variant, .feed = feed, .outcome = outcome, .random = 1};
    struct ws_deflate_config wishes;
    ws_deflate_config_init(&wishes);
    wishes.threshold = 0;
    if (setting->willing)
        wishes.preference = setting->params;
    if (feed->bytes.len > 4096)
        wishes.level = 1; /* the other levels are slower */
    struct ws_session_config config = {
        .role = variant->role,
        .chunks = variant->chunks,
        .runs = variant->chunks,
        .frames = setting->frames,
        .max_message = setting->max_message,
        .max_head = setting->max_head,
        .random = fill_random,
        .random_context = &run.random,
        .deflate = setting->deflate || setting->willing ? &wishes : NULL,
        .deflate_pool = &pool,
    };
    *outcome = (struct outcome){0};
    buf_add(&outcome->answer, "", 0);
    buf_add(&outcome->http, "", 0);
    buf_add(&outcome->problem, "", 0);

    (setting->http ? ws_session_init : ws_session_init_open)(&run.session, &config);
    if (setting->deflate && !setting->http &&
        ws_session_init_deflate(&run.session, &setting->params) != WS_OK)
        problem(&run, "no memory");
    if (setting->http && variant->role == WS_ROLE_CLIENT) {
        struct ws_request_options options = {
            .target = "/chat",
            .host = "server.example.com",
            .subprotocols = setting->offer[0] ? setting->offer : NULL,
        };
        if (ws_session_connect(&run.session, &run.out, &options) != WS_OK)
            problem(&run, "the request could not be written");
        collect(&run);
    }

    if (variant->stream && !carried_begin(variant->stream))
        problem(&run, "no stream was opened");
    size_t at = 0, cut = 0, action = 0;
    for (;;) {
        for (; action < feed->action_count && feed->actions[action].at == at; action++)
            act(&run, &feed->actions[action]);
        if (at == feed->bytes.len)
            break;
        size_t next = feed->bytes.len;
        while (cut < variant->cut_count && variant->cuts[cut] <= at)
            cut++;
        if (cut < variant->cut_count && variant->cuts[cut] < next)
            next = variant->cuts[cut];
        if (action < feed->action_count && feed->actions[action].at < next)
            next = feed->actions[action].at;
        if (!variant->stream) {
            lend(&run, feed->bytes.p + at, next - at);
            pull(&run);
        } else if (!carried_send(feed->bytes.p + at, next - at, take, &run)) {
            problem(&run, "the stream did not carry the input");
        }
        at = next;
    }
    pull(&run);
    if (variant->stream)
        carried_finish();
    compare_sent(&run);
    items_print(&run.events, &outcome->trace);
    if (outcome->answer.len)
        outcome->answer.p[--outcome->answer.len] = '\0';
    ws_session_free(&run.session);
    ws_out_free(&run.out);
    free(run.memory);
    buf_free(&run.sent);
    items_free(&run.events);
    items_free(&run.owed);
}

void outcome_free(struct outcome *outcome)
{
    buf_free(&outcome->trace);
    buf_free(&outcome->answer);
    buf_free(&outcome->http);
    buf_free(&outcome->problem);
}
