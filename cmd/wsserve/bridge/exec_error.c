#include "cmd/wsserve/bridge/exec_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

const char *exec_error_hint(const char *command, int why, char *text, size_t size)
{
    size_t digits = strspn(command, "0123456789");
    bool slash = strchr(command, '/') != NULL, here = access(command, F_OK) == 0;
    const char *folder = slash ? "" : "./";
    text[0] = '\0';
    if (digits > 0 && digits <= 5 && !command[digits] && !here)
        snprintf(text, size, " (to listen on that port: --port=%s)", command);
    else if (here && access(command, X_OK) < 0)
        snprintf(text, size, " (make it executable: chmod +x %s%s%s)", folder, command,
                 slash ? "" : ", and name it with the ./");
    else if (here && !slash && why == ENOENT)
        snprintf(text, size, " (of this folder it is ./%s)", command);
    return text;
}
