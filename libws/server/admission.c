#include <ws/admission.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000, FIRST_BUCKETS = 64 };

struct address {
    uint8_t bytes[8]; /* IPv4: four of them, and a mark that no IPv6 network has */
};

struct ws_client_entry {
    struct ws_client_entry *next;
    struct address address;
    size_t connections;
    int64_t refilled_us; /* of the bucket of connects */
    int64_t allowance;   /* connects times SECOND_US */
};

struct ws_admission {
    pthread_mutex_t lock;
    struct ws_admission_limits limits;
    atomic_size_t count;
    struct ws_client_entry **buckets;
    size_t capacity, visitors;
    size_t sweep_at; /* so many visitors are a reason to look for those who are gone */
};

struct ws_admission *ws_admission_new(const struct ws_admission_limits *limits)
{
    struct ws_admission *admission = calloc(1, sizeof *admission);
    if (!admission)
        return NULL;
    pthread_mutex_init(&admission->lock, NULL);
    admission->limits = *limits;
    admission->sweep_at = 1024;
    return admission;
}

void ws_admission_free(struct ws_admission *admission)
{
    if (!admission)
        return;
    for (size_t i = 0; i < admission->capacity; i++)
        for (struct ws_client_entry *client_entry = admission->buckets[i], *next; client_entry;
             client_entry = next) {
            next = client_entry->next;
            free(client_entry);
        }
    free(admission->buckets);
    pthread_mutex_destroy(&admission->lock);
    free(admission);
}

void ws_admission_set(struct ws_admission *admission, const struct ws_admission_limits *limits)
{
    pthread_mutex_lock(&admission->lock);
    admission->limits = *limits;
    pthread_mutex_unlock(&admission->lock);
}

/* --- the table --- */

static bool read_address(const struct sockaddr *from, struct address *to)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *v4 = NULL;
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } copy;
    memset(to, 0, sizeof *to);
    if (from && from->sa_family == AF_INET) {
        memcpy(&copy.v4, from, sizeof copy.v4);
        v4 = (const uint8_t *)&copy.v4.sin_addr;
    } else if (from && from->sa_family == AF_INET6) {
        memcpy(&copy.v6, from, sizeof copy.v6);
        memcpy(to->bytes, copy.v6.sin6_addr.s6_addr, sizeof to->bytes);
        if (memcmp(copy.v6.sin6_addr.s6_addr, mapped, sizeof mapped) == 0)
            v4 = copy.v6.sin6_addr.s6_addr + 12;
    } else {
        return false; /* a unix socket: its users are all the same */
    }
    if (v4) {
        memset(to->bytes, 0xff, 4); /* ff00::/8 is multicast: nobody connects from there */
        memcpy(to->bytes + 4, v4, 4);
    }
    return true;
}

static size_t hash(const struct address *address)
{
    uint64_t h = 0;
    memcpy(&h, address->bytes, sizeof h);
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(h >> 32);
}

static bool rehash(struct ws_admission *a, size_t capacity)
{
    struct ws_client_entry **buckets = calloc(capacity, sizeof *buckets);
    if (!buckets)
        return a->capacity > 0;
    for (size_t i = 0; i < a->capacity; i++)
        for (struct ws_client_entry *client_entry = a->buckets[i], *next; client_entry;
             client_entry = next) {
            struct ws_client_entry **to = &buckets[hash(&client_entry->address) & (capacity - 1)];
            next = client_entry->next;
            client_entry->next = *to;
            *to = client_entry;
        }
    free(a->buckets);
    a->buckets = buckets;
    a->capacity = capacity;
    return true;
}

/* Forgets those who have nobody here and who have been away long enough for a full bucket. */
static void sweep(struct ws_admission *a, int64_t now_us)
{
    for (size_t i = 0; i < a->capacity; i++)
        for (struct ws_client_entry **at = &a->buckets[i], *client_entry; (client_entry = *at);) {
            if (client_entry->connections == 0 && now_us - client_entry->refilled_us > SECOND_US) {
                *at = client_entry->next;
                a->visitors--;
                free(client_entry);
            } else {
                at = &client_entry->next;
            }
        }
    a->sweep_at = a->visitors * 2 + 1024;
}

static struct ws_client_entry *find(struct ws_admission *a, const struct address *address,
                                    int64_t now_us)
{
    if (a->visitors >= a->sweep_at)
        sweep(a, now_us);
    if (a->visitors >= a->capacity && !rehash(a, a->capacity ? a->capacity * 2 : FIRST_BUCKETS))
        return NULL;
    struct ws_client_entry **at = &a->buckets[hash(address) & (a->capacity - 1)];
    for (struct ws_client_entry *client_entry = *at; client_entry;
         client_entry = client_entry->next)
        if (memcmp(&client_entry->address, address, sizeof *address) == 0)
            return client_entry;
    struct ws_client_entry *client_entry = calloc(1, sizeof *client_entry);
    if (!client_entry)
        return NULL;
    client_entry->address = *address;
    client_entry->refilled_us = now_us;
    client_entry->allowance = (int64_t)a->limits.connect_rate * SECOND_US;
    client_entry->next = *at;
    *at = client_entry;
    a->visitors++;
    return client_entry;
}

/* --- coming and going --- */

static bool too_fast(const struct ws_admission *a, struct ws_client_entry *client_entry,
                     int64_t now_us)
{
    int64_t rate = a->limits.connect_rate, full = rate * SECOND_US;
    if (rate == 0)
        return false;
    int64_t passed = now_us - client_entry->refilled_us;
    client_entry->refilled_us = now_us;
    client_entry->allowance += passed < SECOND_US ? passed * rate : full;
    if (client_entry->allowance > full)
        client_entry->allowance = full;
    if (client_entry->allowance < SECOND_US)
        return true;
    client_entry->allowance -= SECOND_US;
    return false;
}

static enum ws_error count_address(struct ws_admission *a, const struct sockaddr *from,
                                   int64_t now_us, struct ws_client_entry **client_entry)
{
    struct address address;
    *client_entry = NULL;
    if ((a->limits.max_per_address == 0 && a->limits.connect_rate == 0) ||
        !read_address(from, &address))
        return WS_OK;
    struct ws_client_entry *who = find(a, &address, now_us);
    if (!who)
        return WS_E_NO_MEMORY;
    *client_entry = who;
    who->connections++;
    if (a->limits.max_per_address && who->connections > a->limits.max_per_address)
        return WS_E_TOO_MANY_FROM_ADDRESS;
    return too_fast(a, who, now_us) ? WS_E_CONNECT_RATE : WS_OK;
}

enum ws_error ws_admission_acquire(struct ws_admission *a, const struct sockaddr *address,
                                   int64_t now_us, struct ws_client_entry **client_entry)
{
    pthread_mutex_lock(&a->lock);
    size_t count = atomic_fetch_add(&a->count, 1) + 1;
    enum ws_error error = count_address(a, address, now_us, client_entry);
    if (a->limits.max_connections && count > a->limits.max_connections)
        error = WS_E_TOO_MANY_CONNECTIONS;
    pthread_mutex_unlock(&a->lock);
    return error;
}

enum ws_error ws_admission_reassign(struct ws_admission *a, const struct sockaddr *address,
                                    int64_t now_us, struct ws_client_entry **client_entry)
{
    pthread_mutex_lock(&a->lock);
    if (*client_entry)
        (*client_entry)->connections--;
    enum ws_error error = count_address(a, address, now_us, client_entry);
    pthread_mutex_unlock(&a->lock);
    return error;
}

void ws_admission_release(struct ws_admission *a, struct ws_client_entry *client_entry)
{
    if (client_entry) {
        pthread_mutex_lock(&a->lock);
        client_entry->connections--;
        pthread_mutex_unlock(&a->lock);
    }
    atomic_fetch_sub(&a->count, 1);
}

size_t ws_admission_count(const struct ws_admission *a)
{
    return atomic_load(&a->count);
}

unsigned ws_admission_percent(struct ws_admission *a)
{
    pthread_mutex_lock(&a->lock);
    size_t max = a->limits.max_connections;
    pthread_mutex_unlock(&a->lock);
    return max ? (unsigned)(atomic_load(&a->count) * 100 / max) : 0;
}

size_t ws_admission_addresses(struct ws_admission *a)
{
    pthread_mutex_lock(&a->lock);
    size_t visitors = a->visitors;
    pthread_mutex_unlock(&a->lock);
    return visitors;
}
