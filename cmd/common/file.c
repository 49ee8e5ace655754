#include "cmd/common/file.h"

#include "cmd/common/exit.h"
#include "libws/proto/bytes.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_READ_SIZE = 64 * 1024 };

bool file_read(const char *path, size_t max, struct ws_bytes **content)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) < 0 || S_ISDIR(status.st_mode)) {
        exit_warn("%s: %s", path, file ? strerror(EISDIR) : strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    size_t n;
    do {
        if (!ws_bytes_reserve(content, FILE_READ_SIZE))
            exit_die(WS_EXIT_FAILURE, "out of memory");
        uint8_t *end = ws_bytes_data(*content) + (*content)->len;
        n = fread(end, 1, FILE_READ_SIZE, file);
        (*content)->len += n;
    } while (n > 0 && (*content)->len <= max);
    bool too_large = (*content)->len > max, failed = ferror(file) || too_large;
    if (failed)
        exit_warn("%s: %s", path, too_large ? "larger than --max-message-size" : strerror(errno));
    fclose(file);
    return !failed;
}
