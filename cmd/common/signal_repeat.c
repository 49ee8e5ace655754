#include "cmd/common/signal_repeat.h"

#include <signal.h>

bool signal_repeat(struct signal_repeat *last, int number, int64_t now_us)
{
    if (number != SIGINT && number != SIGTERM)
        return false;
    if (number == last->number && now_us - last->at_us < SIGNAL_REPEAT_US)
        return true;
    *last = (struct signal_repeat){number, now_us};
    return false;
}
