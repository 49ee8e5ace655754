/*
 * Runs a fuzz target over files and over the files in folders, and prints TAP. Linked with one
 * target at a time, but not under libFuzzer, which has its own main program.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, room = 0, got;
    if (!file) {
        printf("not ok %u - %s cannot be opened\n", ++count, path);
        return 1;
    }
    do {
        room = room ? room * 2 : 4096;
        data = realloc(data, room);
        if (!data)
            abort();
        got = fread(data + size, 1, room - size, file);
        size += got;
    } while (size == room);
    fclose(file);

    /* exactly as large as the input, so that ASan detects reads beyond it */
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        abort();
    memcpy(exact, data, size);
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    printf("ok %u - %s\n", ++count, path);
    fflush(stdout); /* the target may abort */
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int replay(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return replay_file(path);

    struct dirent **entries;
    int failures = 0, n = scandir(path, &entries, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char name[4096];
        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
            failures += replay(name);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;
    if (argc < 2) {
        fputs("usage: fuzz_X FILE-OR-FOLDER...\n", stderr);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        failures += replay(argv[i]);
    printf("1..%u\n", count);
    return failures ? 1 : 0;
}
