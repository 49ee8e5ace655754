#include "cmd/wsframe/read/bytes.h"

#include "cmd/common/exit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void bytes_reserve(struct ws_bytes **bytes, size_t more)
{
    if (!ws_bytes_reserve(bytes, more))
        exit_die(WS_EXIT_FAILURE, "out of memory");
}

void bytes_add(struct ws_bytes **bytes, const void *data, size_t len)
{
    if (!ws_bytes_append(bytes, data, len))
        exit_die(WS_EXIT_FAILURE, "out of memory");
}

const char bytes_repeated_too_often[] = "the repetitions make more than 16 MiB";

void bytes_repeat_last(struct ws_bytes **bytes, size_t times)
{
    size_t len = ws_bytes_len(*bytes);
    if (len == 0 || times < 2)
        return;
    bytes_reserve(bytes, times - 1);
    uint8_t *end = ws_bytes_data(*bytes) + len;
    memset(end, end[-1], times - 1);
    (*bytes)->len += times - 1;
}

bool bytes_read(struct ws_bytes **bytes, int fd, size_t most, const char *name)
{
    while (ws_bytes_len(*bytes) < most) {
        size_t left = most - ws_bytes_len(*bytes);
        size_t piece = left < 65536 ? left : 65536;
        bytes_reserve(bytes, piece);
        ssize_t got = read(fd, ws_bytes_data(*bytes) + (*bytes)->len, piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        (*bytes)->len += (size_t)got;
        if ((*bytes)->len > INPUT_MAX)
            exit_die(WS_EXIT_FAILURE, "%s is larger than the limit of 256 MiB", name);
    }
    return true;
}
