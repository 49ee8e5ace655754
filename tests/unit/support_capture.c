#include "tests/unit/support_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    int fd, saved, file;
    char text[64 * 1024];
} capture;

void capture_begin(int fd)
{
    fflush(NULL);
    capture.fd = fd;
    capture.saved = dup(fd);
    capture.file = memfd_create("capture", 0);
    if (capture.saved < 0 || capture.file < 0 || dup2(capture.file, fd) != fd)
        abort();
}

const char *capture_end(void)
{
    fflush(NULL);
    ssize_t len = pread(capture.file, capture.text, sizeof capture.text - 1, 0);
    if (len < 0 || dup2(capture.saved, capture.fd) != capture.fd)
        abort();
    capture.text[len] = '\0';
    close(capture.saved);
    close(capture.file);
    return capture.text;
}
