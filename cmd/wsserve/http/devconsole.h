/*
 * devconsole: a page to talk to this server from a browser (--devconsole).
 *
 * The build embeds its sources, devconsole/page.html, page.css and page.js; here they become one
 * page, with a Content-Security-Policy that lets no other script run in it.
 */
#ifndef CMD_WSSERVE_HTTP_DEVCONSOLE_H
#define CMD_WSSERVE_HTTP_DEVCONSOLE_H

#include <ws/conn.h>

#include <stddef.h>

struct devconsole;

/* `path`: of WebSockets; NULL: the page's own. NULL without memory. Constant after that: any thread
 * may answer with it. */
struct devconsole *devconsole_new(const char *path);
void devconsole_free(struct devconsole *console);

/* The page; belongs to the console. */
const char *devconsole_page(const struct devconsole *console, size_t *len);

/* Its Content-Security-Policy for a client that calls this server `host` (a Host header): its own
 * style and script by their hashes, connections to that host, nothing else. Writes at most `size`
 * bytes with the NUL. */
void devconsole_policy(const struct devconsole *console, struct ws_str host, char *text,
                       size_t size);

void devconsole_answer(const struct devconsole *console, struct ws_conn *conn,
                       const struct ws_request *request);

#endif
