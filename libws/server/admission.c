#include <ws/admission.h>

#include "libws/io/hash_table.h"
#include <ws/loop.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000 };

/* An address that is counted: its first 64 bits, which are also its key in the table. */
struct ws_client_entry {
    struct ws_hash_node by_address;
    size_t connections;
    int64_t refilled_us; /* of the token bucket for connects */
    int64_t allowance;   /* connects times SECOND_US */
};

struct ws_admission {
    pthread_mutex_t lock;
    struct ws_admission_limits limits;
    struct ws_admission_counts counts;
    atomic_size_t count;
    struct ws_hash_table clients;
    size_t sweep_at; /* from so many entries on, unused ones are looked for */
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

static struct ws_client_entry *entry_of(struct ws_hash_node *by_address)
{
    return ws_container_of(by_address, struct ws_client_entry, by_address);
}

void ws_admission_free(struct ws_admission *admission)
{
    if (!admission)
        return;
    for (size_t i = 0; i < ws_hash_chains(&admission->clients); i++)
        for (struct ws_hash_node *node = ws_hash_chain(&admission->clients, i), *next; node;
             node = next) {
            next = node->next;
            free(entry_of(node));
        }
    ws_hash_table_free(&admission->clients);
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

/* The first 64 bits of an IPv6 address; of an IPv4 one all of it, marked as no IPv6 network is.
 * False for a unix socket: its clients are not told apart. */
static bool read_address(const struct sockaddr *from, uint64_t *to)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *v4 = NULL;
    uint8_t bytes[sizeof *to];
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } copy;
    if (from && from->sa_family == AF_INET) {
        memcpy(&copy.v4, from, sizeof copy.v4);
        v4 = (const uint8_t *)&copy.v4.sin_addr;
    } else if (from && from->sa_family == AF_INET6) {
        memcpy(&copy.v6, from, sizeof copy.v6);
        memcpy(bytes, copy.v6.sin6_addr.s6_addr, sizeof bytes);
        if (memcmp(copy.v6.sin6_addr.s6_addr, mapped, sizeof mapped) == 0)
            v4 = copy.v6.sin6_addr.s6_addr + 12;
    } else {
        return false;
    }
    if (v4) {
        memset(bytes, 0xff, 4); /* ff00::/8 is multicast: no client connects from there */
        memcpy(bytes + 4, v4, 4);
    }
    memcpy(to, bytes, sizeof bytes);
    return true;
}

/* One to one, so entries of equal hash are of the same address. */
static uint64_t hash(uint64_t address)
{
    address *= UINT64_C(0x9e3779b97f4a7c15);
    return address >> 32 | address << 32;
}

/* Frees entries without connections that have been unused long enough for a full token bucket. */
static void sweep(struct ws_admission *a, int64_t now_us)
{
    for (size_t i = 0; i < ws_hash_chains(&a->clients); i++)
        for (struct ws_hash_node *node = ws_hash_chain(&a->clients, i), *next; node; node = next) {
            struct ws_client_entry *entry = entry_of(node);
            next = node->next;
            if (entry->connections > 0 || now_us - entry->refilled_us <= SECOND_US)
                continue;
            ws_hash_remove(&a->clients, node);
            free(entry);
        }
    a->sweep_at = a->clients.count * 2 + 1024;
}

/* Makes it where there is none; NULL without memory. */
static struct ws_client_entry *find(struct ws_admission *a, uint64_t address, int64_t now_us)
{
    if (a->clients.count >= a->sweep_at)
        sweep(a, now_us);
    struct ws_hash_node *found = ws_hash_find(&a->clients, hash(address));
    if (found)
        return entry_of(found);
    struct ws_client_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->refilled_us = now_us;
    entry->allowance = (int64_t)a->limits.connect_rate * SECOND_US;
    ws_hash_add(&a->clients, &entry->by_address, hash(address));
    return entry;
}

/* --- counting --- */

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
    uint64_t address;
    *client_entry = NULL;
    if ((a->limits.max_per_address == 0 && a->limits.connect_rate == 0) ||
        !read_address(from, &address))
        return WS_OK;
    struct ws_client_entry *entry = find(a, address, now_us);
    if (!entry)
        return WS_E_NO_MEMORY;
    *client_entry = entry;
    entry->connections++;
    if (a->limits.max_per_address && entry->connections > a->limits.max_per_address)
        return WS_E_TOO_MANY_FROM_ADDRESS;
    return too_fast(a, entry, now_us) ? WS_E_CONNECT_RATE : WS_OK;
}

enum ws_error ws_admission_acquire(struct ws_admission *a, const struct sockaddr *address,
                                   int64_t now_us, struct ws_client_entry **client_entry)
{
    pthread_mutex_lock(&a->lock);
    atomic_fetch_add(&a->count, 1);
    a->counts.unfinished++;
    enum ws_error error = count_address(a, address, now_us, client_entry);
    pthread_mutex_unlock(&a->lock);
    return error;
}

enum ws_error ws_admission_admit(struct ws_admission *a)
{
    pthread_mutex_lock(&a->lock);
    size_t max = a->limits.max_connections;
    bool full = max && a->counts.admitted >= max;
    if (!full) {
        a->counts.unfinished--;
        a->counts.admitted++;
    }
    pthread_mutex_unlock(&a->lock);
    return full ? WS_E_TOO_MANY_CONNECTIONS : WS_OK;
}

void ws_admission_leave(struct ws_admission *a, enum ws_place place,
                        struct ws_client_entry *client_entry)
{
    pthread_mutex_lock(&a->lock);
    a->counts.unfinished -= place == WS_PLACE_UNFINISHED;
    a->counts.admitted -= place == WS_PLACE_ADMITTED;
    if (client_entry)
        client_entry->connections--;
    pthread_mutex_unlock(&a->lock);
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

void ws_admission_release(struct ws_admission *a)
{
    atomic_fetch_sub(&a->count, 1);
}

size_t ws_admission_count(const struct ws_admission *a)
{
    return atomic_load(&a->count);
}

void ws_admission_read(struct ws_admission *a, struct ws_admission_limits *limits,
                       struct ws_admission_counts *counts)
{
    pthread_mutex_lock(&a->lock);
    *limits = a->limits;
    *counts = a->counts;
    pthread_mutex_unlock(&a->lock);
}

unsigned ws_admission_percent(struct ws_admission *a)
{
    struct ws_admission_limits limits;
    struct ws_admission_counts counts;
    ws_admission_read(a, &limits, &counts);
    size_t max = limits.max_connections;
    return max ? (unsigned)(counts.admitted * 100 / max) : 0;
}

size_t ws_admission_addresses(struct ws_admission *a)
{
    pthread_mutex_lock(&a->lock);
    size_t count = a->clients.count;
    pthread_mutex_unlock(&a->lock);
    return count;
}
