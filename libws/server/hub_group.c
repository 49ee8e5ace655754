#include "libws/server/hub_private.h"

#include <stdlib.h>
#include <string.h>

static struct ws_group **bucket(struct ws_hub *hub, const char *name, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return &hub->buckets[hash % WS_GROUP_BUCKETS];
}

struct ws_group *ws_hub_find_group(struct ws_hub *hub, const char *name, size_t len)
{
    struct ws_group *group = *bucket(hub, name, len);
    while (group && (group->len != len || memcmp(group->name, name, len) != 0))
        group = group->next;
    return group;
}

struct ws_group *ws_hub_need_group(struct ws_hub *hub, const char *name, size_t len)
{
    struct ws_group *group = ws_hub_find_group(hub, name, len), **at = bucket(hub, name, len);
    if (group)
        return group;
    group = calloc(1, sizeof *group + len);
    if (!group)
        return NULL;
    group->len = len;
    memcpy(group->name, name, len);
    group->next = *at;
    *at = group;
    return group;
}

void ws_hub_drop_if_empty(struct ws_hub *hub, struct ws_group *group)
{
    if (group->members || group->due || group == hub->everyone)
        return;
    struct ws_group **at = bucket(hub, group->name, group->len);
    while (*at != group)
        at = &(*at)->next;
    *at = group->next;
    free(group);
}

bool ws_hub_join(struct ws_conn *conn, const char *name, size_t len)
{
    struct ws_hub *hub = conn->env->hub;
    struct ws_member *member = malloc(sizeof *member);
    struct ws_group *group =
        member && ws_conn_cold(conn) ? ws_hub_need_group(hub, name, len) : NULL;
    if (!group) {
        free(member);
        return false;
    }
    *member = (struct ws_member){group, conn, group->members, NULL};
    if (group->members)
        group->members->prev = member;
    group->members = member;
    if (conn->cold->member)
        ws_hub_leave(conn); /* the new one has a member, and stays even if it is the same */
    conn->cold->member = member;
    return true;
}

void ws_hub_leave(struct ws_conn *conn)
{
    struct ws_member *member = conn->cold->member;
    if (!member)
        return;
    if (member->prev)
        member->prev->next = member->next;
    else
        member->group->members = member->next;
    if (member->next)
        member->next->prev = member->prev;
    ws_hub_drop_if_empty(conn->env->hub, member->group);
    free(member);
    conn->cold->member = NULL;
}

const char *ws_hub_group(const struct ws_conn *conn, size_t *len)
{
    if (!conn->cold->member)
        return NULL;
    *len = conn->cold->member->group->len;
    return conn->cold->member->group->name;
}
