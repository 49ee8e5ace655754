#include "conformance.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t table_cells(const char *line, char *cells[CELLS_MAX])
{
    size_t count = 0;
    if (*line != '|')
        return 0;
    for (line++; count < CELLS_MAX; line = strchr(line, '|') + 1) {
        const char *end = strchr(line, '|');
        if (!end)
            break;
        while (line < end && isspace((unsigned char)*line))
            line++;
        const char *last = end;
        while (last > line && isspace((unsigned char)last[-1]))
            last--;
        cells[count++] = must_copy(line, (size_t)(last - line));
    }
    return count;
}

/* Removes the backquotes from a cell that is all code. */
static void strip_code(char *cell)
{
    size_t len = strlen(cell);
    if (len < 2 || cell[0] != '`' || cell[len - 1] != '`')
        return;
    memmove(cell, cell + 1, len - 2);
    cell[len - 2] = '\0';
}

static void free_cells(char *cells[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(cells[i]);
}

bool rows_read(struct rows *rows, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;

    const char *slash = strrchr(path, '/');
    const char *stem = slash ? slash + 1 : path;
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    bool in_table = false, fine = true;

    while (getline(&line, &size, file) > 0) {
        char *cells[CELLS_MAX];
        size_t count = table_cells(line, cells);
        number++;
        if (count == 0 || (!in_table && strcmp(cells[0], "id") != 0)) {
            in_table = in_table && count > 0;
            free_cells(cells, count);
            continue;
        }
        if (!in_table || strncmp(cells[0], "--", 2) == 0) {
            in_table = true;
            free_cells(cells, count);
            continue;
        }
        if (count != 7) {
            printf("# %s:%u: a row has 7 cells, this one %zu\n", path, number, count);
            free_cells(cells, count);
            fine = false;
            continue;
        }
        strip_code(cells[4]);
        strip_code(cells[5]);
        rows->all = must_grow(rows->all, (rows->count + 1) * sizeof *rows->all);
        rows->all[rows->count++] = (struct row){
            .file = must_copy(stem, strcspn(stem, ".")),
            .id = cells[0],
            .autobahn = cells[1],
            .section = cells[2],
            .run = cells[3],
            .feed = cells[4],
            .events = cells[5],
            .answer = cells[6],
            .line = number,
        };
    }
    free(line);
    fclose(file);
    return fine;
}

const struct row *rows_find(const struct rows *rows, const char *id)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->all[i].id, id) == 0)
            return &rows->all[i];
    return NULL;
}

void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->all[i];
        char *cells[] = {row->file, row->id,   row->autobahn, row->section,
                         row->run,  row->feed, row->events,   row->answer};
        free_cells(cells, sizeof cells / sizeof cells[0]);
    }
    free(rows->all);
    *rows = (struct rows){0};
}

bool setting_read(const char *cell, struct setting *setting, struct buf *problem)
{
    *setting = (struct setting){.params = {.server_bits = 15, .client_bits = 15}};
    while (*cell) {
        char word[64];
        size_t n = strcspn(cell, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, cell);
        cell += n + (cell[n] == ' ');
        if (n == 0)
            continue;
        if (strcmp(word, "server") == 0)
            setting->server = true;
        else if (strcmp(word, "client") == 0)
            setting->client = true;
        else if (strcmp(word, "both") == 0)
            setting->server = setting->client = true;
        else if (strcmp(word, "http") == 0)
            setting->http = true;
        else if (strcmp(word, "whole") == 0)
            setting->whole = true;
        else if (strcmp(word, "chunks") == 0)
            setting->chunks = true;
        else if (strcmp(word, "frames") == 0)
            setting->frames = true;
        else if (strncmp(word, "max=", 4) == 0)
            setting->max_message = strtoull(word + 4, NULL, 10);
        else if (strncmp(word, "head=", 5) == 0)
            setting->max_head = (uint32_t)strtoul(word + 5, NULL, 10);
        else if (strncmp(word, "chop=", 5) == 0)
            setting->chop = strtoul(word + 5, NULL, 10);
        else if (strcmp(word, "deflate") == 0)
            setting->deflate = true;
        else if (strcmp(word, "willing") == 0)
            setting->willing = true;
        else if (strcmp(word, "server-alone") == 0)
            setting->params.server_no_takeover = true;
        else if (strcmp(word, "client-alone") == 0)
            setting->params.client_no_takeover = true;
        else if (strncmp(word, "server-bits=", 12) == 0)
            setting->params.server_bits = (uint8_t)atoi(word + 12);
        else if (strncmp(word, "client-bits=", 12) == 0)
            setting->params.client_bits = (uint8_t)atoi(word + 12);
        else if (strncmp(word, "offer=", 6) == 0) {
            size_t count = 0;
            char *rest;
            snprintf(setting->offer_text, sizeof setting->offer_text, "%s", word + 6);
            for (char *p = strtok_r(setting->offer_text, ",", &rest); p && count < 7;
                 p = strtok_r(NULL, ",", &rest))
                setting->offer[count++] = p;
        } else {
            buf_format(problem, "an unknown word in the run cell: %s", word);
            return false;
        }
    }
    if (!setting->server && !setting->client) {
        buf_text(problem, "the run cell names no role");
        return false;
    }
    if (!setting->whole && !setting->chunks)
        setting->whole = setting->chunks = true;
    return true;
}
