#include "cmd/wsserve/access/forwarded.h"

#include <string.h>

/* Elements are read from left to right, so the last one that is no trusted proxy is the client. */
struct search {
    const struct ws_networks *trusted;
    enum ws_forwarded found;
    struct ws_address client;
};

static void look_at(struct search *search, struct ws_str node)
{
    struct ws_address address;
    bool readable = ws_address_parse(node, &address);
    if (readable && search->found != WS_FORWARDED_NONE &&
        ws_networks_have(search->trusted, &address))
        return;
    search->client = address;
    search->found = readable ? WS_FORWARDED_CLIENT : WS_FORWARDED_BROKEN;
}

/* Quotes have no meaning here, so that none can hide the elements after it. */
static void read_plain(struct search *search, struct ws_str list)
{
    while (list.len > 0) {
        const char *comma = memchr(list.p, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.p) : list.len;
        struct ws_str node = ws_str_trim((struct ws_str){list.p, len});
        if (node.len > 0)
            look_at(search, node);
        len += comma ? 1 : 0;
        list.p += len;
        list.len -= len;
    }
}

/* The value of "for" in one element, "for=192.0.2.1;proto=https", without its quotes; empty when
 * there is none or it is not alone. */
static struct ws_str for_of(struct ws_str element)
{
    struct ws_str found = {element.p, 0};
    while (element.len > 0) {
        const char *semicolon = memchr(element.p, ';', element.len);
        size_t len = semicolon ? (size_t)(semicolon - element.p) : element.len;
        struct ws_str pair = ws_str_trim((struct ws_str){element.p, len});
        if (pair.len > 4 && ws_str_equal_case((struct ws_str){pair.p, 4}, "for=")) {
            if (found.len > 0)
                return (struct ws_str){element.p, 0};
            found = (struct ws_str){pair.p + 4, pair.len - 4};
        }
        len += semicolon ? 1 : 0;
        element.p += len;
        element.len -= len;
    }
    if (found.len >= 2 && found.p[0] == '"' && found.p[found.len - 1] == '"')
        return (struct ws_str){found.p + 1, found.len - 2};
    return found;
}

static void read_standard(struct search *search, struct ws_str list)
{
    struct ws_str element;
    while (ws_http_list_next(&list, &element))
        look_at(search, for_of(element));
}

static struct search search_in(const struct ws_request *request, const char *name,
                               const struct ws_networks *trusted,
                               void (*read)(struct search *, struct ws_str))
{
    struct search search = {.trusted = trusted};
    for (int i = -1; (i = ws_http_find(request->head, request->buffer, name, i + 1)) >= 0;)
        read(&search, ws_http_value(request->head, request->buffer, (size_t)i));
    return search;
}

enum ws_forwarded ws_forwarded_client(const struct ws_request *request,
                                      const struct ws_networks *trusted,
                                      const struct ws_address *peer, struct ws_address *client)
{
    *client = *peer;
    if (!ws_networks_have(trusted, peer))
        return WS_FORWARDED_NONE;
    struct search plain = search_in(request, "X-Forwarded-For", trusted, read_plain);
    struct search standard = search_in(request, "Forwarded", trusted, read_standard);
    struct search *best = plain.found != WS_FORWARDED_NONE ? &plain : &standard;
    if (best->found == WS_FORWARDED_NONE)
        return WS_FORWARDED_NONE;
    bool differ =
        standard.found != WS_FORWARDED_NONE &&
        (standard.found != best->found || !ws_address_same_host(&standard.client, &best->client));
    if (differ || best->found == WS_FORWARDED_BROKEN) {
        *client = (struct ws_address){.kind = WS_ADDRESS_UNKNOWN};
        return WS_FORWARDED_BROKEN;
    }
    *client = best->client;
    return WS_FORWARDED_CLIENT;
}
