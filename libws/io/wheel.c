#include "libws/io/wheel.h"

#include <string.h>

enum {
    BITS = 6,
    DIGIT = WS_WHEEL_SLOTS - 1,
    NEXT = WS_WHEEL_LEVELS, /* the level of those that wait for no time */
};
#define FARTHEST ((int64_t)1 << 35)

void ws_wheel_init(struct ws_wheel *wheel, int64_t now_ms)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->now_ms = now_ms;
}

static unsigned slot_of(int64_t when_ms, unsigned level)
{
    return (unsigned)(when_ms >> (BITS * level)) & DIGIT;
}

/* A list of one entry or more is circular except for `next` of the last, so that prev is never NULL
 * while an entry is armed. */
static void push(struct ws_timer **head, struct ws_timer *timer)
{
    timer->next = *head;
    timer->prev = *head ? (*head)->prev : timer;
    if (*head)
        (*head)->prev = timer;
    *head = timer;
}

static void append(struct ws_timer **head, struct ws_timer *timer)
{
    if (!*head) {
        push(head, timer);
        return;
    }
    timer->next = NULL;
    timer->prev = (*head)->prev;
    timer->prev->next = timer;
    (*head)->prev = timer;
}

static void insert(struct ws_wheel *wheel, struct ws_timer *timer)
{
    uint64_t differs = (uint64_t)(timer->when_ms ^ wheel->now_ms);
    unsigned level = differs ? (unsigned)(63 - __builtin_clzll(differs)) / BITS : 0;
    unsigned slot = slot_of(timer->when_ms, level);

    timer->level = level;
    push(&wheel->slots[level][slot], timer);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

void ws_wheel_arm(struct ws_wheel *wheel, struct ws_timer *timer, int64_t when_ms)
{
    ws_wheel_cancel(wheel, timer);
    if (when_ms <= wheel->now_ms)
        when_ms = wheel->now_ms + 1;
    if (when_ms > wheel->now_ms + FARTHEST)
        when_ms = wheel->now_ms + FARTHEST;
    timer->when_ms = when_ms;
    insert(wheel, timer);
}

static void take_out(struct ws_timer **head, struct ws_timer *timer)
{
    if (*head == timer) {
        *head = timer->next;
        if (*head)
            (*head)->prev = timer->prev;
    } else {
        timer->prev->next = timer->next;
        if (timer->next)
            timer->next->prev = timer->prev;
        else
            (*head)->prev = timer->prev;
    }
    timer->next = timer->prev = NULL;
}

void ws_wheel_cancel(struct ws_wheel *wheel, struct ws_timer *timer)
{
    if (!ws_timer_armed(timer))
        return;
    if (timer->level == NEXT) {
        take_out(&wheel->next, timer);
        return;
    }
    unsigned level = timer->level, slot = slot_of(timer->when_ms, level);
    take_out(&wheel->slots[level][slot], timer);
    if (!wheel->slots[level][slot])
        wheel->occupied[level] &= ~(UINT64_C(1) << slot);
}

void ws_wheel_arm_next(struct ws_wheel *wheel, struct ws_timer *timer)
{
    ws_wheel_cancel(wheel, timer);
    timer->level = NEXT;
    timer->when_ms = wheel->round;
    append(&wheel->next, timer);
}

void ws_wheel_fire_next(struct ws_wheel *wheel)
{
    struct ws_timer *timer;
    int64_t round = wheel->round++;
    while ((timer = wheel->next) && timer->when_ms <= round) {
        ws_wheel_cancel(wheel, timer);
        timer->fire(timer);
    }
}

int64_t ws_wheel_next(const struct ws_wheel *wheel)
{
    for (unsigned level = 0; level < WS_WHEEL_LEVELS; level++) {
        unsigned digit = (unsigned)(wheel->now_ms >> (BITS * level)) & DIGIT;
        uint64_t later =
            digit == DIGIT ? 0 : wheel->occupied[level] & (~UINT64_C(0) << (digit + 1));
        if (later) {
            int64_t slot = __builtin_ctzll(later);
            int64_t above = wheel->now_ms >> (BITS * (level + 1)) << (BITS * (level + 1));
            return above | slot << (BITS * level);
        }
    }
    return -1;
}

/* The wheel reached the beginning of a slot: its timers move down or fire. */
static void open_slot(struct ws_wheel *wheel, unsigned level)
{
    unsigned slot = (unsigned)(wheel->now_ms >> (BITS * level)) & DIGIT;
    struct ws_timer *timer;
    while ((timer = wheel->slots[level][slot]) && timer->when_ms >= 0) {
        ws_wheel_cancel(wheel, timer);
        if (timer->when_ms <= wheel->now_ms)
            timer->fire(timer);
        else
            insert(wheel, timer);
    }
}

void ws_wheel_advance(struct ws_wheel *wheel, int64_t now_ms)
{
    int64_t next;
    while ((next = ws_wheel_next(wheel)) >= 0 && next <= now_ms) {
        wheel->now_ms = next;
        for (unsigned level = WS_WHEEL_LEVELS; level-- > 0;)
            if ((next & (((int64_t)1 << (BITS * level)) - 1)) == 0)
                open_slot(wheel, level);
    }
    if (now_ms > wheel->now_ms)
        wheel->now_ms = now_ms;
}

static size_t count_of(const struct ws_timer *timer)
{
    size_t count = 0;
    for (; timer; timer = timer->next)
        count++;
    return count;
}

size_t ws_wheel_count(const struct ws_wheel *wheel)
{
    size_t count = count_of(wheel->next);
    for (unsigned level = 0; level < WS_WHEEL_LEVELS; level++)
        for (unsigned slot = 0; slot < WS_WHEEL_SLOTS; slot++)
            count += count_of(wheel->slots[level][slot]);
    return count;
}
