/*
 * crowd: many connections to a broadcasting server, from several processes, without libws.
 *
 *     crowd PORT SERVER_PID CONNECTIONS PROCESSES      all idle, then all send one message
 *     crowd PORT SERVER_PID CONNECTIONS PROCESSES STUCK  one sends, STUCK (0 or 1) never read
 *
 * Prints "name value" lines. A message is 8 bytes: the sender and the time. The messages of each
 * connection are counted and summed up, which detects lost and duplicated ones of any sender.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGE = 8, FRAME = 2 + MESSAGE, STEADY = 2000, SLICE = 64 * 1024 };

struct member {
    int fd;
    unsigned part; /* bytes of an incomplete frame */
    uint8_t frame[FRAME];
    uint64_t count, sum;
};

static unsigned total, processes, port;
static int stuck = -1; /* below 0: all send */
static struct member *members;
static unsigned mine, first; /* number of this process's members, and the number of the first */
static uint32_t *delays;     /* microseconds, in the run with one sender */
static size_t delay_count;

static int dial(unsigned number)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer[512];
    size_t have = 0;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        bench_die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bench_send_all(fd, request, sizeof request - 1);
    /* Byte by byte: the first message follows the head. */
    while (have < 4 || memcmp(answer + have - 4, "\r\n\r\n", 4) != 0)
        if (have == sizeof answer || recv(fd, answer + have++, 1, 0) != 1)
            bench_die("upgrade");
    if (memcmp(answer + 9, "101", 3) != 0)
        bench_die("not upgraded");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)number;
    return fd;
}

static void take_frame(struct member *member, const uint8_t *frame)
{
    uint32_t who, when;
    if (frame[0] != 0x82 || frame[1] != MESSAGE)
        bench_die("not the frame that was sent");
    memcpy(&who, frame + 2, sizeof who);
    memcpy(&when, frame + 6, sizeof when);
    member->count++;
    member->sum += who;
    if (delays && delay_count < (size_t)STEADY * mine)
        delays[delay_count++] = (uint32_t)(bench_now() * 1e6) - when;
}

/* Returns the number of received messages. */
static uint64_t take(struct member *member)
{
    static uint8_t buffer[SLICE];
    uint64_t before = member->count;
    ssize_t n = recv(member->fd, buffer, sizeof buffer, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        bench_die("the server closed a connection");
    for (ssize_t at = 0; at < n;) {
        size_t need = FRAME - member->part, left = (size_t)(n - at);
        size_t len = need < left ? need : left;
        memcpy(member->frame + member->part, buffer + at, len);
        member->part += (unsigned)len;
        at += (ssize_t)len;
        if (member->part == FRAME) {
            take_frame(member, member->frame);
            member->part = 0;
        }
    }
    return member->count - before;
}

static void say(struct member *member, uint32_t who)
{
    uint8_t frame[6 + MESSAGE] = {0x82, 0x80 | MESSAGE}; /* the masking key is zero */
    uint32_t when = (uint32_t)(bench_now() * 1e6);
    memcpy(frame + 6, &who, sizeof who);
    memcpy(frame + 10, &when, sizeof when);
    bench_send_all(member->fd, frame, sizeof frame);
}

/* Receives until there are `wanted` messages, or none for ten seconds; returns their number. */
static uint64_t receive(int poller, uint64_t wanted)
{
    struct epoll_event events[256];
    uint64_t got = 0;
    while (got < wanted) {
        int n = epoll_wait(poller, events, 256, 10000);
        if (n <= 0)
            break;
        for (int i = 0; i < n; i++)
            got += take(events[i].data.ptr);
    }
    return got;
}

static int compare(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return one < other ? -1 : one > other;
}

/* The work of a process. It reports over `up` when it is connected and its results, and waits for
 * the start on `down`. */
static void take_part(unsigned index, int up, int down)
{
    char go;
    uint64_t report[4] = {0};
    mine = total / processes + (index < total % processes);
    first = index * (total / processes) + (index < total % processes ? index : total % processes);
    members = calloc(mine, sizeof *members);
    int poller = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < mine; i++) {
        bool reads = stuck < 0 || index > 0 || i == 0 || i > (unsigned)stuck;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &members[i]};
        members[i].fd = dial(first + i);
        if (reads)
            epoll_ctl(poller, EPOLL_CTL_ADD, members[i].fd, &event);
    }
    if (write(up, report, sizeof report) < 0 || read(down, &go, 1) != 1)
        _exit(1);

    if (stuck < 0) {
        for (unsigned i = 0; i < mine; i++)
            say(&members[i], first + i);
        report[0] = (uint64_t)mine * (total - 1);
        report[1] = receive(poller, report[0]);
        for (unsigned i = 0; i < mine; i++) {
            uint64_t all = (uint64_t)total * (total - 1) / 2;
            report[2] += members[i].sum != all - (first + i);
        }
    } else {
        delays = calloc((size_t)STEADY * mine, sizeof *delays);
        unsigned receivers = mine - (index == 0 ? 1 + (unsigned)stuck : 0);
        for (int k = 0; k < STEADY; k++) {
            if (index == 0)
                say(&members[0], (uint32_t)k);
            report[0] += receivers;
            report[1] += receive(poller, receivers);
        }
        qsort(delays, delay_count, sizeof *delays, compare);
        report[2] = delay_count ? delays[delay_count / 2] : 0;
        report[3] = delay_count ? delays[delay_count / 100 * 99] : 0;
    }
    if (write(up, report, sizeof report) < 0)
        _exit(1);
    _exit(0);
}

static long rss(const char *pid)
{
    char path[64], line[128];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    if (argc < 5)
        bench_die("usage: crowd PORT SERVER_PID CONNECTIONS PROCESSES [STUCK]");
    port = (unsigned)atoi(argv[1]);
    total = (unsigned)atoi(argv[3]);
    processes = (unsigned)atoi(argv[4]);
    stuck = argc > 5 ? atoi(argv[5]) : -1;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int up[64][2], down[64][2];
    if (processes == 0 || processes > 64 || (stuck >= 0 && processes > 1))
        bench_die("1 to 64 processes, and one with a stuck receiver");
    close(dial(0)); /* excludes the server's first allocations */
    usleep(200000);
    long before = rss(argv[2]);
    for (unsigned i = 0; i < processes; i++) {
        if (pipe(up[i]) < 0 || pipe(down[i]) < 0)
            bench_die("pipe");
        if (fork() == 0)
            take_part(i, up[i][1], down[i][0]);
        close(up[i][1]); /* so that one that gave up is noticed */
        close(down[i][0]);
    }
    uint64_t report[4], sum[4] = {0};
    for (unsigned i = 0; i < processes; i++)
        if (read(up[i][0], report, sizeof report) != (ssize_t)sizeof report)
            bench_die("a process could not connect");
    usleep(500000);
    printf("connections %u\nidle_bytes %ld\n", total, (rss(argv[2]) - before) / (long)total);
    fflush(stdout);

    double begun = bench_now();
    for (unsigned i = 0; i < processes; i++)
        if (write(down[i][1], "!", 1) < 0)
            bench_die("write");
    for (unsigned i = 0; i < processes; i++) {
        if (read(up[i][0], report, sizeof report) != (ssize_t)sizeof report)
            bench_die("a process gave up");
        for (int k = 0; k < 4; k++)
            sum[k] += report[k];
    }
    printf("seconds %.2f\nexpected %llu\nlost %lld\n", bench_now() - begun,
           (unsigned long long)sum[0], (long long)(sum[0] - sum[1]));
    if (stuck < 0)
        printf("wrong %llu\n", (unsigned long long)sum[2]);
    else
        printf("p50_us %llu\np99_us %llu\n", (unsigned long long)sum[2],
               (unsigned long long)sum[3]);
    while (wait(NULL) > 0)
        ;
    return sum[0] != sum[1] || (stuck < 0 && sum[2] > 0);
}
