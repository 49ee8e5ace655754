/*
 * topics: the channels of Redis that a node has to do with: one for everyone, one for each group
 * that has members here.
 *
 * Keeps which of them are to be subscribed and which are, the number of the next message to each,
 * and the last one of each other node, from which missing ones are counted. Used by cluster, which
 * talks to Redis. One thread's.
 */
#ifndef CMD_WSSERVE_CLUSTER_TOPICS_H
#define CMD_WSSERVE_CLUSTER_TOPICS_H

#include "libws/io/hash_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOPICS_NODES_MAX = 1024 }; /* other nodes of a topic that are remembered */

struct topic_node {
    uint64_t node;
    uint64_t last; /* place of its last message */
};

struct topic {
    struct ws_hash_node by_name;
    struct topic *next_due;
    bool due;         /* to be subscribed, or not any more */
    bool subscribed;  /* Redis was asked to, on this connection */
    bool everyone;    /* else a group's */
    unsigned members; /* loops on which the group has members; 1 of everyone's */
    uint64_t place;   /* of the last message that was sent to it */
    struct topic_node *nodes;
    unsigned node_count, node_capacity, node_oldest;
    size_t group_len, len;
    char name[]; /* "{CHANNEL}" and the group's name after it, `len` bytes, which Redis calls it */
};

struct topics {
    struct ws_hash_table by_name;
    struct topic *due;   /* in the order in which they became so */
    struct topic **tail; /* of `due`; NULL before the first */
    char *prefix;        /* "{CHANNEL}" */
    size_t prefix_len;
    uint32_t series; /* of the newest topic: see envelope.h */
};

/* False without memory. */
bool topics_init(struct topics *topics, const char *channel);
void topics_free(struct topics *topics);

/* The topic of a group, or of everyone (`group` NULL); NULL: there is none. */
struct topic *topics_find(const struct topics *topics, const char *group, size_t len);

/* The topic of a channel that Redis names. */
struct topic *topics_find_channel(const struct topics *topics, const char *channel, size_t len);

/* A loop more, or less, has members of the group; the topic is made, and due, with the first. False
 * without memory. */
bool topics_add_member(struct topics *topics, const char *group, size_t len);
void topics_remove_member(struct topics *topics, const char *group, size_t len);

/* The name of a group, within the topic's. */
static inline const char *topic_group(const struct topic *topic)
{
    return topic->name + topic->len - topic->group_len;
}

/* Takes the next topic that is due. True: Redis is to be sent `*subscribe`, or the opposite; a
 * topic without members goes with topics_forget() after that. False: none is due. */
bool topics_next_due(struct topics *topics, struct topic **topic, bool *subscribe);
void topics_forget(struct topics *topics, struct topic *topic);

/* The connection that subscribed is lost: every topic with members is due again. */
void topics_lost(struct topics *topics);

/* A message of `node` has come: how many of its are missing before it, or -1: this one is to be
 * dropped, it came already. The first of a node counts from there. Without memory for another node,
 * and of one too many, the one that was remembered longest is forgotten. */
int64_t topic_note(struct topic *topic, uint64_t node, uint64_t place);

#endif
