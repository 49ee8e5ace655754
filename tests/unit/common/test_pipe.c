#include "cmd/common/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void a_pipe_of_our_own_does_not_block(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    int own = pipe_reopen(ends[0], O_RDONLY);
    assert_true(own > ends[1]);
    assert_int_equal(read(own, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(fcntl(own, F_GETFD) & FD_CLOEXEC);
    assert_false(fcntl(ends[0], F_GETFL) & O_NONBLOCK); /* what others share is as it was */
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(read(own, &byte, 1), 1);
    close(own);
    close(ends[0]);
    close(ends[1]);
}

static void a_file_is_not_opened_again(void **state)
{
    (void)state;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pipe_reopen(fd, O_RDONLY), -1);
    close(fd);
    assert_int_equal(pipe_reopen(fd, O_RDONLY), -1);
}

static void a_pipe_grows_and_never_shrinks(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    int before = fcntl(ends[1], F_GETPIPE_SZ);
    pipe_enlarge(ends[1]);
    int after = fcntl(ends[0], F_GETPIPE_SZ);
    assert_true(after == 1 << 20 || after == before); /* this user may have too many already */
    if (fcntl(ends[0], F_SETPIPE_SZ, 2 << 20) == 2 << 20) {
        pipe_enlarge(ends[0]);
        assert_int_equal(fcntl(ends[0], F_GETPIPE_SZ), 2 << 20);
    }
    close(ends[0]);
    close(ends[1]);
    pipe_enlarge(ends[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_of_our_own_does_not_block),
        cmocka_unit_test(a_file_is_not_opened_again),
        cmocka_unit_test(a_pipe_grows_and_never_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
