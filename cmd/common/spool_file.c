#include "cmd/common/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

void spool_file_close(struct spool *spool, struct spool_file *file)
{
    if (file->path && file->fd >= 0) {
        close(file->fd);
        file->fd = -1;
    }
    if (spool->open == file)
        spool->open = NULL;
}

/* In a folder of ours no link is followed, which others may have put there; a file that the
 * command line names may be one. */
bool spool_file_open(struct spool_file *file)
{
    int links = file->dir == AT_FDCWD ? 0 : O_NOFOLLOW;
    file->fd = openat(file->dir, file->path,
                      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | links,
                      (mode_t)file->mode);
    return file->fd >= 0;
}

bool spool_file_ready(struct spool *spool, struct spool_file *file)
{
    if (!file->path)
        return true;
    if (file->fd >= 0 && file->reopened != spool->reopened)
        spool_file_close(spool, file);
    if (file->fd >= 0)
        return true;
    if (!file->stays_open && spool->open)
        spool_file_close(spool, spool->open);
    if (!spool_file_open(file))
        return false;
    file->reopened = spool->reopened;
    if (!file->stays_open)
        spool->open = file;
    return true;
}

/* Waits until the file is writable. False when waiting was cancelled. */
static bool wait_for(struct spool *spool, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLOUT},
                            {.fd = spool->cancel_fd, .events = POLLIN}};
    while (!fds[0].revents && !spool->abandoned) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return false;
        spool->abandoned = !fds[0].revents && fds[1].revents;
    }
    return !spool->abandoned;
}

/* Writes all bytes, however long it takes. False on a write error or when waiting was cancelled. */
static bool write_all(struct spool *spool, struct spool_file *file, const char *data, size_t len)
{
    const char *begin = data;
    spool->error = 0;
    if (!spool_file_ready(spool, file)) {
        spool->error = errno;
        return false;
    }
    while (len > 0) {
        /* A pipe that is writable takes SPOOL_ATOMIC bytes without blocking, whatever its flags. */
        if (!wait_for(spool, file->fd))
            break;
        ssize_t n = write(file->fd, data, len < SPOOL_ATOMIC ? len : SPOOL_ATOMIC);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            spool->error = errno;
            break;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    file->partial_line = len > 0 && data > begin && data[-1] != '\n';
    return len == 0;
}

bool spool_file_write(struct spool *spool, struct spool_file *file, const char *data, size_t len)
{
    if (file->partial_line && !write_all(spool, file, "\n", 1)) {
        file->partial_line = true;
        return false;
    }
    return write_all(spool, file, data, len);
}
