#include "cmd/wsframe/print/extract.h"

#include "cmd/common/exit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

void extract(struct printer *printer, const struct decode_event *event)
{
    const char *dir = printer->settings->decode.extract;
    char path[PATH_MAX], stream[16] = "";
    if (event->opcode > WS_OP_BINARY)
        return;
    if (printer->extracted == 0 && mkdir(dir, 0777) < 0 && errno != EEXIST)
        exit_die(WS_EXIT_FAILURE, "%s: %m", dir);
    if (event->conversation->stream > 0)
        snprintf(stream, sizeof stream, ".%" PRIu32, event->conversation->stream);
    int len =
        snprintf(path, sizeof path, "%s/%" PRIu64 "%s-%04" PRIu64 "-%s.%s", dir,
                 event->conversation->id, stream, ++printer->extracted, sender_name(event->sender),
                 event->compressed && !event->inflated ? "deflate"
                 : event->opcode == WS_OP_TEXT         ? "txt"
                                                       : "bin");
    if (len < 0 || (size_t)len >= sizeof path)
        exit_die(WS_EXIT_FAILURE, "%s: the name is too long", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 || !write_all(fd, event->payload, event->len) || close(fd) < 0)
        exit_die(WS_EXIT_FAILURE, "%s: %m", path);
}
