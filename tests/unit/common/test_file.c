#include "cmd/common/file.h"

#include "libws/proto/bytes.h"
#include <ws/loop.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char path[64];

static int make_pipe(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/test_file.%d", (int)getpid());
    unlink(path);
    return mkfifo(path, 0600);
}

static int remove_it(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        fputc('a' + (int)(i % 26), file);
    fclose(file);
}

static void files(void **state)
{
    (void)state;
    unlink(path);
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ws_bytes *content = NULL;
        write_file(sizes[i]);
        assert_true(file_read(path, sizes[i], NULL, FILE_NO_END, &content));
        assert_int_equal(ws_bytes_len(content), sizes[i]);
        if (sizes[i] > 0) {
            assert_int_equal(ws_bytes_data(content)[sizes[i] - 1], 'a' + (sizes[i] - 1) % 26);
            assert_false(file_read(path, sizes[i] - 1, "that", FILE_NO_END, &content));
        }
        ws_bytes_free(&content);
    }
}

static void what_cannot_be_read(void **state)
{
    (void)state;
    struct ws_bytes *content = NULL;
    assert_false(file_read("/nonexistent/x", 10, "that", FILE_NO_END, &content));
    assert_int_equal(errno, ENOENT);
    assert_false(file_read("/", 10, "that", FILE_NO_END, &content));
    assert_int_equal(errno, EISDIR);
    ws_bytes_free(&content);
}

static void a_pipe_until_the_end_of_time(void **state)
{
    (void)state;
    struct ws_bytes *content = NULL;
    assert_false(file_read(path, 10, "that", ws_clock_us() + 10000, &content));
    assert_int_equal(errno, ETIMEDOUT);
    int fd = open(path, O_RDWR);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_false(file_read(path, 10, "that", ws_clock_us() + 10000, &content)); /* it may go on */
    assert_int_equal(errno, ETIMEDOUT);
    close(fd);
    ws_bytes_free(&content);
}

static void a_pipe_that_is_written_to(void **state)
{
    (void)state;
    struct ws_bytes *content = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(path, O_WRONLY); /* waits for the reader */
        _exit(write(fd, "hello", 5) == 5 ? 0 : 1);
    }
    assert_true(file_read(path, 10, "that", FILE_NO_END, &content));
    assert_int_equal(ws_bytes_len(content), 5);
    assert_memory_equal(ws_bytes_data(content), "hello", 5);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    ws_bytes_free(&content);
}

/* As with a loop that reads its signals from a descriptor. */
static void a_signal_ends_the_wait(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t term;
        struct ws_bytes *content = NULL;
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        sigprocmask(SIG_BLOCK, &term, NULL);
        raise(SIGTERM);
        file_read(path, 10, "that", FILE_NO_END, &content);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_pipe, remove_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files),
        TEST(what_cannot_be_read),
        TEST(a_pipe_until_the_end_of_time),
        TEST(a_pipe_that_is_written_to),
        TEST(a_signal_ends_the_wait),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
