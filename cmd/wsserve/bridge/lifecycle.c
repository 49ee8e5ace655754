#include "cmd/wsserve/bridge/lifecycle.h"

#include "cmd/common/log.h"

#include <assert.h>
#include <errno.h>

static int64_t now_ms(void)
{
    return ws_clock_us() / 1000;
}

static void advance(struct lifecycle *life, enum phase phase)
{
    assert(phase >= life->phase);
    life->phase = phase;
}

static void report(struct lifecycle *life, enum outcome outcome)
{
    const struct lifecycle_target *target = &life->target;
    if (life->reported || !target->attempts)
        return;
    life->reported = true;
    if (attempts_report(target->attempts, target->backoff, life->attempt, outcome, now_ms()))
        log_line(life->log, WS_LOG_WARNING, 0, "backoff", "%s keeps failing; backing off",
                 target->name);
}

static void end_attempt(struct lifecycle *life)
{
    if (life->counted)
        attempts_end(life->target.attempts);
    life->counted = false;
}

/* --- its end --- */

static bool child_lives(const struct lifecycle *life)
{
    return life->program && life->child.phase != CHILD_GONE;
}

static void on_task(struct ws_deferred *task)
{
    struct lifecycle *life = ws_container_of(task, struct lifecycle, task);
    life->user->freed(life);
}

/* Deferred, as the channel may have deferred a task before. */
static void free_if_done(struct lifecycle *life)
{
    if (!life->released || child_lives(life) || life->phase == PHASE_FREED)
        return;
    advance(life, PHASE_FREED);
    ws_loop_disarm(life->loop, &life->timer);
    if (life->channel)
        channel_close(life->channel);
    end_attempt(life);
    ws_loop_defer(life->loop, &life->task);
}

void lifecycle_abort(struct lifecycle *life)
{
    if (life->phase >= PHASE_FINISHED)
        return;
    advance(life, PHASE_FINISHED);
    ws_loop_disarm(life->loop, &life->timer);
    if (life->channel)
        channel_close(life->channel);
    if (life->program)
        child_end(&life->child, 0);
}

/* Closes the connections in its name. What runs of a program is left to its grace. */
static void conclude(struct lifecycle *life, enum ws_error why)
{
    advance(life, PHASE_FINISHED);
    ws_loop_disarm(life->loop, &life->timer);
    life->user->finished(life, why);
    if (life->channel)
        channel_close(life->channel);
}

static void finish(struct lifecycle *life, enum ws_error why)
{
    if (life->phase >= PHASE_FINISHED)
        return;
    conclude(life, why);
    if (life->program)
        child_end(&life->child, 0);
}

void lifecycle_finish(struct lifecycle *life)
{
    finish(life, WS_OK);
}

static bool output_ended(const struct lifecycle *life)
{
    return !life->channel || !channel_reading(life->channel);
}

static void linger(struct lifecycle *life)
{
    ws_loop_arm(life->loop, &life->timer, ws_loop_now(life->loop) + LIFECYCLE_LINGER_MS);
}

/* The program has exited. */
static void finish_when_drained(struct lifecycle *life)
{
    if (life->phase >= PHASE_FINISHED)
        return;
    if (output_ended(life))
        finish(life, WS_OK);
    else
        linger(life);
}

/* Both directions are at their end: most programs are about to exit, and their status is waited for
 * a little; but no output can come of the others, whose grace goes on without the connection. */
static void conclude_soon(struct lifecycle *life)
{
    if (life->program && life->phase == PHASE_INPUT_CLOSED && output_ended(life) && !life->released)
        linger(life);
}

static void on_timer(struct ws_timer *timer)
{
    struct lifecycle *life = ws_container_of(timer, struct lifecycle, timer);
    if (life->phase == PHASE_INPUT_CLOSED && life->program)
        conclude(life, WS_OK);
    else if (life->phase == PHASE_DRAINING && life->user->blocked(life))
        finish_when_drained(life);
    else
        finish(life, WS_OK);
}

/* Only a program that cannot run has failed. One that has read of what it got can, however it ended
 * afterwards: else a client could take it from all others with a message that it does not like. */
static enum outcome outcome_of(const struct lifecycle *life)
{
    enum { AT_ONCE_MS = 1000, NOT_EXECUTABLE = 126, NOT_FOUND = 127 }; /* as shells report it */
    const struct child *child = &life->child;
    if (child->ended || life->input_closed)
        return OUTCOME_UNKNOWN;
    if (!lifecycle_failed(life) || (life->channel && channel_heard(life->channel)))
        return OUTCOME_WORKS;
    if (child->signal || child->status == NOT_EXECUTABLE || child->status == NOT_FOUND)
        return OUTCOME_FAILED;
    bool spoken = life->channel && life->channel->relayed;
    return !spoken && now_ms() - life->started_ms < AT_ONCE_MS ? OUTCOME_FAILED : OUTCOME_WORKS;
}

static void note_exit(struct lifecycle *life)
{
    life->exited = true;
    if (life->phase < PHASE_DRAINING)
        advance(life, PHASE_DRAINING);
    report(life, outcome_of(life));
    if (life->user->exited)
        life->user->exited(life);
}

static void on_child_exited(struct child *child)
{
    struct lifecycle *life = ws_container_of(child, struct lifecycle, child);
    note_exit(life);
    finish_when_drained(life);
}

static void on_child_gone(struct child *child)
{
    struct lifecycle *life = ws_container_of(child, struct lifecycle, child);
    end_attempt(life);
    if (!life->exited)
        note_exit(life);
    if (!life->released)
        finish_when_drained(life);
    free_if_done(life);
}

/* --- its beginning --- */

void lifecycle_init(struct lifecycle *life, const struct lifecycle_user *user,
                    const struct log *log, struct ws_loop *loop)
{
    *life = (struct lifecycle){
        .user = user,
        .log = log,
        .loop = loop,
        .timer = {.fire = on_timer},
        .task = {.run = on_task},
    };
}

uint32_t lifecycle_ask(struct lifecycle *life, const struct lifecycle_target *target)
{
    uint32_t wait_ms =
        attempts_begin(target->attempts, target->backoff, now_ms(), &life->attempt, &life->full);
    if (wait_ms == 0) {
        life->target = *target;
        life->counted = true;
    }
    return wait_ms;
}

/* Is it this process that lacks something, and not the program? A client's headers may be too much
 * for an environment. */
static bool ours(int number)
{
    return number == EMFILE || number == ENFILE || number == EAGAIN || number == ENOMEM ||
           number == E2BIG;
}

bool lifecycle_start_program(struct lifecycle *life, struct children *family,
                             const struct spawn_command *command, int fds[2], char *error,
                             size_t error_size)
{
    life->child.exited = on_child_exited;
    life->child.gone = on_child_gone;
    if (!child_spawn(&life->child, family, command, fds, error, error_size)) {
        report(life, ours(life->child.failure) ? OUTCOME_UNKNOWN : OUTCOME_FAILED);
        return false;
    }
    life->program = true;
    life->started_ms = now_ms();
    advance(life, PHASE_RUNNING);
    return true;
}

void lifecycle_start_service(struct lifecycle *life)
{
    advance(life, PHASE_RUNNING);
    report(life, OUTCOME_WORKS);
}

void lifecycle_attach(struct lifecycle *life, struct channel *channel)
{
    life->channel = channel;
}

static void give_up(struct lifecycle *life, enum outcome outcome)
{
    report(life, outcome);
    if (life->phase > PHASE_WAITING)
        lifecycle_abort(life);
}

void lifecycle_fail(struct lifecycle *life)
{
    give_up(life, OUTCOME_FAILED);
}

void lifecycle_give_up(struct lifecycle *life)
{
    give_up(life, OUTCOME_UNKNOWN);
}

/* --- what happens to it --- */

void lifecycle_on_input(struct lifecycle *life)
{
    report(life, OUTCOME_WORKS);
    if (life->phase == PHASE_DRAINING)
        finish_when_drained(life);
}

void lifecycle_on_input_end(struct lifecycle *life, enum ws_error why)
{
    if (!life->program)
        finish(life, why);
    else if (life->phase == PHASE_DRAINING)
        finish(life, WS_OK);
    else /* it runs, and may go on reading until it exits or its input is closed */
        conclude_soon(life);
}

void lifecycle_close_input(struct lifecycle *life, uint32_t grace_ms)
{
    life->input_closed = true;
    if (!lifecycle_active(life))
        return;
    if (life->phase == PHASE_RUNNING)
        advance(life, PHASE_INPUT_CLOSED);
    if (life->channel)
        channel_finish(life->channel);
    if (life->program)
        child_end(&life->child, grace_ms);
    else if (grace_ms != LIFECYCLE_FOREVER)
        ws_loop_arm(life->loop, &life->timer, ws_loop_now(life->loop) + grace_ms);
    conclude_soon(life);
}

void lifecycle_release(struct lifecycle *life, uint32_t grace_ms)
{
    life->released = true;
    if (!life->program) {
        report(life, OUTCOME_UNKNOWN);
    } else if (lifecycle_active(life)) {
        /* Its output is read and dropped, so that it neither blocks nor gets SIGPIPE. */
        if (life->channel)
            channel_resume(life->channel);
        lifecycle_close_input(life, grace_ms);
    }
    free_if_done(life);
}
