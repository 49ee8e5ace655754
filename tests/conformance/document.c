/*
 * Checks docs/protocol.md: its table of errors against the library's table, its list of MUSTs
 * against the rows and tests that it names as proof.
 */
#include "conformance.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_errors(struct buf *out)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    buf_text(out, "| name | category | close | HTTP | log | section | explanation |\n");
    buf_text(out, "|---|---|---|---|---|---|---|\n");
    for (int i = WS_MORE + 1; i < WS_ERROR_COUNT; i++) {
        const struct ws_error_info *info = ws_error_info((enum ws_error)i);
        char section[64], close[16] = "", status[16] = "";
        if (info->close_code)
            snprintf(close, sizeof close, "%u", info->close_code);
        if (info->http_status)
            snprintf(status, sizeof status, "%u", info->http_status);
        buf_format(out, "| %s | %s | %s | %s | %s | %s | %s |\n", info->name,
                   ws_category_name(info->category), close, status, levels[info->level],
                   ws_error_section((enum ws_error)i, section, sizeof section), info->explanation);
    }
}

void document_print_errors(void)
{
    struct buf table = {0};
    print_errors(&table);
    fputs(table.p, stdout);
    buf_free(&table);
}

static bool read_file(const char *path, struct buf *out)
{
    char chunk[4096];
    size_t got;
    FILE *file = fopen(path, "r");
    buf_add(out, "", 0);
    if (!file)
        return false;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_add(out, chunk, got);
    fclose(file);
    return true;
}

void document_check_errors(const char *path)
{
    struct buf text = {0}, table = {0};
    bool there = read_file(path, &text);
    print_errors(&table);
    const char *begin = strstr(text.p, "| name | category | close |");
    bool same = begin && strncmp(begin, table.p, table.len) == 0 && begin[table.len] != '|';
    tap(there && same, "%s: the table of errors is the library's", path);
    if (!same)
        tap_note("replace it by what conformance --errors prints");
    buf_free(&text);
    buf_free(&table);
}

/* Does the file declare such a test, in either form? */
static bool declares_test(const char *path, bool bats, const char *test)
{
    char name[256];
    struct buf text = {0};
    if (!read_file(path, &text))
        return false;
    snprintf(name, sizeof name, bats ? "@test \"%s\" {" : "cmocka_unit_test(%s)", test);
    bool found = strstr(text.p, name) != NULL;
    /* Some files have a macro for tests that share a set-up. */
    snprintf(name, sizeof name, "TEST(%s)", test);
    found = found || strstr(text.p, name) != NULL;
    buf_free(&text);
    return found;
}

/* "test_frame.c:name", "close.bats:name": is there such a test? */
static bool test_exists(const char *reference)
{
    static const char *const folders[] = {"unit/*", "unit/*/*", "cli/*"};
    const char *colon = strchr(reference, ':');
    if (!colon)
        return false;
    bool bats = colon - reference > 5 && strncmp(colon - 5, ".bats", 5) == 0;
    bool found = false;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !found; i++) {
        char pattern[256];
        glob_t files;
        snprintf(pattern, sizeof pattern, "tests/%s/%.*s", folders[i], (int)(colon - reference),
                 reference);
        if (glob(pattern, 0, NULL, &files) != 0)
            continue;
        for (size_t k = 0; k < files.gl_pathc && !found; k++)
            found = declares_test(files.gl_pathv[k], bats, colon + 1);
        globfree(&files);
    }
    return found;
}

/* Every name in backquotes must be a row or a test, and there must be at least one. */
static bool proof_holds(const char *proof, const struct rows *rows, struct buf *wrong)
{
    unsigned proofs = 0;
    for (const char *p = strchr(proof, '`'); p; p = strchr(p, '`')) {
        const char *end = strchr(++p, '`');
        if (!end)
            break;
        char *name = must_copy(p, (size_t)(end - p));
        if (rows_find(rows, name) || test_exists(name))
            proofs++;
        else
            buf_format(wrong, "%s%s", wrong->len ? ", " : "no such row or test: ", name);
        free(name);
        p = end + 1;
    }
    if (proofs == 0 && wrong->len == 0)
        buf_text(wrong, "no row and no test is named");
    return wrong->len == 0;
}

void document_check_musts(const char *path, const struct rows *rows)
{
    struct buf text = {0};
    unsigned musts = 0;
    bool in_table = false;
    read_file(path, &text);

    char *rest = NULL;
    for (char *line = strtok_r(text.p, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        static const char absent[] = "not built:";
        char *cells[CELLS_MAX];
        size_t count = table_cells(line, cells);
        if (count == 5 && strcmp(cells[0], "RFC") == 0 && strcmp(cells[4], "proof") == 0) {
            in_table = true;
        } else if (count != 5) {
            in_table = in_table && count > 0;
        } else if (in_table && strncmp(cells[0], "--", 2) != 0) {
            struct buf wrong = {0};
            musts++;
            if (strncmp(cells[4], absent, strlen(absent)) == 0) {
                /* Not built: neither a proof nor a missing one. */
            } else {
                tap(proof_holds(cells[4], rows, &wrong), "MUST %s: %s", cells[0], cells[2]);
                if (wrong.len)
                    tap_note(wrong.p);
            }
            buf_free(&wrong);
        }
        for (size_t i = 0; i < count; i++)
            free(cells[i]);
    }
    tap(musts > 50, "%s lists the MUSTs: %u", path, musts);
    buf_free(&text);
}
