#include "cmd/wsserve/access/replay.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET = 16, KEY_MAX = 64, NONE = UINT32_MAX };

/* A Sec-WebSocket-Key that was seen. */
struct seen_key {
    uint64_t print;
    int64_t at;
    uint32_t next; /* in its bucket, NONE at the end */
};

/* A ring in the order of arrival, and buckets to find things in it. */
struct ws_replay {
    pthread_mutex_t lock;
    int64_t window;
    uint64_t forgotten;
    size_t first, count, max;
    uint32_t *buckets; /* `max` of them */
    uint8_t secret[SECRET];
    struct seen_key entries[];
};

struct ws_replay *ws_replay_new(int64_t window_us, size_t max)
{
    if (max == 0)
        max = WS_REPLAY_MAX;
    struct ws_replay *replay = calloc(1, sizeof *replay + max * sizeof replay->entries[0]);
    uint32_t *buckets = malloc(max * sizeof *buckets);
    if (!replay || !buckets || RAND_bytes(replay->secret, SECRET) != 1) {
        free(replay);
        free(buckets);
        return NULL;
    }
    memset(buckets, 0xFF, max * sizeof *buckets);
    replay->buckets = buckets;
    replay->window = window_us;
    replay->max = max;
    pthread_mutex_init(&replay->lock, NULL);
    return replay;
}

void ws_replay_free(struct ws_replay *replay)
{
    if (!replay)
        return;
    pthread_mutex_destroy(&replay->lock);
    free(replay->buckets);
    free(replay);
}

static bool fingerprint(const struct ws_replay *replay, struct ws_str key, uint64_t *print)
{
    uint8_t text[SECRET + KEY_MAX], digest[32];
    if (key.len > KEY_MAX)
        return false;
    memcpy(text, replay->secret, SECRET);
    memcpy(text + SECRET, key.p, key.len);
    if (EVP_Digest(text, SECRET + key.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    memcpy(print, digest, sizeof *print);
    return true;
}

static void forget_first(struct ws_replay *replay)
{
    struct seen_key *oldest = &replay->entries[replay->first];
    /* The oldest is the last of its bucket. */
    uint32_t *link = &replay->buckets[oldest->print % replay->max];
    while (*link != replay->first)
        link = &replay->entries[*link].next;
    *link = NONE;
    replay->first = (replay->first + 1) % replay->max;
    replay->count--;
}

static bool look_up(struct ws_replay *replay, uint64_t print, int64_t now)
{
    while (replay->count > 0 && now - replay->entries[replay->first].at >= replay->window)
        forget_first(replay);
    uint32_t *bucket = &replay->buckets[print % replay->max];
    for (uint32_t i = *bucket; i != NONE; i = replay->entries[i].next)
        if (replay->entries[i].print == print)
            return false;
    if (replay->count == replay->max) {
        forget_first(replay);
        replay->forgotten++;
    }
    size_t at = (replay->first + replay->count++) % replay->max;
    replay->entries[at] = (struct seen_key){print, now, *bucket};
    *bucket = (uint32_t)at;
    return true;
}

bool ws_replay_fresh(struct ws_replay *replay, struct ws_str key, int64_t now_us)
{
    uint64_t print;
    if (!fingerprint(replay, key, &print))
        return false;
    pthread_mutex_lock(&replay->lock);
    bool fresh = look_up(replay, print, now_us);
    pthread_mutex_unlock(&replay->lock);
    return fresh;
}

uint64_t ws_replay_forgotten(struct ws_replay *replay)
{
    pthread_mutex_lock(&replay->lock);
    uint64_t forgotten = replay->forgotten;
    pthread_mutex_unlock(&replay->lock);
    return forgotten;
}
