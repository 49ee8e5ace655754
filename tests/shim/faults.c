/*
 * faults: a library for LD_PRELOAD that injects failures of system calls and allocations.
 *
 * Only the environment controls it, so that runs are reproducible:
 *
 *   FAULTS_SEED=N         another sequence of failures (default 1)
 *   FAULTS_SHORT=P        P percent of all receives and sends transfer only some bytes, mostly few
 *   FAULTS_EINTR=P        P percent are interrupted
 *   FAULTS_EAGAIN=P       P percent of those on non-blocking descriptors fail with EAGAIN
 *   FAULTS_RESET=N        the N-th receive or send on a socket fails with ECONNRESET
 *   FAULTS_ACCEPT=N       every N-th accept fails with EMFILE or ENFILE
 *   FAULTS_ACCEPT_LOST=N  every N-th fails as that of a connection that is gone, or forbidden
 *   FAULTS_SOCKET=N       the N-th socket() fails in the same way
 *   FAULTS_MALLOC=N       the N-th allocation after the beginning of main fails
 *   FAULTS_MALLOC_REST=1  and so do all after it
 *   FAULTS_COUNTS=FILE    at the end, and at SIGUSR2, writes to FILE a line
 *                         "allocations N live N calls N": allocations made, those not yet freed,
 *                         receives and sends
 *
 * Receives and sends are read, recv, recvmsg, write, send, sendmsg and writev on sockets and pipes,
 * and recvfrom, sendto and sendmsg by syscall().
 * Standard error is not affected, so that messages can be read. It does not work with ASan, which
 * has its own allocator.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    bool begun;
    uint64_t seed;
    unsigned short_percent, eintr_percent, eagain_percent;
    unsigned long reset, accept, accept_lost, socket, allocation;
    bool rest;
    const char *file;
} set;

/* Address ranges of the code of the program and of libc. */
static struct {
    uintptr_t begin, end;
} ours[2];
static unsigned ours_count;

static atomic_ulong io_calls, socket_calls, accepts, sockets, allocations, chosen, frees, drawn;

static void *next_of(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* A pointer to the function that `name` hides, found once. */
#define NEXT(variable, name)                                                                       \
    do {                                                                                           \
        if (!(variable))                                                                           \
            *(void **)&(variable) = next_of(name);                                                 \
    } while (0)

/* --- numbers --- */

/* The next number of a sequence that depends only on the seed (splitmix64). */
static uint64_t draw(void)
{
    uint64_t x = (set.seed << 32) + atomic_fetch_add(&drawn, 1) + 1;
    x *= UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static bool happens(unsigned percent)
{
    return percent > 0 && draw() % 100 < percent;
}

/* From 1 to `len`, over all magnitudes. */
static size_t some_of(size_t len)
{
    size_t most = (size_t)1 << draw() % 17;
    if (most > len)
        most = len;
    return most ? (size_t)(draw() % most) + 1 : 0;
}

static unsigned long number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : 0;
}

/* --- counts --- */

static char *put(char *at, const char *word, unsigned long value)
{
    char digits[24], *d = digits + sizeof digits;
    while (*word)
        *at++ = *word++;
    *at++ = ' ';
    do
        *--d = (char)('0' + value % 10);
    while (value /= 10);
    while (d < digits + sizeof digits)
        *at++ = *d++;
    return at;
}

/* Also called by a signal handler. The file is always complete for its readers. */
static void write_counts(void)
{
    static ssize_t (*real_write)(int, const void *, size_t);
    char line[200], temporary[4096], *at = line;
    int saved = errno;
    size_t len = strlen(set.file);
    NEXT(real_write, "write");
    if (len + 2 > sizeof temporary)
        return;
    memcpy(temporary, set.file, len);
    memcpy(temporary + len, "~", 2);
    unsigned long made = atomic_load(&allocations), freed = atomic_load(&frees);
    at = put(at, "allocations", made);
    at = put(at, " live", made - freed);
    at = put(at, " calls", atomic_load(&io_calls));
    *at++ = '\n';
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool whole = real_write(fd, line, (size_t)(at - line)) == at - line;
        close(fd);
        if (whole)
            rename(temporary, set.file);
    }
    errno = saved;
}

static void on_signal(int signal_number)
{
    (void)signal_number;
    write_counts();
}

/* The program is the first object, without a name. */
static int note_object(struct dl_phdr_info *object, size_t size, void *first)
{
    const char *slash = strrchr(object->dlpi_name, '/');
    const char *name = slash ? slash + 1 : object->dlpi_name;
    bool libc = strncmp(name, "libc.", 5) == 0 || strncmp(name, "ld-musl", 7) == 0;
    (void)size;
    if ((*(bool *)first || libc) && ours_count < 2) {
        uintptr_t low = UINTPTR_MAX, high = 0;
        for (int i = 0; i < object->dlpi_phnum; i++) {
            const ElfW(Phdr) *part = &object->dlpi_phdr[i];
            uintptr_t at = object->dlpi_addr + part->p_vaddr;
            if (part->p_type != PT_LOAD)
                continue;
            low = at < low ? at : low;
            high = at + part->p_memsz > high ? at + part->p_memsz : high;
        }
        ours[ours_count].begin = low;
        ours[ours_count++].end = high;
    }
    *(bool *)first = false;
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    bool first = true;
    dl_iterate_phdr(note_object, &first);
    set.seed = getenv("FAULTS_SEED") ? number("FAULTS_SEED") : 1;
    set.short_percent = (unsigned)number("FAULTS_SHORT");
    set.eintr_percent = (unsigned)number("FAULTS_EINTR");
    set.eagain_percent = (unsigned)number("FAULTS_EAGAIN");
    set.reset = number("FAULTS_RESET");
    set.accept = number("FAULTS_ACCEPT");
    set.accept_lost = number("FAULTS_ACCEPT_LOST");
    set.socket = number("FAULTS_SOCKET");
    set.allocation = number("FAULTS_MALLOC");
    set.rest = number("FAULTS_MALLOC_REST") != 0;
    set.file = getenv("FAULTS_COUNTS");
    if (set.file) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigaction(SIGUSR2, &action, NULL);
    }
    set.begun = true;
}

__attribute__((destructor)) static void end(void)
{
    if (set.file)
        write_counts();
}

/* --- memory --- */

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void (*real_free)(void *);

/* Memory for dlsym's allocations during the lookup of the real functions. */
static char early[16384];
static size_t early_used;
static bool looking;

static bool is_early(const void *memory)
{
    return (const char *)memory >= early && (const char *)memory < early + sizeof early;
}

static void *early_block(size_t size)
{
    size_t rounded = (size + 15) / 16 * 16;
    if (rounded > sizeof early - early_used)
        return NULL;
    void *memory = early + early_used;
    early_used += rounded;
    return memory;
}

static void look_up(void)
{
    if (real_malloc || looking)
        return;
    looking = true;
    NEXT(real_calloc, "calloc");
    NEXT(real_realloc, "realloc");
    NEXT(real_free, "free");
    NEXT(real_malloc, "malloc");
    looking = false;
}

static bool is_ours(const void *caller)
{
    for (unsigned i = 0; i < ours_count; i++)
        if ((uintptr_t)caller >= ours[i].begin && (uintptr_t)caller < ours[i].end)
            return true;
    return false;
}

static bool fails(const void *caller)
{
    atomic_fetch_add(&allocations, 1);
    if (!set.begun || !set.allocation || !is_ours(caller))
        return false;
    unsigned long n = atomic_fetch_add(&chosen, 1) + 1;
    if (n != set.allocation && !(set.rest && n > set.allocation))
        return false;
    atomic_fetch_sub(&allocations, 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    look_up();
    if (!real_malloc)
        return early_block(size);
    return fails(__builtin_return_address(0)) ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    look_up();
    if (!real_malloc)
        return early_block(count * size);
    return fails(__builtin_return_address(0)) ? NULL : real_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    look_up();
    if (!real_malloc || is_early(memory)) {
        void *moved = real_malloc ? malloc(size) : early_block(size);
        size_t there = memory ? (size_t)(early + sizeof early - (char *)memory) : 0;
        if (moved && memory)
            memcpy(moved, memory, size < there ? size : there);
        return moved;
    }
    if (fails(__builtin_return_address(0)))
        return NULL;
    if (memory)
        atomic_fetch_add(&frees, 1);
    return real_realloc(memory, size);
}

void free(void *memory)
{
    if (!memory || is_early(memory))
        return;
    look_up();
    atomic_fetch_add(&frees, 1);
    real_free(memory);
}

/* --- descriptors --- */

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
    static int (*real)(int, struct sockaddr *, socklen_t *, int);
    NEXT(real, "accept4");
    unsigned long n = atomic_fetch_add(&accepts, 1) + 1;
    if (set.accept && n % set.accept == 0) {
        errno = n / set.accept % 2 ? EMFILE : ENFILE;
        return -1;
    }
    if (set.accept_lost && n % set.accept_lost == 0) {
        static const int numbers[] = {EHOSTUNREACH, EPERM, ENETDOWN, EPROTO, ECONNABORTED};
        errno = numbers[n / set.accept_lost % (sizeof numbers / sizeof numbers[0])];
        return -1;
    }
    return real(fd, address, len, flags);
}

int socket(int domain, int type, int protocol)
{
    static int (*real)(int, int, int);
    NEXT(real, "socket");
    if (set.socket && atomic_fetch_add(&sockets, 1) + 1 == set.socket) {
        errno = EMFILE;
        return -1;
    }
    return real(domain, type, protocol);
}

/* Decides the result of a call on `fd` for `*len` bytes: 0, perhaps with a smaller `*len`, or an
 * error. */
static int meddle(int fd, size_t *len, int flags)
{
    struct stat status;
    if (!set.begun || fd == STDERR_FILENO || fstat(fd, &status) < 0 ||
        !(S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)))
        return 0;
    atomic_fetch_add(&io_calls, 1);
    if (S_ISSOCK(status.st_mode) && set.reset &&
        atomic_fetch_add(&socket_calls, 1) + 1 == set.reset)
        return ECONNRESET;
    if (happens(set.eintr_percent))
        return EINTR;
    if (set.eagain_percent && ((flags & MSG_DONTWAIT) || (fcntl(fd, F_GETFL) & O_NONBLOCK)) &&
        happens(set.eagain_percent))
        return EAGAIN;
    if (happens(set.short_percent))
        *len = some_of(*len);
    return 0;
}

#define MEDDLE(fd, len, flags)                                                                     \
    do {                                                                                           \
        int error_ = meddle(fd, &(len), flags);                                                    \
        if (error_) {                                                                              \
            errno = error_;                                                                        \
            return -1;                                                                             \
        }                                                                                          \
    } while (0)

ssize_t read(int fd, void *buffer, size_t len)
{
    static ssize_t (*real)(int, void *, size_t);
    NEXT(real, "read");
    MEDDLE(fd, len, 0);
    return real(fd, buffer, len);
}

ssize_t recv(int fd, void *buffer, size_t len, int flags)
{
    static ssize_t (*real)(int, void *, size_t, int);
    NEXT(real, "recv");
    MEDDLE(fd, len, flags);
    return real(fd, buffer, len, flags);
}

ssize_t write(int fd, const void *buffer, size_t len)
{
    static ssize_t (*real)(int, const void *, size_t);
    NEXT(real, "write");
    MEDDLE(fd, len, 0);
    return real(fd, buffer, len);
}

ssize_t send(int fd, const void *buffer, size_t len, int flags)
{
    static ssize_t (*real)(int, const void *, size_t, int);
    NEXT(real, "send");
    MEDDLE(fd, len, flags);
    return real(fd, buffer, len, flags);
}

enum { PIECES = 1024 };

/* Copies the pieces of the first `len` bytes; returns their number. */
static size_t cut(struct iovec *to, const struct iovec *from, size_t count, size_t len)
{
    size_t n = 0;
    for (; n < count && n < PIECES && len > 0; n++) {
        to[n] = from[n];
        if (to[n].iov_len > len)
            to[n].iov_len = len;
        len -= to[n].iov_len;
    }
    return n;
}

static size_t total(const struct iovec *pieces, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += pieces[i].iov_len;
    return len;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    static ssize_t (*real)(int, const struct msghdr *, int);
    struct iovec pieces[PIECES];
    NEXT(real, "sendmsg");
    size_t all = total(message->msg_iov, message->msg_iovlen), len = all;
    MEDDLE(fd, len, flags);
    if (len == all)
        return real(fd, message, flags);
    struct msghdr copy = *message;
    copy.msg_iov = pieces;
    copy.msg_iovlen = cut(pieces, message->msg_iov, message->msg_iovlen, len);
    return real(fd, &copy, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    static ssize_t (*real)(int, struct msghdr *, int);
    struct iovec pieces[PIECES];
    NEXT(real, "recvmsg");
    size_t all = total(message->msg_iov, message->msg_iovlen), len = all;
    MEDDLE(fd, len, flags);
    if (len == all)
        return real(fd, message, flags);
    struct msghdr copy = *message;
    copy.msg_iov = pieces;
    copy.msg_iovlen = cut(pieces, message->msg_iov, message->msg_iovlen, len);
    ssize_t n = real(fd, &copy, flags);
    message->msg_namelen = copy.msg_namelen;
    message->msg_controllen = copy.msg_controllen;
    message->msg_flags = copy.msg_flags;
    return n;
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    struct iovec pieces[PIECES];
    NEXT(real, "writev");
    size_t all = total(iov, (size_t)count), len = all;
    MEDDLE(fd, len, 0);
    if (len == all)
        return real(fd, iov, count);
    return real(fd, pieces, (int)cut(pieces, iov, (size_t)count, len));
}

/* What libws receives and sends with; the others pass. */
long syscall(long call, ...)
{
    enum { ARGUMENTS = 6 };
    static long (*real)(long, ...);
    long a[ARGUMENTS];
    va_list list;
    NEXT(real, "syscall");
    va_start(list, call);
    for (int i = 0; i < ARGUMENTS; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    switch (call) {
    case SYS_recvfrom:
        return recv((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3]);
    case SYS_sendto:
        return send((int)a[0], (const void *)a[1], (size_t)a[2], (int)a[3]);
    case SYS_sendmsg:
        return sendmsg((int)a[0], (const struct msghdr *)a[1], (int)a[2]);
    default:
        return real(call, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}
