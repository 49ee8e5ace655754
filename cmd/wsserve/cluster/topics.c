#include "cmd/wsserve/cluster/topics.h"

#include "cmd/wsserve/cluster/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct topic *topic_of(struct ws_hash_node *by_name)
{
    return (struct topic *)by_name; /* its first field */
}

bool topics_init(struct topics *topics, const char *channel)
{
    *topics = (struct topics){0};
    /* Redis's cluster keeps what has the same name in braces on one of its servers, so that one
     * connection subscribes to all groups, and everything arrives in the order of publishing. */
    int len = asprintf(&topics->prefix, "{%s}", channel);
    if (len < 0) {
        topics->prefix = NULL;
        return false;
    }
    topics->prefix_len = (size_t)len;
    return true;
}

void topics_free(struct topics *topics)
{
    for (size_t i = 0; topics->prefix && i < ws_hash_chains(&topics->by_name); i++)
        for (struct ws_hash_node *at = ws_hash_chain(&topics->by_name, i), *next; at; at = next) {
            next = at->next;
            free(topic_of(at)->nodes);
            free(topic_of(at));
        }
    ws_hash_table_free(&topics->by_name);
    free(topics->prefix);
    *topics = (struct topics){0};
}

struct topic *topics_find(const struct topics *topics, const char *group, size_t len)
{
    struct topic *topic =
        topic_of(ws_hash_find(&topics->by_name, group ? ws_hash_bytes(group, len) : 0));
    while (topic && (topic->everyone != !group || topic->group_len != len ||
                     (len > 0 && memcmp(topic_group(topic), group, len) != 0)))
        topic = topic_of(ws_hash_next(&topic->by_name));
    return topic;
}

struct topic *topics_find_channel(const struct topics *topics, const char *channel, size_t len)
{
    if (len < topics->prefix_len || memcmp(channel, topics->prefix, topics->prefix_len) != 0)
        return NULL;
    len -= topics->prefix_len;
    return topics_find(topics, len > 0 ? channel + topics->prefix_len : NULL, len);
}

static void make_due(struct topics *topics, struct topic *topic)
{
    if (topic->due)
        return;
    topic->due = true;
    topic->next_due = NULL;
    if (!topics->due)
        topics->tail = &topics->due;
    *topics->tail = topic;
    topics->tail = &topic->next_due;
}

static struct topic *make_topic(struct topics *topics, const char *group, size_t len)
{
    struct topic *topic = calloc(1, sizeof *topic + topics->prefix_len + len);
    if (!topic)
        return NULL;
    topic->everyone = !group;
    topic->group_len = len;
    topic->len = topics->prefix_len + len;
    topic->place = (uint64_t)++topics->series << 32;
    memcpy(topic->name, topics->prefix, topics->prefix_len);
    if (len > 0)
        memcpy(topic->name + topics->prefix_len, group, len);
    ws_hash_add(&topics->by_name, &topic->by_name, group ? ws_hash_bytes(group, len) : 0);
    return topic;
}

bool topics_add_member(struct topics *topics, const char *group, size_t len)
{
    struct topic *topic = topics_find(topics, group, len);
    if (!topic)
        topic = make_topic(topics, group, len);
    if (!topic)
        return false;
    if (topic->members++ == 0)
        make_due(topics, topic);
    return true;
}

void topics_remove_member(struct topics *topics, const char *group, size_t len)
{
    struct topic *topic = topics_find(topics, group, len);
    if (topic && topic->members > 0 && --topic->members == 0)
        make_due(topics, topic);
}

void topics_forget(struct topics *topics, struct topic *topic)
{
    ws_hash_remove(&topics->by_name, &topic->by_name);
    free(topic->nodes);
    free(topic);
}

bool topics_next_due(struct topics *topics, struct topic **topic, bool *subscribe)
{
    while (topics->due) {
        struct topic *next = topics->due;
        topics->due = next->next_due;
        next->due = false;
        *subscribe = next->members > 0;
        if (*subscribe != next->subscribed) {
            next->subscribed = *subscribe;
            *topic = next;
            return true;
        }
        if (next->members == 0)
            topics_forget(topics, next);
    }
    return false;
}

void topics_lost(struct topics *topics)
{
    for (size_t i = 0; i < ws_hash_chains(&topics->by_name); i++)
        for (struct ws_hash_node *at = ws_hash_chain(&topics->by_name, i); at; at = at->next) {
            topic_of(at)->subscribed = false;
            make_due(topics, topic_of(at));
        }
}

/* Where another node's last place is kept; NULL without memory for the first. */
static struct topic_node *make_node(struct topic *topic)
{
    if (topic->node_count == topic->node_capacity && topic->node_count < TOPICS_NODES_MAX) {
        unsigned capacity = topic->node_capacity ? topic->node_capacity * 2 : 4;
        struct topic_node *nodes = realloc(topic->nodes, capacity * sizeof *nodes);
        if (nodes) {
            topic->nodes = nodes;
            topic->node_capacity = capacity;
        }
    }
    if (topic->node_count < topic->node_capacity)
        return &topic->nodes[topic->node_count++];
    if (topic->node_count == 0)
        return NULL;
    topic->node_oldest %= topic->node_count;
    return &topic->nodes[topic->node_oldest++];
}

int64_t topic_note(struct topic *topic, uint64_t node, uint64_t place)
{
    if (place == 0)
        return 0;
    for (unsigned i = 0; i < topic->node_count; i++)
        if (topic->nodes[i].node == node) {
            int64_t missing = envelope_missing(topic->nodes[i].last, place);
            if (missing >= 0)
                topic->nodes[i].last = place;
            return missing;
        }
    struct topic_node *made = make_node(topic);
    if (made)
        *made = (struct topic_node){node, place};
    return 0;
}
