#include "cmd/wsbench/count/flight.h"

#include <stdlib.h>

static struct flight_message *at(const struct flight *f, uint64_t sequence)
{
    return &f->ring[sequence & (f->size - 1)];
}

/* --- the memory --- */

static bool is_lost(const struct flight_message *message)
{
    return message->fate >= FATE_LOST;
}

/* What was lost took at least this long; a mean and a percentile without it would be too good. */
static void forget(const struct flight *f, const struct flight_message *message, int64_t age_ns,
                   struct totals *totals)
{
    if (!is_lost(message) || !message->counted || f->untimed)
        return;
    histogram_add(&totals->rtt, message->sent_ns - message->due_ns + age_ns);
    if (!f->closed)
        histogram_add(&totals->rtt_sent, age_ns);
}

/* Message `i` of those that are overdue. */
static struct flight_overdue *overdue_at(const struct flight *f, unsigned i)
{
    return &f->overdue[(f->overdue_first + i) & (f->overdue_size - 1)];
}

static void forget_first_overdue(struct flight *f, struct totals *totals)
{
    forget(f, &overdue_at(f, 0)->message, f->limit_ns, totals);
    f->overdue_first++;
    f->overdue_count--;
}

static bool grow_overdue(struct flight *f)
{
    unsigned size = f->overdue_size ? 2 * f->overdue_size : 16;
    struct flight_overdue *ring = size > FLIGHT_OVERDUE ? NULL : malloc(size * sizeof *ring);
    if (!ring)
        return false;
    for (unsigned i = 0; i < f->overdue_count; i++)
        ring[i] = *overdue_at(f, i);
    free(f->overdue);
    f->overdue = ring;
    f->overdue_size = size;
    f->overdue_first = 0;
    return true;
}

/* The oldest message leaves the ring. If it is lost, its answer may still come. */
static void leave_ring(struct flight *f, struct totals *totals)
{
    uint64_t number = f->oldest++;
    if (!is_lost(at(f, number)))
        return;
    bool full = f->overdue_count == f->overdue_size;
    if (at(f, number)->fate == FATE_LATE || (full && !grow_overdue(f) && f->overdue_size == 0)) {
        forget(f, at(f, number), f->limit_ns, totals);
        return;
    }
    if (f->overdue_count == f->overdue_size)
        forget_first_overdue(f, totals);
    *overdue_at(f, f->overdue_count++) = (struct flight_overdue){number, *at(f, number)};
}

static bool grow(struct flight *f, uint64_t size)
{
    struct flight_message *ring = malloc(size * sizeof *ring);
    if (!ring)
        return false;
    for (uint64_t i = f->oldest; i < f->next; i++)
        ring[i & (size - 1)] = *at(f, i);
    free(f->ring);
    f->ring = ring;
    f->size = size;
    return true;
}

static void give_up(struct flight *f, uint64_t sequence, enum fate fate, struct totals *totals)
{
    at(f, sequence)->fate = (uint8_t)fate;
    f->waiting--;
    totals->lost += at(f, sequence)->counted;
}

/* Moves waiting_from to the first message that waits, or to `next`. */
static void skip_settled(struct flight *f)
{
    if (f->waiting == 0)
        f->waiting_from = f->next;
    if (f->waiting_from < f->oldest)
        f->waiting_from = f->oldest;
    while (f->waiting_from < f->next && at(f, f->waiting_from)->fate != FATE_WAITING)
        f->waiting_from++;
}

/* A place for one more is free, or is made so: false without memory. */
static bool make_place(struct flight *f, struct totals *totals)
{
    bool waits = at(f, f->oldest)->fate == FATE_WAITING;
    if (waits && f->size < FLIGHT_MOST)
        return grow(f, 2 * f->size);
    if (waits)
        give_up(f, f->oldest, FATE_LOST, totals);
    leave_ring(f, totals);
    if (waits)
        skip_settled(f);
    return true;
}

/* Answered messages leave the ring until there is room for `count`, or until an older one is not
 * answered. As in the other loops here, what a store of a byte might change is read before it. */
static inline void forget_answered(struct flight *f, unsigned count)
{
    const struct flight_message *ring = f->ring;
    uint64_t oldest = f->oldest, end = f->next + count, mask = f->size - 1;
    while (end - oldest > mask + 1 && ring[oldest & mask].fate == FATE_ANSWERED)
        oldest++;
    f->oldest = oldest;
}

bool flight_prepare(struct flight *f, unsigned count, unsigned window, struct totals *totals)
{
    if (f->size == 0) {
        uint64_t size = FLIGHT_LEAST;
        while (size < 2 * (uint64_t)window)
            size *= 2;
        if (!grow(f, size))
            return false;
    }
    for (;;) {
        forget_answered(f, count);
        if (f->next + count - f->oldest <= f->size)
            return true;
        if (!make_place(f, totals))
            return false;
    }
}

/* --- what becomes of a message --- */

void flight_sent(struct flight *f, unsigned count, int64_t due_ns, int64_t now_ns, bool counted)
{
    if (f->waiting == 0)
        f->waiting_from = f->next;
    struct flight_message *ring = f->ring;
    uint64_t next = f->next, mask = f->size - 1;
    f->waiting += count;
    f->next = next + count;
    for (; count > 0; count--)
        ring[next++ & mask] = (struct flight_message){.due_ns = due_ns,
                                                      .sent_ns = now_ns,
                                                      .alike = count,
                                                      .fate = FATE_WAITING,
                                                      .counted = counted};
}

/* The first number from `from` on that is `sequence` modulo `modulus`. */
static uint64_t first_from(uint64_t from, uint64_t sequence, uint64_t modulus)
{
    return from + ((sequence - from) & (modulus - 1));
}

/* The oldest message that is lost without an answer. False: there is none. */
static bool oldest_lost(const struct flight *f, uint64_t *number)
{
    for (unsigned i = 0; i < f->overdue_count; i++) {
        *number = overdue_at(f, i)->number;
        if (overdue_at(f, i)->message.fate == FATE_LOST)
            return true;
    }
    for (*number = f->oldest; *number < f->next; ++*number)
        if (at(f, *number)->fate == FATE_LOST)
            return true;
    return false;
}

/*
 * Which message has these last digits? The one nearest to the highest that was answered: answers
 * come almost in order, while any number of messages may be in flight. Where all are alike, it is
 * the first that waits, or else the first that is lost. A complete number has one candidate.
 */
static bool find(const struct flight *f, uint64_t sequence, uint64_t modulus, uint64_t *found)
{
    uint64_t ahead = first_from(f->answered_to, sequence, modulus), lost;
    bool nearer = ahead < f->next && ahead - f->answered_to < modulus / 2;
    if (modulus == 0)
        *found = sequence;
    else if (modulus == 1 && (f->waiting > 0 || f->next == 0))
        *found = f->waiting_from;
    else if (modulus == 1)
        *found = oldest_lost(f, &lost) ? lost : f->next - 1;
    else
        *found = nearer || ahead < modulus ? ahead : ahead - modulus;
    return *found < f->next;
}

void flight_set_key(struct flight *f, uint64_t key)
{
    at(f, f->next - 1)->keyed = true;
    at(f, f->next - 1)->key = key;
}

/* Is a message that waits no more one with `key`, and a better guess than what was `found`
 * so far? The first found is the last that was sent; one without an answer is better. */
static bool is_better(const struct flight_message *message, uint64_t key, bool found)
{
    return message->keyed && message->key == key && (!found || message->fate == FATE_LOST);
}

static bool find_settled(const struct flight *f, uint64_t key, uint64_t *number)
{
    bool found = false, lost = false;
    for (uint64_t i = f->next; !lost && i-- > f->oldest;) {
        if (!is_better(at(f, i), key, found))
            continue;
        *number = i;
        found = true;
        lost = at(f, i)->fate == FATE_LOST;
    }
    for (unsigned i = f->overdue_count; !lost && i-- > 0;) {
        const struct flight_overdue *late = overdue_at(f, i);
        if (!is_better(&late->message, key, found))
            continue;
        *number = late->number;
        found = true;
        lost = late->message.fate == FATE_LOST;
    }
    return found;
}

bool flight_find(const struct flight *f, bool keyed, uint64_t key, uint64_t *number)
{
    for (uint64_t i = f->waiting_from; f->waiting > 0 && i < f->next; i++) {
        *number = i;
        if (at(f, i)->fate == FATE_WAITING && (!keyed || (at(f, i)->keyed && at(f, i)->key == key)))
            return true;
    }
    return keyed ? find_settled(f, key, number) : oldest_lost(f, number);
}

/* Message `number`; NULL if it is no longer remembered. */
static struct flight_message *remembered(const struct flight *f, uint64_t number)
{
    unsigned low = 0, high = f->overdue_count;
    if (number >= f->oldest)
        return at(f, number);
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (overdue_at(f, middle)->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < f->overdue_count && overdue_at(f, low)->number == number;
    return found ? &overdue_at(f, low)->message : NULL;
}

/* `count` answers to messages like this one, which is counted, came for the first time; `late` of
 * them after an answer to a later message. */
static inline void count_answers(const struct flight *f, const struct flight_message *message,
                                 unsigned count, uint64_t late, int64_t now_ns,
                                 struct totals *totals)
{
    totals->reordered += late;
    counter_add(&totals->received, count);
    if (f->untimed)
        return;
    histogram_add_many(&totals->rtt, now_ns - message->due_ns, count);
    if (!f->closed)
        histogram_add_many(&totals->rtt_sent, now_ns - message->sent_ns, count);
}

/* The answer of message `number`, which is `message`, came for the first time: in time, or not. */
static void settle(struct flight *f, uint64_t number, struct flight_message *message, bool in_time,
                   int64_t now_ns, struct totals *totals)
{
    bool overtaken = number < f->answered_to;
    message->fate = in_time ? FATE_ANSWERED : FATE_LATE;
    if (!overtaken)
        f->answered_to = number + 1;
    if (message->counted && in_time)
        count_answers(f, message, 1, overtaken, now_ns, totals);
    else
        totals->late += message->counted;
}

bool flight_answered(struct flight *f, uint64_t sequence, uint64_t modulus, int64_t now_ns,
                     struct totals *totals)
{
    uint64_t number = 0;
    flight_expire(f, now_ns, totals);
    if (!find(f, sequence, modulus, &number))
        return false;
    /* What is no longer remembered was answered: a lost one is forgotten only long after that. */
    struct flight_message *message = remembered(f, number);
    if (!message || message->fate == FATE_ANSWERED || message->fate == FATE_LATE) {
        totals->duplicated += !message || message->counted;
        return true;
    }
    bool damaged = message->fate == FATE_DAMAGED && now_ns - message->sent_ns < f->limit_ns;
    f->waiting -= message->fate == FATE_WAITING;
    totals->lost -= damaged && message->counted;
    settle(f, number, message, damaged || message->fate == FATE_WAITING, now_ns, totals);
    skip_settled(f);
    return true;
}

unsigned flight_alike(const struct flight *f, unsigned most, int64_t now_ns)
{
    const struct flight_message *first = flight_first(f);
    unsigned alike = !first ? 0 : first->alike < most ? first->alike : most, count = 0;
    if (first && now_ns - first->sent_ns >= f->limit_ns)
        return 0;
    while (count < alike && at(f, f->waiting_from + count)->fate == FATE_WAITING)
        count++;
    return count;
}

void flight_first_answered(struct flight *f, unsigned count, int64_t now_ns, struct totals *totals)
{
    const struct flight_message *first = flight_first(f);
    uint64_t end = f->waiting_from + count;
    uint64_t late = f->answered_to > f->waiting_from ? f->answered_to - f->waiting_from : 0;
    struct flight_message *ring = f->ring;
    uint64_t mask = f->size - 1;
    for (uint64_t i = f->waiting_from; i < end; i++)
        ring[i & mask].fate = FATE_ANSWERED;
    if (end > f->answered_to)
        f->answered_to = end;
    if (first->counted)
        count_answers(f, first, count, late < count ? late : count, now_ns, totals);
    f->waiting -= count;
    f->waiting_from = end;
    skip_settled(f);
}

void flight_damaged(struct flight *f, struct totals *totals)
{
    totals->corrupted++;
    if (f->waiting == 0)
        return;
    give_up(f, f->waiting_from, FATE_DAMAGED, totals);
    skip_settled(f);
}

int64_t flight_expire(struct flight *f, int64_t now_ns, struct totals *totals)
{
    while (f->waiting > 0) {
        int64_t end_ns = at(f, f->waiting_from)->sent_ns + f->limit_ns;
        if (end_ns > now_ns)
            return end_ns;
        give_up(f, f->waiting_from, FATE_LOST, totals);
        skip_settled(f);
    }
    return 0;
}

void flight_give_up(struct flight *f, struct totals *totals)
{
    for (uint64_t i = f->waiting_from; f->waiting > 0 && i < f->next; i++)
        if (at(f, i)->fate == FATE_WAITING)
            give_up(f, i, FATE_LOST, totals);
    f->waiting_from = f->next;
}

void flight_end(struct flight *f, int64_t now_ns, struct totals *totals)
{
    flight_give_up(f, totals);
    while (f->overdue_count > 0)
        forget_first_overdue(f, totals);
    for (uint64_t i = f->oldest; i < f->next; i++) {
        const struct flight_message *message = at(f, i);
        int64_t age_ns = now_ns - message->sent_ns;
        forget(f, message, age_ns < f->limit_ns ? age_ns : f->limit_ns, totals);
    }
    f->oldest = f->waiting_from = f->answered_to = f->next;
}

void flight_free(struct flight *f)
{
    free(f->ring);
    free(f->overdue);
    *f = (struct flight){0};
}
