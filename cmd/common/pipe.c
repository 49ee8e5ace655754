#include "cmd/common/pipe.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int pipe_reopen(int fd, int access)
{
    struct stat status;
    char path[32];
    if (fstat(fd, &status) < 0 || (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)))
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void pipe_enlarge(int fd)
{
    enum { LARGE = 1 << 20 };
    int size = fcntl(fd, F_GETPIPE_SZ);
    if (size >= 0 && size < LARGE)
        fcntl(fd, F_SETPIPE_SZ, LARGE);
}
