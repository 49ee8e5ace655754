#include "cmd/wsframe/read/source.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WINDOW = 4 << 20,
    READ_SIZE = 256 << 10,
};

/* --- a file that becomes shorter --- */

/* What the signal handler knows. */
static struct {
    uint8_t *window;
    size_t len;
    volatile sig_atomic_t lost; /* some of the window is gone */
} guarded;

/* Puts zeros in the place of what is gone. A SIGBUS of anything else ends the tool, as it does
 * without a handler. */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
    (void)context;
    const uint8_t *at = info->si_addr;
    if (!guarded.window || at < guarded.window || at >= guarded.window + guarded.len) {
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        return;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t from = (size_t)(at - guarded.window) / page * page;
    guarded.lost = 1;
    if (mmap(guarded.window + from, guarded.len - from, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

/* --- mapping --- */

static void unmap(struct source *source)
{
    if (source->window)
        munmap(source->window, source->window_len);
    source->window = NULL;
    guarded.window = NULL;
}

/* Maps a window that begins at `at`, with `len` bytes or what there is; the file may have grown.
 * False at the end of the file, or after an error. */
static bool map(struct source *source, uint64_t at, size_t len)
{
    struct stat info;
    size_t inside = (size_t)(at % (uint64_t)sysconf(_SC_PAGESIZE));
    unmap(source);
    source->data = NULL;
    source->len = 0;
    if (fstat(source->fd, &info) < 0) {
        source->error = errno;
        return false;
    }
    if ((uint64_t)info.st_size <= at)
        return false;
    source->window_at = at - inside;
    uint64_t left = (uint64_t)info.st_size - source->window_at;
    size_t most = len + inside < WINDOW ? WINDOW : len + inside;
    source->window_len = left < most ? (size_t)left : most;
    /* Private and loaded at once: less work for the kernel than shared, or page by page. */
    void *window = mmap(NULL, source->window_len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, source->fd,
                        (off_t)source->window_at);
    if (window == MAP_FAILED) {
        source->error = errno;
        return false;
    }
    source->window = window;
    guarded.window = window;
    guarded.len = source->window_len;
    source->data = source->window + inside;
    source->len = source->window_len - inside;
    return true;
}

/* Maps the file from where `head` was read. False if it is no file that can be mapped. */
static bool begin_mapped(struct source *source, const struct ws_bytes *head)
{
    struct stat info;
    off_t at = lseek(source->fd, 0, SEEK_CUR);
    if (at < 0 || (size_t)at < ws_bytes_len(head) || fstat(source->fd, &info) < 0 ||
        !S_ISREG(info.st_mode))
        return false;
    guarded.lost = 0;
    sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO},
              NULL);
    return map(source, (uint64_t)at - ws_bytes_len(head), 1);
}

/* --- either --- */

void source_begin(struct source *source, struct ws_bytes *head, int fd)
{
    *source = (struct source){.fd = fd};
    source->is_mapped = begin_mapped(source, head);
    if (source->is_mapped)
        return;
    source->error = 0;
    bytes_add(&source->buffer, bytes_data(head), ws_bytes_len(head));
    source->data = bytes_data(source->buffer);
    source->len = ws_bytes_len(source->buffer);
}

void source_end(struct source *source)
{
    unmap(source);
    ws_bytes_free(&source->buffer);
}

/* Reads on, after what is left. False at the end, or after an error. */
static bool read_more(struct source *source)
{
    ws_bytes_consume(source->buffer, ws_bytes_len(source->buffer) - source->len);
    bytes_reserve(&source->buffer, READ_SIZE);
    struct ws_bytes *b = source->buffer;
    ssize_t got;
    do
        got = read(source->fd, ws_bytes_data(b) + b->len, READ_SIZE);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        b->len += (size_t)got;
    else
        source->error = got < 0 ? errno : 0;
    source->data = bytes_data(b);
    source->len = b->len;
    return got > 0;
}

bool source_need(struct source *source, size_t len)
{
    if (source->is_mapped) {
        if (source->len < len && source->window)
            map(source, source->window_at + (uint64_t)(source->data - source->window), len);
        return source->len >= len && !guarded.lost;
    }
    while (source->len < len)
        if (!read_more(source))
            return false;
    return true;
}

const char *source_problem(const struct source *source)
{
    if (source->is_mapped && guarded.lost)
        return "the file became shorter while it was read";
    return source->error ? strerror(source->error) : NULL;
}
