#include "cmd/wscat/run/ending.h"

enum { LOOK_AGAIN_MS = 10 };

void ending_init(struct ending *ending, int64_t wait_us, bool at_once)
{
    *ending = (struct ending){
        .state = ENDING_TALKING,
        .wait_ms = wait_us < 0 ? -1 : (wait_us + 999) / 1000,
        .at_once = at_once,
    };
}

static enum ending_action move_to(struct ending *ending, enum ending_state state,
                                  enum ending_action action)
{
    ending->state = state;
    return action;
}

/* TALKING or WAITING: neither side has begun to close. */
static enum ending_action while_open(struct ending *ending, enum ending_event event)
{
    switch (event) {
    case ENDING_INPUT_ENDED:
        if (ending->state == ENDING_WAITING)
            return ENDING_NOTHING;
        if (ending->at_once)
            return move_to(ending, ENDING_CLOSING, ENDING_CLOSE);
        return move_to(ending, ENDING_WAITING,
                       ending->wait_ms < 0 ? ENDING_NOTHING : ENDING_AWAIT_SILENCE);
    case ENDING_SILENCE:
        if (ending->state == ENDING_TALKING)
            return ENDING_NOTHING;
        return move_to(ending, ENDING_CLOSING, ENDING_CLOSE);
    case ENDING_ENOUGH:
    case ENDING_READER_LEFT:
        return move_to(ending, ENDING_CLOSING, ENDING_CLOSE);
    case ENDING_PEER_CLOSES:
        return move_to(ending, ENDING_CLOSING, ENDING_NOTHING);
    case ENDING_CONNECTION_ENDED:
        return move_to(ending, ENDING_WRITING, ENDING_WRITE);
    default:
        return ENDING_NOTHING;
    }
}

enum ending_action ending_next(struct ending *ending, enum ending_event event)
{
    if (ending->state == ENDING_DONE)
        return ENDING_NOTHING;
    if (event == ENDING_HURRY)
        return move_to(ending, ENDING_DONE, ENDING_STOP);
    switch (ending->state) {
    case ENDING_CLOSING:
        return event == ENDING_CONNECTION_ENDED ? move_to(ending, ENDING_WRITING, ENDING_WRITE)
                                                : ENDING_NOTHING;
    case ENDING_WRITING:
        return event == ENDING_WRITTEN || event == ENDING_READER_LEFT
                   ? move_to(ending, ENDING_DONE, ENDING_STOP)
                   : ENDING_NOTHING;
    default:
        return while_open(ending, event);
    }
}

void ending_reopen(struct ending *ending)
{
    if (ending->state == ENDING_WAITING)
        ending->state = ENDING_TALKING;
}

int64_t ending_silent_at_ms(const struct ending *ending, int64_t now_ms, int64_t last_moved_ms,
                            bool busy)
{
    if (busy)
        return now_ms + (ending->wait_ms > 0 ? ending->wait_ms : LOOK_AGAIN_MS);
    return last_moved_ms + ending->wait_ms;
}
