#include "cmd/wsserve/observe/record_conn.h"

#include "cmd/common/conn_name.h"
#include "cmd/common/record/record.h"
#include "cmd/common/record/sent_reader.h"
#include "cmd/common/spool/spool.h"
#include "cmd/common/units.h"
#include "libws/proto/bytes.h"
#include "libws/proto/deflate_offer.h"
#include <ws/session.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    QUEUE = 16 << 20,      /* bytes that may wait for the disk */
    BLOCK = 4096,          /* what a file costs besides its bytes */
    SCRATCH_MAX = 1 << 20, /* of memory that is kept from one record to the next */
    SUBPROTOCOL_MAX = 128,
};

struct recording {
    struct recorder *recorder;
    struct spool_file *file;
    uint64_t conn;
    int64_t started_us;
    struct sent_reader sent;
    bool upgraded;                     /* the 101 has gone out: frames follow */
    bool stopped;                      /* the limit was reached */
    char subprotocol[SUBPROTOCOL_MAX]; /* that was agreed on, or "" */
};

/* --- the recorder --- */

struct recorder {
    struct spool *spool;
    int dir;
    atomic_uint_fast64_t written; /* bytes, and a block for each file */
    atomic_uint_fast64_t limit;   /* 0: none */
    atomic_bool full;
    const struct log *log;
};

static void on_trouble(void *context, const char *path, int error, uint64_t missing)
{
    log_file_trouble(context, "record", "--record", path, error, missing);
}

static bool others_write_to(int dir)
{
    struct stat status;
    return fstat(dir, &status) == 0 && ((status.st_mode & (S_IWGRP | S_IWOTH)) ||
                                        (status.st_uid != geteuid() && status.st_uid != 0));
}

struct recorder *recorder_open(const struct log *log, const char *path, uint64_t limit)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return NULL;
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return NULL;
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder || faccessat(dir, ".", W_OK | X_OK, 0) < 0 ||
        !(recorder->spool = spool_new(&(struct spool_options){
              .capacity = QUEUE, .trouble = on_trouble, .context = (void *)(uintptr_t)log}))) {
        int number = errno;
        free(recorder);
        close(dir);
        errno = number;
        return NULL;
    }
    recorder->dir = dir;
    recorder->log = log;
    recorder_set_limit(recorder, limit);
    log_line(log, WS_LOG_INFO, 0, "record", "into %s", path);
    if (others_write_to(dir))
        log_line(log, WS_LOG_WARNING, 0, "record",
                 "other users may write to %s, and change or remove what is recorded", path);
    return recorder;
}

void recorder_set_limit(struct recorder *recorder, uint64_t limit)
{
    atomic_store_explicit(&recorder->limit, limit, memory_order_relaxed);
}

uint64_t recorder_dropped(const struct recorder *recorder)
{
    return spool_dropped(recorder->spool);
}

void recorder_close(struct recorder *recorder, int timeout_ms)
{
    if (!recorder)
        return;
    uint64_t dropped = recorder_dropped(recorder);
    if (dropped > 0)
        log_line(recorder->log, WS_LOG_WARNING, 0, "record",
                 "%" PRIu64 " records are missing: the disk was too slow, or refused them",
                 dropped);
    if (!spool_free(recorder->spool, timeout_ms))
        log_line(recorder->log, WS_LOG_WARNING, 0, "record", "not all could be written in time");
    close(recorder->dir);
    free(recorder);
}

/* Takes `len` bytes of the limit; false, and once a warning, when it is used up. */
static bool take_room(struct recorder *recorder, size_t len)
{
    uint64_t limit = atomic_load_explicit(&recorder->limit, memory_order_relaxed);
    uint64_t before = atomic_fetch_add(&recorder->written, len);
    if (limit == 0 || before + len <= limit)
        return true;
    atomic_fetch_sub(&recorder->written, len);
    if (!atomic_exchange(&recorder->full, true))
        log_line(recorder->log, WS_LOG_WARNING, 0, "record",
                 "--record-limit is reached: nothing more is recorded");
    return false;
}

/* --- one connection --- */

void recording_free(struct recording *recording)
{
    if (!recording)
        return;
    spool_close(recording->recorder->spool, recording->file);
    sent_reader_free(&recording->sent);
    free(recording);
}

static void put(struct recording *recording, struct json *json, struct record *record)
{
    if (recording->stopped)
        return;
    record->utc_us = units_now_utc();
    record->elapsed_us = ws_clock_us() - recording->started_us;
    record->conn = recording->conn;
    json_clear(json);
    record_write(json, record);
    if (!take_room(recording->recorder, json->len))
        recording->stopped = true;
    else if (!json->failed)
        spool_put(recording->recorder->spool, recording->file, json->data, json->len);
    if (ws_bytes_capacity(json->bytes) > SCRATCH_MAX)
        json_free(json);
}

/* Records an event, if it is of a kind that is recorded. */
static void put_event(struct recording *recording, struct json *json,
                      enum record_direction direction, const struct ws_event *event)
{
    struct record record = {.direction = direction};
    if (record_of_event(&record, event))
        put(recording, json, &record);
}

/* --- what comes --- */

void recording_event(struct recording *recording, const struct ws_event *event, struct json *json)
{
    if (recording)
        put_event(recording, json, RECORD_IN, event);
}

/* --- what goes --- */

/* Reads the 101, for what was negotiated. Returns the length of its head, or 0. */
static size_t read_head(struct recording *recording, const uint8_t *data, size_t len)
{
    static const char name[] = "\r\nSec-WebSocket-Protocol:";
    size_t head = sent_reader_head(data, len);
    const uint8_t *end = data + head - strlen("\r\n\r\n");
    if (head == 0 || memcmp(data, "HTTP/1.1 101", 12) != 0)
        return 0;
    recording->upgraded = true;
    for (const uint8_t *p = data; p + sizeof name - 1 < end; p++) {
        if (strncasecmp((const char *)p, name, sizeof name - 1) != 0)
            continue;
        p += sizeof name - 1;
        while (*p == ' ')
            p++;
        size_t n = (size_t)((const uint8_t *)memchr(p, '\r', (size_t)(end - p) + 1) - p);
        snprintf(recording->subprotocol, sizeof recording->subprotocol, "%.*s", (int)n, p);
        break;
    }
    return head;
}

/* Where an event that is sent goes. */
struct sent_context {
    struct recording *recording;
    struct json *json;
};

static void put_sent(void *context, const struct ws_event *event)
{
    const struct sent_context *sent = context;
    put_event(sent->recording, sent->json, RECORD_OUT, event);
}

void recording_sent(struct recording *recording, const struct ws_out *out, struct json *json)
{
    if (!recording || recording->stopped)
        return;
    uint8_t *bytes = sent_reader_copy(out);
    size_t at = 0;
    if (!bytes)
        return;
    if (!recording->upgraded)
        at = read_head(recording, bytes, out->bytes);
    if (recording->upgraded && at < out->bytes)
        sent_reader_feed(&recording->sent, bytes + at, out->bytes - at, put_sent,
                         &(struct sent_context){recording, json});
    free(bytes);
}

/* --- the beginning --- */

/* Records the upgrade, with what its answer negotiated. */
static void put_open(struct recording *recording, const struct ws_conn *conn, struct ws_str host,
                     const char *target, struct json *json)
{
    const struct ws_out *gathered = ws_conn_gathered(conn);
    const struct ws_deflate *deflate = ws_session_deflate(ws_conn_session(conn));
    char extensions[WS_DEFLATE_TEXT_MAX] = "";
    char *url = record_requested_url(ws_conn_tls(conn) != NULL, host,
                                     (struct ws_str){target, strlen(target)});
    if (deflate)
        ws_deflate_write_agreed(&deflate->params, extensions);
    recording->upgraded = true;
    if (gathered) {
        uint8_t *bytes = sent_reader_copy(gathered);
        /* It will come once more, before the first frame. */
        recording->upgraded = !bytes || read_head(recording, bytes, gathered->bytes) == 0;
        free(bytes);
    }
    struct record record = {.direction = RECORD_OUT, .type = RECORD_OPEN};
    record.open.url = url;
    record.open.status = 101;
    record.open.subprotocol = recording->subprotocol[0] ? recording->subprotocol : NULL;
    record.open.extensions = extensions[0] ? extensions : NULL;
    put(recording, json, &record);
    free(url);
}

struct recording *recording_new(struct recorder *recorder, const struct ws_conn *conn,
                                struct ws_str host, const char *target, struct json *json)
{
    char path[CONN_NAME_MAX + 8], name[CONN_NAME_MAX];
    struct recording *recording = take_room(recorder, BLOCK) ? calloc(1, sizeof *recording) : NULL;
    if (!recording)
        return NULL;
    snprintf(path, sizeof path, "%s.jsonl", conn_name(ws_conn_id(conn), name));
    recording->file = spool_open(recorder->spool, recorder->dir, path, 0600, false);
    if (!recording->file) {
        free(recording);
        return NULL;
    }
    recording->recorder = recorder;
    recording->conn = ws_conn_id(conn);
    recording->started_us = ws_clock_us();
    sent_reader_begin(&recording->sent, conn, false, false);
    put_open(recording, conn, host, target, json);
    return recording;
}
