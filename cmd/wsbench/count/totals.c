#include "cmd/wsbench/count/totals.h"

#include "cmd/common/options/compress.h"

#include <string.h>

const struct unsent_name unsent_names[UNSENT_CAUSES] = {
    [UNSENT_WINDOW] = {"the window was full", "window_full"},
    [UNSENT_GONE] = {"the connection was gone", "connection_gone"},
    [UNSENT_QUEUE] = {"the server did not read", "queue_full"},
    [UNSENT_CLIENT] = {"this client was late", "client_late"},
};

uint64_t totals_unsent(const struct totals *t)
{
    uint64_t sum = 0;
    for (int i = 0; i < UNSENT_CAUSES; i++)
        sum += t->unsent[i];
    return sum;
}

int64_t totals_quickest_ns(const struct totals *t)
{
    return t->rtt_sent.count > 0 ? t->rtt_sent.least : t->rtt.least;
}

void totals_merge(struct totals *t, const struct totals *o)
{
    t->tried += o->tried;
    t->opened += o->opened;
    t->receivers += o->receivers;
    t->failed += o->failed;
    t->unfinished += o->unfinished;
    t->dropped += o->dropped;
    t->returned += o->returned;
    t->not_returned += o->not_returned;
    t->renewed += o->renewed;
    histogram_merge(&t->back, &o->back);
    t->given_up += o->given_up;
    t->closed_by_server += o->closed_by_server;
    for (int i = 0; i < WS_ERROR_COUNT; i++)
        t->causes[i] += o->causes[i];
    tally_merge(&t->server_closes, &o->server_closes);
    tally_merge(&t->client_closes, &o->client_closes);
    tally_merge(&t->refusals, &o->refusals);
    if (!t->first_detail[0] || (t->first_error == WS_OK && o->first_error != WS_OK)) {
        t->first_error = o->first_error;
        memcpy(t->first_detail, o->first_detail, sizeof t->first_detail);
    }
    t->sent += o->sent;
    t->received += o->received;
    t->sent_bytes += o->sent_bytes;
    t->received_bytes += o->received_bytes;
    t->own += o->own;
    compress_add(&t->deflate, &o->deflate);
    t->lost += o->lost;
    t->duplicated += o->duplicated;
    t->reordered += o->reordered;
    t->corrupted += o->corrupted;
    t->others += o->others;
    t->retyped += o->retyped;
    t->late += o->late;
    t->unasked += o->unasked;
    for (int i = 0; i < UNSENT_CAUSES; i++)
        t->unsent[i] += o->unsent[i];
    histogram_merge(&t->rtt, &o->rtt);
    histogram_merge(&t->rtt_sent, &o->rtt_sent);
    histogram_merge(&t->lag, &o->lag);
    histogram_merge(&t->resolve, &o->resolve);
    histogram_merge(&t->connect, &o->connect);
    histogram_merge(&t->tls, &o->tls);
    histogram_merge(&t->upgrade, &o->upgrade);
    t->resumed += o->resumed;
    t->streams += o->streams;
    t->cpu_s += o->cpu_s;
    if (o->busiest > t->busiest)
        t->busiest = o->busiest;
}
