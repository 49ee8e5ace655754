#include "cmd/wsbench/count/probe.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_file(unsigned pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t len = fread(text, 1, size - 1, file);
    fclose(file);
    text[len] = '\0';
    return len > 0;
}

static uint64_t count_files(unsigned pid)
{
    char path[64];
    uint64_t count = 0;
    snprintf(path, sizeof path, "/proc/%u/fd", pid);
    DIR *directory = opendir(path);
    if (!directory)
        return 0;
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

bool probe_read(unsigned pid, struct probe_sample *sample)
{
    char text[1024];
    unsigned long pages = 0, user = 0, system = 0;
    *sample = (struct probe_sample){0};
    if (!read_file(pid, "statm", text, sizeof text) || sscanf(text, "%*u %lu", &pages) != 1)
        return false;
    /* The program's name in parentheses may contain any character; the last ')' ends it. */
    if (!read_file(pid, "stat", text, sizeof text))
        return false;
    const char *fields = strrchr(text, ')');
    if (!fields || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                          &system) != 2)
        return false;
    sample->rss = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    sample->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    sample->files = count_files(pid);
    return true;
}

bool probe_start(struct probe *probe, unsigned pid)
{
    *probe = (struct probe){.pid = pid};
    probe->ok = probe_read(pid, &probe->before);
    probe->loaded = probe->after = probe->before;
    probe->rss_most = probe->before.rss;
    probe->files_most = probe->before.files;
    return probe->ok;
}

void probe_look(struct probe *probe, struct probe_sample *sample)
{
    struct probe_sample now;
    if (!probe->ok || !probe_read(probe->pid, &now))
        return;
    if (now.rss > probe->rss_most)
        probe->rss_most = now.rss;
    if (now.files > probe->files_most)
        probe->files_most = now.files;
    probe->now = now;
    if (sample)
        *sample = now;
}
