#include "cmd/wsframe/read/bytes.h"

#include "cmd/common/exit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bytes_reserve(struct bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->len >= more)
        return;
    size_t wanted = bytes->len + more;
    if (wanted < bytes->capacity * 2)
        wanted = bytes->capacity * 2;
    if (wanted < 64)
        wanted = 64;
    uint8_t *grown = realloc(bytes->data, wanted);
    if (!grown)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    bytes->data = grown;
    bytes->capacity = wanted;
}

void bytes_add(struct bytes *bytes, const void *data, size_t len)
{
    if (len == 0)
        return;
    bytes_reserve(bytes, len);
    memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

bool bytes_read(struct bytes *bytes, int fd, size_t most, const char *name)
{
    while (bytes->len < most) {
        size_t room = most - bytes->len < 65536 ? most - bytes->len : 65536;
        bytes_reserve(bytes, room);
        ssize_t got = read(fd, bytes->data + bytes->len, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        bytes->len += (size_t)got;
        if (bytes->len > INPUT_MAX)
            exit_die(WS_EXIT_FAILURE, "%s is larger than the limit of 256 MiB", name);
    }
    return true;
}
