#include "cmd/common/spool/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
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

enum { FLAGS = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

/* Opens the file that was made before; EEXIST if another has its name now. */
static int open_made(const struct spool_file *file)
{
    struct stat status;
    int fd = openat(file->dir, file->path, FLAGS | O_NOFOLLOW);
    if (fd < 0 ||
        (fstat(fd, &status) == 0 && status.st_dev == file->device && status.st_ino == file->inode))
        return fd;
    close(fd);
    errno = EEXIST;
    return -1;
}

static int make(struct spool_file *file)
{
    struct stat status;
    int fd = openat(file->dir, file->path, FLAGS | O_CREAT | O_EXCL, (mode_t)file->mode);
    if (fd >= 0 && fstat(fd, &status) == 0) {
        file->made = true;
        file->device = status.st_dev;
        file->inode = status.st_ino;
    }
    return fd;
}

/* In a folder, where others may have put files and links of either kind, only a file that we have
 * made is written; what the command line names may be any. */
bool spool_file_open(struct spool_file *file)
{
    if (file->dir == AT_FDCWD) {
        file->fd = openat(file->dir, file->path, FLAGS | O_CREAT, (mode_t)file->mode);
    } else {
        file->fd = file->made ? open_made(file) : make(file);
        if (file->fd < 0 && file->made && errno == ENOENT)
            file->fd = make(file);
    }
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

size_t spool_file_write_now(struct spool_file *file, const char *data, size_t len)
{
    ssize_t n = 0;
#ifdef RWF_NOWAIT
    if (file->path || file->may_wait || file->partial_line)
        return 0;
    n = pwritev2(file->fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1, -1, RWF_NOWAIT);
    file->may_wait = n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS);
#else
    (void)file, (void)data, (void)len;
#endif
    return n > 0 ? (size_t)n : 0;
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
