#include <ws/wheel.h>

#include <string.h>

enum { BITS = 6, DIGIT = WS_WHEEL_SLOTS - 1 };
#define FARTHEST ((int64_t)1 << 35)

void ws_wheel_init(struct ws_wheel *wheel, int64_t now)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->now = now;
}

static unsigned slot_of(int64_t when, unsigned level)
{
    return (unsigned)(when >> (BITS * level)) & DIGIT;
}

/* A list of one entry or more is circular but for `next` of the last, so that prev is never NULL
 * while an entry is armed. */
static void insert(struct ws_wheel *wheel, struct ws_timer *timer)
{
    uint64_t differs = (uint64_t)(timer->when ^ wheel->now);
    unsigned level = differs ? (unsigned)(63 - __builtin_clzll(differs)) / BITS : 0;
    unsigned slot = slot_of(timer->when, level);
    struct ws_timer **head = &wheel->slots[level][slot];

    timer->level = level;
    timer->next = *head;
    timer->prev = *head ? (*head)->prev : timer;
    if (*head)
        (*head)->prev = timer;
    *head = timer;
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

void ws_wheel_arm(struct ws_wheel *wheel, struct ws_timer *timer, int64_t when)
{
    ws_wheel_cancel(wheel, timer);
    if (when <= wheel->now)
        when = wheel->now + 1;
    if (when > wheel->now + FARTHEST)
        when = wheel->now + FARTHEST;
    timer->when = when;
    insert(wheel, timer);
}

void ws_wheel_cancel(struct ws_wheel *wheel, struct ws_timer *timer)
{
    if (!ws_timer_armed(timer))
        return;
    unsigned level = timer->level, slot = slot_of(timer->when, level);
    struct ws_timer **head = &wheel->slots[level][slot];
    if (*head == timer) {
        *head = timer->next;
        if (*head)
            (*head)->prev = timer->prev;
        else
            wheel->occupied[level] &= ~(UINT64_C(1) << slot);
    } else {
        timer->prev->next = timer->next;
        if (timer->next)
            timer->next->prev = timer->prev;
        else
            (*head)->prev = timer->prev;
    }
    timer->next = timer->prev = NULL;
}

int64_t ws_wheel_next(const struct ws_wheel *wheel)
{
    for (unsigned level = 0; level < WS_WHEEL_LEVELS; level++) {
        unsigned digit = (unsigned)(wheel->now >> (BITS * level)) & DIGIT;
        uint64_t later =
            digit == DIGIT ? 0 : wheel->occupied[level] & (~UINT64_C(0) << (digit + 1));
        if (later) {
            int64_t slot = __builtin_ctzll(later);
            int64_t above = wheel->now >> (BITS * (level + 1)) << (BITS * (level + 1));
            return above | slot << (BITS * level);
        }
    }
    return -1;
}

/* The time has come to a slot's beginning: what lies in it moves down, or is due. */
static void open_slot(struct ws_wheel *wheel, unsigned level)
{
    unsigned slot = (unsigned)(wheel->now >> (BITS * level)) & DIGIT;
    struct ws_timer *timer;
    while ((timer = wheel->slots[level][slot]) && timer->when >= 0) {
        ws_wheel_cancel(wheel, timer);
        if (timer->when <= wheel->now)
            timer->fire(timer);
        else
            insert(wheel, timer);
    }
}

void ws_wheel_advance(struct ws_wheel *wheel, int64_t now)
{
    int64_t next;
    while ((next = ws_wheel_next(wheel)) >= 0 && next <= now) {
        wheel->now = next;
        for (unsigned level = WS_WHEEL_LEVELS; level-- > 0;)
            if ((next & (((int64_t)1 << (BITS * level)) - 1)) == 0)
                open_slot(wheel, level);
    }
    if (now > wheel->now)
        wheel->now = now;
}

size_t ws_wheel_count(const struct ws_wheel *wheel)
{
    size_t count = 0;
    for (unsigned level = 0; level < WS_WHEEL_LEVELS; level++)
        for (unsigned slot = 0; slot < WS_WHEEL_SLOTS; slot++)
            for (const struct ws_timer *t = wheel->slots[level][slot]; t; t = t->next)
                count++;
    return count;
}
