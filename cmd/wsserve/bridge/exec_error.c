#include "cmd/wsserve/bridge/exec_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_LINE = 256 }; /* what the kernel looks at */

/* The beginning of the file, up to its first newline. False if it cannot be read. */
static bool read_line(const char *file, char line[FIRST_LINE])
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, line, FIRST_LINE - 1);
    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return n >= 0;
}

const char *exec_error_explain(const char *file, int why, char *text, size_t size)
{
    char line[FIRST_LINE];
    bool about_content = why == ENOENT || why == ENOEXEC || why == EACCES;
    if (!about_content || !read_line(file, line)) {
        snprintf(text, size, "cannot run %s: %s", file, strerror(why));
        return text;
    }
    bool script = strncmp(line, "#!", 2) == 0, cr = strchr(line, '\r') != NULL;
    char *interpreter = script ? line + 2 + strspn(line + 2, " \t") : line;
    interpreter[strcspn(interpreter, " \t\r")] = '\0';
    if (why == ENOEXEC && !script)
        snprintf(text, size,
                 "cannot run %s: it is no program, and a script has to begin with a line such as "
                 "#!/bin/sh",
                 file);
    else if (script && cr)
        snprintf(text, size,
                 "cannot run %s: its lines end in CR LF, so that '%s\\r' is looked for: remove the "
                 "carriage returns, as with sed -i 's/\\r$//'",
                 file, interpreter);
    else if (script)
        snprintf(text, size, "cannot run %s: its interpreter %s: %s", file, interpreter,
                 strerror(why));
    else
        snprintf(text, size, "cannot run %s: %s", file, strerror(why));
    return text;
}

/* Is it "host:8080", "127.0.0.1:8080" or ":8080"? The port, or NULL. */
static const char *port_of(const char *command)
{
    const char *colon = strrchr(command, ':');
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    return digits > 0 && digits <= 5 && !colon[1 + digits] && !strchr(command, '/') ? colon + 1
                                                                                    : NULL;
}

/* What to write instead of a port, an address, a URL or a directory; false if it is none of them.
 */
static bool hint_no_program(const char *command, char *text, size_t size)
{
    static const char *const schemes[] = {"ws://", "wss://", "http://", "https://"};
    struct stat status;
    const char *port = port_of(command);
    if (*command && !command[strspn(command, "0123456789")] && strlen(command) <= 5)
        port = command;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncasecmp(command, schemes[i], strlen(schemes[i])) == 0) {
            snprintf(text, size,
                     " (a server takes no URL: it listens with --port=N or --listen=ADDR:PORT; "
                     "wscat connects to one, and --proxy=tcp:HOST:PORT passes bytes on to a TCP "
                     "service)");
            return true;
        }
    if (stat(command, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            snprintf(text, size,
                     " (it is a directory: --staticdir=%s serves its files, --dir=%s runs its "
                     "programs)",
                     command, command);
        return S_ISDIR(status.st_mode);
    }
    if (port && (port == command || port == command + 1))
        snprintf(text, size, " (to listen on that port: --port=%s)", port);
    else if (port)
        snprintf(text, size, " (to listen there: --listen=%s)", command);
    return port != NULL;
}

const char *exec_error_hint(const char *command, int why, char *text, size_t size)
{
    bool slash = strchr(command, '/') != NULL, here = access(command, F_OK) == 0;
    const char *folder = slash ? "" : "./";
    text[0] = '\0';
    if (hint_no_program(command, text, size))
        return text;
    if (here && access(command, X_OK) < 0)
        snprintf(text, size, " (make it executable: chmod +x %s%s%s)", folder, command,
                 slash ? "" : ", and name it with the ./");
    else if (here && !slash && why == ENOENT)
        snprintf(text, size, " (of this folder it is ./%s)", command);
    return text;
}
