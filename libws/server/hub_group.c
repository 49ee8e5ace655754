#include "libws/server/hub_private.h"

#include "libws/conn/conn_owner.h"
#include <ws/conn.h>

#include <stdlib.h>
#include <string.h>

static struct ws_group *group_of(struct ws_hash_node *by_name)
{
    return by_name ? ws_container_of(by_name, struct ws_group, by_name) : NULL;
}

struct ws_group *ws_hub_find_group(struct ws_hub *hub, const char *name, size_t len)
{
    struct ws_group *group = group_of(ws_hash_find(&hub->groups, ws_hash_bytes(name, len)));
    while (group && (group->len != len || memcmp(group->name, name, len) != 0))
        group = group_of(ws_hash_next(&group->by_name));
    return group;
}

struct ws_group *ws_hub_need_group(struct ws_hub *hub, const char *name, size_t len)
{
    struct ws_group *group = ws_hub_find_group(hub, name, len);
    if (group)
        return group;
    group = calloc(1, sizeof *group + len);
    if (!group)
        return NULL;
    group->len = len;
    memcpy(group->name, name, len);
    ws_hash_add(&hub->groups, &group->by_name, ws_hash_bytes(name, len));
    return group;
}

void ws_hub_drop_if_empty(struct ws_hub *hub, struct ws_group *group)
{
    if (group->members || group->due || group == hub->everyone)
        return;
    ws_hash_remove(&hub->groups, &group->by_name);
    free(group);
}

void ws_hub_observe(struct ws_hub *hub, struct ws_hub_observer *observer)
{
    hub->observer = observer;
}

bool ws_hub_join(struct ws_conn *conn, const char *name, size_t len)
{
    struct ws_hub *hub = ws_server_env(conn)->hub;
    struct ws_conn_cold_slot *slot = ws_conn_make_cold_slot(conn);
    struct ws_member *member = malloc(sizeof *member);
    struct ws_group *group = member && slot ? ws_hub_need_group(hub, name, len) : NULL;
    bool noticed = group && (group->members || !hub->observer ||
                             hub->observer->occupied(hub->observer, name, len));
    if (!noticed) {
        if (group)
            ws_hub_drop_if_empty(hub, group);
        free(member);
        return false;
    }
    *member = (struct ws_member){group, conn, group->members, NULL};
    if (group->members)
        group->members->prev = member;
    group->members = member;
    if (slot->group_member)
        ws_hub_leave(conn); /* the new group has a member, and stays even if it is the same */
    slot->group_member = member;
    return true;
}

void ws_hub_leave(struct ws_conn *conn)
{
    struct ws_hub *hub = ws_server_env(conn)->hub;
    struct ws_member *member = ws_conn_cold_slot(conn)->group_member;
    if (!member)
        return;
    if (member->prev)
        member->prev->next = member->next;
    else
        member->group->members = member->next;
    if (member->next)
        member->next->prev = member->prev;
    if (!member->group->members && hub->observer)
        hub->observer->vacated(hub->observer, member->group->name, member->group->len);
    ws_hub_drop_if_empty(hub, member->group);
    free(member);
    ws_conn_make_cold_slot(conn)->group_member = NULL; /* there is one: it cannot fail */
}

const char *ws_hub_group(const struct ws_conn *conn, size_t *len)
{
    const struct ws_member *member = ws_conn_cold_slot(conn)->group_member;
    if (!member)
        return NULL;
    *len = member->group->len;
    return member->group->name;
}
