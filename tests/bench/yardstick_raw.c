/* The first reference: a TCP echo on epoll. It measures the cost of the kernel. */
#include "tests/bench/bench.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    static uint8_t buffer[BUFFER_SIZE];
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    int listener = bench_listen(), epoll = epoll_create1(EPOLL_CLOEXEC);
    event.data.fd = listener;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = bench_accept(listener);
                if (event.data.fd >= 0)
                    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t n = recv(fd, buffer, sizeof buffer, 0);
            if (n <= 0 || !bench_send_all(fd, buffer, (size_t)n))
                close(fd);
        }
    }
}
