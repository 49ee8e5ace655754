/*
 * slow_listen: a library for LD_PRELOAD that has listen() take its time: between bind() and
 * listen() of a unix socket there is half a second then.
 */
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

int listen(int fd, int backlog)
{
    int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "listen");
    usleep(500 * 1000);
    return real(fd, backlog);
}
