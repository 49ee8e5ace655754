#include "cmd/common/spool/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char folder[] = "/tmp/test_spool.XXXXXX";

static char *in_folder(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static size_t lost(void *context, uint64_t count, char *text, size_t size)
{
    (void)context;
    return (size_t)snprintf(text, size, "lost %llu\n", (unsigned long long)count);
}

static struct spool *begin(size_t capacity)
{
    struct spool *spool = spool_new(&(struct spool_options){.capacity = capacity, .lost = lost});
    assert_non_null(spool);
    return spool;
}

static bool put(struct spool *spool, struct spool_file *file, const char *text)
{
    return spool_put(spool, file, text, strlen(text));
}

static void expect_content(const char *path, const char *expected)
{
    char text[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Waits until all is written. */
static void settle(struct spool *spool)
{
    while (spool_waiting(spool) > 0)
        nap();
}

static void test_in_order(void **state)
{
    (void)state;
    char path[64], expected[20000] = "";
    struct spool *spool = begin(1 << 20);
    struct spool_file *file =
        spool_open(spool, AT_FDCWD, in_folder("order", path, sizeof path), 0600, true);
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d\n", i);
        assert_true(put(spool, file, line));
        strcat(expected, line);
    }
    assert_true(spool_free(spool, 10000));
    expect_content(path, expected);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static unsigned threads(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count - 2; /* "." and ".." */
}

/* Without work there is no second thread; what is put later is written all the same, as is what has
 * no thread yet when the end comes. */
static void test_rest(void **state)
{
    (void)state;
    char path[64];
    unsigned before = threads();
    struct spool *spool = begin(1 << 20);
    struct spool_file *file =
        spool_open(spool, AT_FDCWD, in_folder("rest", path, sizeof path), 0600, true);
    assert_non_null(file);
    for (int i = 0; i < 2; i++) {
        while (threads() > before)
            nap();
        assert_true(put(spool, file, "again\n"));
        settle(spool);
    }
    expect_content(path, "again\nagain\n");
    while (threads() > before)
        nap();
    assert_true(put(spool, file, "last\n"));
    assert_true(spool_free(spool, 10000));
    while (threads() > before) /* one that was joined is listed for another moment */
        nap();
    expect_content(path, "again\nagain\nlast\n");
    /* One that rests ends at once. */
    spool = begin(1 << 20);
    while (threads() > before)
        nap();
    assert_true(spool_free(spool, 0));
}

/* The number of lost pieces, summed over all notices. */
static unsigned lost_count(const char *text)
{
    unsigned sum = 0;
    while ((text = strstr(text, "lost "))) {
        text += strlen("lost ");
        sum += (unsigned)atoi(text);
    }
    return sum;
}

static unsigned whole(const char *text, const char *line)
{
    unsigned count = 0;
    for (; (text = strstr(text, line)); text += strlen(line))
        count++;
    return count;
}

/* A pipe without a reader does not block callers, memory is limited, and once the pipe is read
 * again a notice has the number of lost pieces. */
static void test_full_pipe(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct spool *spool = begin(64 * 1024);
    struct spool_file *file = spool_on(spool, ends[1]);
    char line[101];
    memset(line, 'x', sizeof line);
    line[99] = '\n';
    line[100] = '\0';
    unsigned taken = 0;
    for (int i = 0; i < LINES; i++)
        taken += put(spool, file, line);
    assert_true(taken >= 300 && taken < 5000);
    assert_true(spool_waiting(spool) <= 64 * 1024);
    assert_int_equal(spool_dropped(spool), LINES - taken);

    /* The pipe is read: all accepted lines arrive complete, and a notice of the others. */
    char *all = calloc(1, 1 << 20);
    size_t len = 0;
    while (lost_count(all) < LINES - taken || whole(all, line) < taken) {
        ssize_t n = read(ends[0], all + len, (1 << 20) - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_int_equal(lost_count(all), LINES - taken);
    assert_int_equal(whole(all, line), taken);
    assert_true(put(spool, file, "again\n"));
    assert_true(spool_free(spool, 10000));
    ssize_t n = read(ends[0], all, 100);
    assert_int_equal(n, 6);
    assert_memory_equal(all, "again\n", 6);
    free(all);
    close(ends[0]);
    close(ends[1]);
}

/* Can the kernel say of a pipe whether a write would wait? */
static bool tells_of_pipes(void)
{
    int ends[2];
    ssize_t n = -1;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
#ifdef RWF_NOWAIT
    n = pwritev2(ends[1], &(struct iovec){&(char){'x'}, 1}, 1, -1, RWF_NOWAIT);
#endif
    close(ends[0]);
    close(ends[1]);
    return n == 1;
}

/* What a pipe takes is in it when the call returns, and no thread was needed for that; where the
 * kernel cannot say whether a write would wait, a thread writes it. */
static void test_at_once(void **state)
{
    (void)state;
    int ends[2];
    char text[16] = "";
    unsigned before = threads();
    bool tells = tells_of_pipes();
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct spool *spool = begin(1 << 20);
    struct spool_file *file = spool_on(spool, ends[1]);
    for (int i = 0; i < 3; i++) {
        assert_true(put(spool, file, "at once\n"));
        assert_int_equal(read(ends[0], text, sizeof text), 8);
        if (tells)
            assert_int_equal(threads(), before);
    }
    assert_true(spool_free(spool, 10000));
    close(ends[0]);
    close(ends[1]);
}

/* A socket takes a part of a line, and the thread writes the rest: nothing comes between them. */
static void test_part_at_once(void **state)
{
    (void)state;
    enum { LINES = 40, LINE = 50000 };
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    struct spool *spool = begin(LINES * (LINE + 200));
    struct spool_file *file = spool_on(spool, ends[1]);
    char *line = malloc(LINE), *all = malloc(LINES * LINE);
    for (int i = 0; i < LINES; i++) {
        memset(line, 'a' + i % 26, LINE - 1);
        line[LINE - 1] = '\n';
        assert_true(spool_put(spool, file, line, LINE));
    }
    for (size_t len = 0; len < LINES * LINE;) {
        ssize_t n = read(ends[0], all + len, LINES * LINE - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    for (int i = 0; i < LINES; i++) {
        memset(line, 'a' + i % 26, LINE - 1);
        assert_memory_equal(all + i * LINE, line, LINE);
    }
    assert_true(spool_free(spool, 10000));
    free(line);
    free(all);
    close(ends[0]);
    close(ends[1]);
}

/* It ends although the pipe is never read. */
static void test_end_with_full_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct spool *spool = begin(1 << 20);
    struct spool_file *file = spool_on(spool, ends[1]);
    char line[1000];
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 200; i++)
        assert_true(spool_put(spool, file, line, sizeof line));
    assert_false(spool_free(spool, 50));
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close(ends[0]);
    close(ends[1]);
}

static void test_full_disk(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    struct spool *spool = begin(1 << 20);
    struct spool_file *file = spool_on(spool, fd);
    for (int i = 0; i < 10; i++)
        assert_true(put(spool, file, "line\n"));
    settle(spool);
    assert_int_equal(spool_dropped(spool), 10);
    assert_true(spool_free(spool, 10000));
    close(fd);
}

static int troubles[4];
static uint64_t missing_at_end;
static size_t trouble_count;

static void note_trouble(void *context, const char *path, int error, uint64_t missing)
{
    (void)context;
    assert_non_null(strstr(path, "trouble"));
    assert_true(trouble_count < 4);
    troubles[trouble_count++] = error;
    missing_at_end = missing;
}

/* Reported when it begins, once, and when it ends. */
static void test_trouble(void **state)
{
    char path[64], good[64];
    (void)state;
    trouble_count = 0;
    assert_int_equal(symlink("/dev/full", in_folder("trouble", path, sizeof path)), 0);
    struct spool *spool =
        spool_new(&(struct spool_options){.capacity = 65536, .trouble = note_trouble});
    struct spool_file *file = spool_open(spool, AT_FDCWD, path, 0600, true);
    assert_non_null(file);
    for (int i = 0; i < 3; i++) {
        assert_true(put(spool, file, "lost\n"));
        settle(spool);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(in_folder("good", good, sizeof good), path), 0);
    spool_reopen(spool);
    assert_true(put(spool, file, "kept\n"));
    assert_true(spool_free(spool, 10000));
    assert_int_equal(trouble_count, 2);
    assert_int_equal(troubles[0], ENOSPC);
    assert_int_equal(troubles[1], 0);
    assert_int_equal(missing_at_end, 3);
    expect_content(good, "kept\n");
}

/* A disk that is full in the middle of a line, and later is not: the next line begins on a new
 * line. */
static void test_torn_line(void **state)
{
    (void)state;
    char path[64];
    struct rlimit limit, small;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct spool *spool = begin(1 << 20);
    struct spool_file *file =
        spool_open(spool, AT_FDCWD, in_folder("torn", path, sizeof path), 0600, true);
    small = limit;
    small.rlim_cur = 4;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    put(spool, file, "line one\n");
    settle(spool);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    put(spool, file, "line two\n");
    assert_true(spool_free(spool, 10000));
    expect_content(path, "line\nlost 1\nline two\n");
}

static void test_closed_pipe(void **state)
{
    (void)state;
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    struct spool *spool = begin(1 << 20);
    struct spool_file *file = spool_on(spool, ends[1]);
    assert_true(put(spool, file, "line\n"));
    assert_true(spool_free(spool, 10000));
    close(ends[1]);
}

/* Like logrotate. */
static void test_reopen(void **state)
{
    (void)state;
    char path[64], old[64];
    struct spool *spool = begin(1 << 20);
    struct spool_file *file =
        spool_open(spool, AT_FDCWD, in_folder("log", path, sizeof path), 0600, true);
    put(spool, file, "one\n");
    settle(spool);
    assert_int_equal(rename(path, in_folder("log.1", old, sizeof old)), 0);
    put(spool, file, "two\n");
    spool_reopen(spool);
    put(spool, file, "three\n");
    assert_true(spool_free(spool, 10000));
    expect_content(old, "one\ntwo\n");
    expect_content(path, "three\n");
}

/* The file is created at once, not with the next line. */
static void test_reopen_makes_it(void **state)
{
    (void)state;
    char path[64];
    struct spool *spool = begin(1 << 20);
    assert_non_null(spool_open(spool, AT_FDCWD, in_folder("made", path, sizeof path), 0600, true));
    assert_int_equal(unlink(path), 0);
    spool_reopen(spool);
    while (!exists(path))
        nap();
    assert_true(spool_free(spool, 10000));
}

static void test_many_files(void **state)
{
    (void)state;
    enum { FILES = 200 };
    struct spool_file *files[FILES];
    char path[64], name[32];
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct spool *spool = begin(1 << 20);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "many.%d", i);
        files[i] = spool_open(spool, dir, name, 0600, false);
        assert_non_null(files[i]);
        assert_false(exists(in_folder(name, path, sizeof path)));
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < FILES; i++)
            assert_true(put(spool, files[i], round == 0 ? "one\n" : "more\n"));
    for (int i = 0; i < FILES; i++)
        spool_close(spool, files[i]);
    settle(spool);
    /* No file is left open. */
    int next = dup(dir);
    assert_true(next <= dir + 3);
    close(next);
    assert_true(spool_free(spool, 10000));
    expect_content(in_folder("many.7", path, sizeof path), "one\nmore\nmore\n");
    close(dir);
}

/* In a folder only what the spool has made itself is written. */
static void test_own_files(void **state)
{
    (void)state;
    char path[64], other[64];
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct spool *spool =
        spool_new(&(struct spool_options){.capacity = 65536, .trouble = note_trouble});
    trouble_count = 0;
    struct spool_file *one = spool_open(spool, dir, "one.trouble", 0600, false);
    struct spool_file *two = spool_open(spool, dir, "two.trouble", 0600, false);
    in_folder("one.trouble", path, sizeof path);
    in_folder("two.trouble", other, sizeof other);
    assert_true(put(spool, one, "first\n"));
    settle(spool);
    assert_int_equal(link(path, other), 0);
    assert_true(put(spool, two, "lost\n"));
    settle(spool);
    assert_int_equal(trouble_count, 1);
    assert_int_equal(troubles[0], EEXIST);
    assert_true(put(spool, one, "second\n"));
    settle(spool);
    assert_int_equal(trouble_count, 1);
    expect_content(path, "first\nsecond\n");
    /* Removed, it is made again; replaced, it is not written. */
    assert_int_equal(unlink(path), 0);
    assert_true(put(spool, two, "lost\n"));
    assert_true(put(spool, one, "third\n"));
    settle(spool);
    expect_content(path, "third\n");
    assert_true(put(spool, two, "lost\n"));
    settle(spool);
    assert_int_equal(rename(other, path), 0);
    assert_true(put(spool, two, "found\n"));
    settle(spool);
    assert_int_equal(trouble_count, 2);
    assert_int_equal(troubles[1], 0);
    assert_int_equal(missing_at_end, 3);
    assert_true(put(spool, one, "lost\n"));
    settle(spool);
    expect_content(path, "first\nsecond\n");
    assert_int_equal(trouble_count, 3);
    assert_int_equal(troubles[2], EEXIST);
    assert_true(spool_free(spool, 10000));
    /* Closed in trouble. */
    assert_int_equal(trouble_count, 4);
    assert_int_equal(troubles[3], EEXIST);
    assert_int_equal(missing_at_end, 1);
    close(dir);
}

static void test_large_piece(void **state)
{
    (void)state;
    char path[64];
    static char large[30001];
    memset(large, 'y', 30000);
    struct spool *spool = begin(40000);
    struct spool_file *file =
        spool_open(spool, AT_FDCWD, in_folder("large", path, sizeof path), 0600, true);
    assert_true(put(spool, file, large));
    assert_false(spool_put(spool, file, large, 40001));
    assert_true(spool_free(spool, 10000));
    large[30000] = '\0';
    char expected[30020];
    snprintf(expected, sizeof expected, "%slost 1\n", large);
    char got[30020] = "";
    FILE *in = fopen(path, "re");
    size_t n = fread(got, 1, sizeof got - 1, in);
    fclose(in);
    assert_int_equal(n, 30007);
    /* The notice comes first or last, depending on the speed of the thread. */
    assert_true(strcmp(got, expected) == 0 || strncmp(got, "lost 1\n", 7) == 0);
}

static void test_cannot_open(void **state)
{
    (void)state;
    char path[64];
    struct spool *spool = begin(1 << 20);
    errno = 0;
    assert_null(spool_open(spool, AT_FDCWD, in_folder("no/such", path, sizeof path), 0600, true));
    assert_int_equal(errno, ENOENT);
    struct spool_file *file = spool_open(spool, AT_FDCWD, path, 0600, false);
    assert_true(put(spool, file, "line\n"));
    settle(spool);
    assert_int_equal(spool_dropped(spool), 1);
    assert_true(spool_free(spool, 10000));
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),    cmocka_unit_test(test_rest),
        cmocka_unit_test(test_full_pipe),   cmocka_unit_test(test_end_with_full_pipe),
        cmocka_unit_test(test_at_once),     cmocka_unit_test(test_part_at_once),
        cmocka_unit_test(test_full_disk),   cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_torn_line),   cmocka_unit_test(test_closed_pipe),
        cmocka_unit_test(test_reopen),      cmocka_unit_test(test_reopen_makes_it),
        cmocka_unit_test(test_many_files),  cmocka_unit_test(test_own_files),
        cmocka_unit_test(test_large_piece), cmocka_unit_test(test_cannot_open),
    };
    return cmocka_run_group_tests_name("spool", tests, set_up, tear_down);
}
