/* The rows as JSON Lines, for those who play them over sockets. */
#include "conformance.h"

#include <stdio.h>
#include <string.h>

static void put_hex(const struct buf *buf)
{
    static const char digits[] = "0123456789abcdef";
    putchar('"');
    for (size_t i = 0; i < buf->len; i++) {
        putchar(digits[(uint8_t)buf->p[i] >> 4]);
        putchar(digits[buf->p[i] & 15]);
    }
    putchar('"');
}

static void put_deflate(const struct ws_deflate_params *params)
{
    printf("{\"server_no_context_takeover\":%s,\"client_no_context_takeover\":%s,"
           "\"server_max_window_bits\":%u,\"client_max_window_bits\":%u}",
           params->server_no_takeover ? "true" : "false",
           params->client_no_takeover ? "true" : "false", params->server_bits, params->client_bits);
}

/* The texts are in hex, so that nothing in them needs an escape. */
static bool export_role(const struct row *row, const struct setting *setting, enum ws_role role,
                        struct buf *problem)
{
    struct feed feed = {.setting = setting};
    struct buf events = {0}, answer = {0};
    bool fine = language_feed(row->feed, role, &feed, problem) &&
                language_events(row->events, &feed, &events, problem);
    buf_text(&answer, row->answer);
    if (fine) {
        printf("{\"id\":\"%s\",\"page\":\"%s\",\"autobahn\":\"%s\",\"role\":\"%s\",\"chop\":%zu,"
               "\"max\":%llu,\"whole\":%s,\"http\":%s,\"actions\":%zu,\"deflate\":",
               row->id, row->file, row->autobahn, role == WS_ROLE_SERVER ? "server" : "client",
               setting->chop, (unsigned long long)setting->max_message,
               setting->whole ? "true" : "false", setting->http ? "true" : "false",
               feed.action_count);
        if (setting->deflate)
            put_deflate(&setting->params);
        else
            fputs("null", stdout);
        fputs(",\"feed\":", stdout);
        put_hex(&feed.bytes);
        fputs(",\"events\":", stdout);
        put_hex(&events);
        fputs(",\"answer\":", stdout);
        put_hex(&answer);
        puts("}");
    }
    feed_free(&feed);
    buf_free(&events);
    buf_free(&answer);
    return fine;
}

bool rows_export(const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct setting setting;
        struct buf problem = {0};
        const struct row *row = &rows->all[i];
        bool fine = setting_read(row->run, &setting, &problem);
        /* Refusals depend on a program's settings; what is agreed on does not. */
        bool upgraded = !setting.http || (setting.deflate && !setting.client &&
                                          strncmp(row->answer, "101 ", 4) == 0);
        if (fine && upgraded)
            fine = (!setting.server || export_role(row, &setting, WS_ROLE_SERVER, &problem)) &&
                   (!setting.client || export_role(row, &setting, WS_ROLE_CLIENT, &problem));
        if (!fine)
            fprintf(stderr, "%s.md:%u: %s\n", row->file, row->line, problem.p ? problem.p : "?");
        buf_free(&problem);
        if (!fine)
            return false;
    }
    return true;
}
