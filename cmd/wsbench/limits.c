#include "cmd/wsbench/limits.h"

#include "cmd/wsbench/count/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    THREAD_FILES = 4, /* loop, wake-up, schedule, and a spare one */
    OTHER_FILES = 32, /* DNS lookups, certificates, reports */
};

static bool check_files(const struct settings *s, char *problem, size_t size)
{
    struct rlimit limit;
    struct probe_sample self;
    uint64_t in_use = probe_read((unsigned)getpid(), &self) ? self.files : 3;
    uint64_t sockets = settings_sockets(s);
    uint64_t needed = sockets + in_use + (uint64_t)s->threads * THREAD_FILES + OTHER_FILES;
    /* Where others follow, a connection that is over may still wait for the end of TCP. */
    bool followed = s->mode == MODE_CHURN || s->reconnect || s->lifetime_us > 0;
    uint64_t useful = needed + (followed ? sockets : 0);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return true;
    if (limit.rlim_cur < useful && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = useful < limit.rlim_max ? useful : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= needed)
        return true;
    snprintf(problem, size,
             "%" PRIu64 " connections need %" PRIu64 " open files, and %" PRIu64
             " are allowed; as root: ulimit -n %" PRIu64,
             sockets, needed, (uint64_t)limit.rlim_cur, needed);
    return false;
}

/* Local ports from `low` to `high` that connections to port `remote` have in a table of the
 * kernel's. */
static uint64_t count_used(const char *path, unsigned low, unsigned high, unsigned remote)
{
    char line[512];
    uint64_t used = 0;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        unsigned local_port, remote_port;
        if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%x", &local_port, &remote_port) == 2)
            used += remote_port == remote && local_port >= low && local_port <= high;
    }
    if (file)
        fclose(file);
    return used;
}

/* The range of local ports. False if it cannot be read. */
static bool read_ports(unsigned *low, unsigned *high)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    int read = file ? fscanf(file, "%u %u", low, high) : 0;
    if (file)
        fclose(file);
    return read == 2 && *high >= *low;
}

static bool is_loopback(const struct target *t)
{
    const char *host = t->proxy.host ? t->proxy.host : t->url.host;
    return !t->url.unix_path && host &&
           (strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0);
}

unsigned limits_loopback_sources(const struct settings *s)
{
    enum { MOST = 250 };
    unsigned low, high;
    if (s->sources.count > 0 || s->target.interface || !is_loopback(&s->target) ||
        !read_ports(&low, &high))
        return 1;
    /* Half of the ports of each: some are in use, and the others are found the sooner. */
    uint64_t sources = settings_sockets(s) / ((high - low + 1) / 2 + 1) + 1;
    return sources < MOST ? (unsigned)sources : MOST;
}

/* Every connection from one address to one address and port needs its own local port. */
static bool check_ports(const struct settings *s, char *problem, size_t size)
{
    unsigned low = 0, high = 0;
    const struct ws_url *url = &s->target.url;
    if (url->unix_path || !read_ports(&low, &high))
        return true;
    unsigned remote = s->target.proxy.host ? s->target.proxy.port : url->port;
    unsigned sources = s->sources.count ? s->sources.count : limits_loopback_sources(s);
    uint64_t all = (uint64_t)(high - low + 1) * sources;
    uint64_t used = count_used("/proc/net/tcp", low, high, remote) +
                    count_used("/proc/net/tcp6", low, high, remote);
    if (settings_sockets(s) + used <= all)
        return true;
    snprintf(problem, size,
             "%" PRIu64 " connections to one address need as many local ports, and of %" PRIu64
             " %" PRIu64 " are in use; as root: sysctl -w "
             "net.ipv4.ip_local_port_range='1024 65535', or use --source-ip",
             settings_sockets(s), all, used);
    return false;
}

bool limits_check(const struct settings *s, char *problem, size_t size)
{
    return check_ports(s, problem, size) && check_files(s, problem, size);
}
