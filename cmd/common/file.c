#include "cmd/common/file.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "libws/proto/bytes.h"
#include <ws/loop.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_READ_SIZE = 64 * 1024 };

/* Waits until there is something to read, or the end. With no signal blocked: those that a loop
 * reads end the program here, as its user expects where no program writes to the pipe. */
static bool wait_readable(int fd, int64_t end_us)
{
    struct pollfd poll = {.fd = fd, .events = POLLIN};
    sigset_t none;
    sigemptyset(&none);
    for (;;) {
        int64_t left_us = end_us > ws_clock_us() ? end_us - ws_clock_us() : 0;
        struct timespec left = {.tv_sec = (time_t)(left_us / 1000000),
                                .tv_nsec = (long)(left_us % 1000000 * 1000)};
        int ready = ppoll(&poll, 1, end_us == FILE_NO_END ? NULL : &left, &none);
        if (ready > 0)
            return true;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

/* The next bytes: their number, 0 at the end, or -1 with errno. */
static ssize_t read_next(int fd, struct ws_bytes **content, int64_t end_us)
{
    if (!ws_bytes_reserve(content, FILE_READ_SIZE))
        exit_die(WS_EXIT_FAILURE, "out of memory");
    for (;;) {
        if (!wait_readable(fd, end_us))
            return -1;
        ssize_t n = read(fd, ws_bytes_data(*content) + (*content)->len, FILE_READ_SIZE);
        if (n >= 0 || (errno != EAGAIN && errno != EINTR))
            return n;
    }
}

static int open_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* of a pipe it would wait, too */
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISDIR(status.st_mode))
        return fd;
    close(fd);
    errno = EISDIR;
    return -1;
}

bool file_read(const char *path, size_t max, const char *option, int64_t end_us,
               struct ws_bytes **content)
{
    char size[UNITS_TEXT_MAX];
    ssize_t n = -1;
    int fd = open_file(path);
    if (fd >= 0) {
        while ((n = read_next(fd, content, end_us)) > 0 && (*content)->len + (size_t)n <= max)
            (*content)->len += (size_t)n;
        int number = errno;
        close(fd);
        errno = number;
    }
    if (n > 0)
        exit_warn("%s: larger than %s", path,
                  option ? option : units_format_size(max, size, sizeof size));
    else if (n < 0)
        exit_warn("%s: %s", path,
                  errno == ETIMEDOUT ? "nothing has come to read" : strerror(errno));
    return n == 0;
}
