/*
 * made_up: settings and results of a run that never was, whose report is known.
 */
#ifndef TESTS_UNIT_WSBENCH_REPORT_MADE_UP_H
#define TESTS_UNIT_WSBENCH_REPORT_MADE_UP_H

#include "cmd/wsbench/report/report.h"

#include <stdlib.h>
#include <string.h>

#define MADE_UP_URL "wss://bench.example:8443/chat?room=1"

struct made_up {
    struct settings settings;
    struct result result;
    struct verdict verdict;
    struct report report;
};

/* 1000 messages a second for two seconds on four connections, answered in 1 to 1000 us; ten were
 * lost, one of the connections was closed with 1008. Free it with made_up_free(). */
static inline struct made_up *made_up(void)
{
    struct made_up *m = calloc(1, sizeof *m);
    struct totals *t = &m->result.totals;
    m->report = (struct report){&m->settings, &m->result, &m->verdict};
    m->settings = (struct settings){
        .connections = 4,
        .threads = 2,
        .window = 8,
        .rate = 1000,
        .duration_us = 2000000,
        .timeout_us = 5000000,
        .size = {100, 100},
        .percentiles = {{50, 99.9}, 2},
    };
    ws_url_parse(MADE_UP_URL, &m->settings.target.url);
    m->result.started_utc_us = INT64_C(1769860800250000); /* 2026-01-31T12:00:00.25Z */
    m->result.connect_s = 0.5;
    m->result.load_s = 2;
    m->result.rate_per_s = 1000;
    m->result.load_sent = 2000;
    t->sent = 2000;
    m->result.load_received = 1990;
    t->received = 1990;
    m->result.load_sent_bytes = 200000;
    t->sent_bytes = 200000;
    m->result.load_received_bytes = 199000;
    t->received_bytes = 199000;
    t->tried = 5;
    t->opened = 4;
    t->failed = t->dropped = 1;
    t->causes[WS_E_CONNECT] = 1;
    t->first_error = WS_E_CONNECT;
    strcpy(t->first_detail, "connect: refused");
    t->lost = 10;
    t->duplicated = 3;
    t->late = 4;
    t->unasked = 7;
    t->unsent[UNSENT_WINDOW] = 15;
    t->cpu_s = 0.25;
    t->busiest = 0.125;
    tally_add(&t->server_closes, 1008, 1);
    tally_add(&t->client_closes, 1000, 3);
    tally_add(&t->refusals, 503, 1);
    for (int i = 1; i <= 1000; i++) {
        histogram_add(&t->rtt, i * 1000);
        histogram_add(&t->rtt_sent, i * 500);
        histogram_add(&t->lag, i * 100);
    }
    histogram_add(&t->connect, 200000);
    verdict_make(&m->settings, &m->result, &m->verdict);
    return m;
}

static inline void made_up_free(struct made_up *m)
{
    target_free(&m->settings.target);
    free(m);
}

#endif
