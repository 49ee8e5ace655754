#include "cmd/wsbench/limits.h"

#include "cmd/common/exit.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

enum { OTHER_FILES = 64 }; /* standard streams, loops, timers, DNS lookups */

static bool check_files(uint64_t connections)
{
    struct rlimit limit;
    uint64_t needed = connections + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return true;
    if (limit.rlim_cur < needed && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= needed)
        return true;
    exit_warn("%" PRIu64 " connections need %" PRIu64 " open files, and %" PRIu64
              " are allowed; as root: ulimit -n %" PRIu64,
              connections, needed, (uint64_t)limit.rlim_cur, needed);
    return false;
}

/* Every connection to one address and port needs its own local port. */
static bool check_ports(uint64_t connections, const struct ws_url *url)
{
    unsigned low = 0, high = 0;
    if (url->unix_path)
        return true;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    int read = file ? fscanf(file, "%u %u", &low, &high) : 0;
    if (file)
        fclose(file);
    if (read != 2 || high < low || connections <= high - low + 1)
        return true;
    exit_warn("%" PRIu64 " connections to one address need as many local ports, and there are %u; "
              "as root: sysctl -w net.ipv4.ip_local_port_range='1024 65535'",
              connections, high - low + 1);
    return false;
}

bool limits_check(uint64_t connections, const struct ws_url *url)
{
    return check_files(connections) && check_ports(connections, url);
}
