#include "cmd/common/options/config.h"

#include "cmd/common/options/option_value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(struct config *config, char *why, size_t size, const char *path,
                   const char *reason)
{
    snprintf(why, size, "%s: %s", path, reason);
    config_free(config);
    return false;
}

/* Reads up to CONFIG_MAX + 1 bytes: one byte above the limit proves that the file is too large. */
static ssize_t read_all(int fd, char *text)
{
    size_t len = 0;
    while (len <= CONFIG_MAX) {
        ssize_t n = read(fd, text + len, CONFIG_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

bool config_read(struct config *config, const char *path, bool again, char *why, size_t size)
{
    struct stat status;
    *config = (struct config){.path = strdup(path), .text = malloc(CONFIG_MAX + 2)};
    if (!config->path || !config->text)
        return cannot(config, why, size, path, "out of memory");
    /* A pipe is read at the start; a server that runs neither waits for its other end nor takes its
     * end for an empty file. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (again ? O_NONBLOCK : 0));
    if (fd >= 0 && again && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        return cannot(config, why, size, path, "not a regular file");
    }
    ssize_t len = fd < 0 ? -1 : read_all(fd, config->text);
    int number = errno;
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return cannot(config, why, size, path, strerror(number));
    if (len > CONFIG_MAX)
        return cannot(config, why, size, path, "larger than 1 MiB");
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as some editors begin a file */
    if (len >= 3 && memcmp(config->text, mark, 3) == 0) {
        len -= 3;
        memmove(config->text, config->text + 3, (size_t)len);
    }
    if (memchr(config->text, '\0', (size_t)len))
        return cannot(config, why, size, path, "not a text file: it contains a NUL byte");
    config->text[len] = '\0';
    char *smaller = realloc(config->text, (size_t)len + 1);
    if (smaller)
        config->text = smaller;
    return true;
}

void config_free(struct config *config)
{
    free(config->path);
    free(config->text);
    *config = (struct config){0};
}

/* Splits a line in place into name and value; false for a blank line or a comment. `*value` is NULL
 * where there is none. */
static bool split(char *line, char **name, char **value)
{
    char *end = line + strlen(line);
    while (end > line && strchr(" \t\r", end[-1]))
        end--;
    *end = '\0';
    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return false;
    *name = line;
    line += strcspn(line, " \t=");
    char *rest = line + strspn(line, " \t");
    bool equals = *rest == '=';
    if (equals)
        rest += 1 + strspn(rest + 1, " \t");
    *line = '\0';
    *value = *rest || equals ? rest : NULL;
    return true;
}

/* Is the option to be set in this pass? Unknown names are: options_set() reports them. */
static bool wanted(const struct options *options, const char *name, enum config_part part,
                   const uint8_t *over, bool *only_typed)
{
    struct option_found found;
    const struct option_row *other;
    *only_typed = false;
    if (!options_find_name(options, name, strlen(name), &found, &other))
        return true;
    bool reloadable = (found.row->flags & OPTION_RELOADABLE) != 0;
    *only_typed = (found.row->flags & OPTION_TYPED) != 0;
    if (part != CONFIG_WHOLE && reloadable != (part == CONFIG_RELOADABLE))
        return false;
    return !over || !over[found.index];
}

bool config_apply(struct options *options, const struct config *config, enum config_part part,
                  const uint8_t *over, config_check *check, void *context)
{
    char *text = strdup(config->text), where[512];
    if (!text)
        return options_no_memory(options);
    bool fine = true;
    unsigned number = 1;
    for (char *line = text, *next; fine && line; line = next, number++) {
        char *name, *value;
        bool only_typed;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!split(line, &name, &value) || !wanted(options, name, part, over, &only_typed))
            continue;
        snprintf(where, sizeof where, "%s:%u", config->path, number);
        fine = only_typed ? options_refuse(options, "%s: option '%s' belongs on the command line",
                                           where, name)
                          : options_set(options, where, name, value);
        const char *wrong = fine && check ? check(context) : NULL;
        if (wrong)
            fine = options_refuse(options, "%s: %s", where, wrong);
    }
    free(text);
    return fine;
}
