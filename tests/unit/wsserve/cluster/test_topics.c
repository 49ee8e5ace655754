#include "cmd/wsserve/cluster/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct topics topics;
static char asked[256];

/* What Redis is asked for now: "+" and "-" before names. */
static const char *ask(void)
{
    struct topic *topic;
    bool subscribe;
    asked[0] = '\0';
    while (topics_next_due(&topics, &topic, &subscribe)) {
        size_t used = strlen(asked);
        snprintf(asked + used, sizeof asked - used, "%c%.*s ", subscribe ? '+' : '-',
                 (int)topic->len, topic->name);
        if (!subscribe)
            topics_forget(&topics, topic);
    }
    return asked;
}

static void subscribed_while_there_are_members(void **state)
{
    (void)state;
    assert_true(topics_init(&topics, "chat"));
    assert_true(topics_add_member(&topics, NULL, 0));
    assert_true(topics_add_member(&topics, "/a", 2));
    assert_true(topics_add_member(&topics, "/a", 2)); /* another loop */
    assert_true(topics_add_member(&topics, "/b", 2));
    topics_remove_member(&topics, "/b", 2); /* before Redis was asked */
    assert_string_equal(ask(), "+{chat} +{chat}/a ");
    assert_null(topics_find(&topics, "/b", 2));
    topics_remove_member(&topics, "/a", 2);
    assert_string_equal(ask(), "");
    topics_remove_member(&topics, "/a", 2);
    topics_remove_member(&topics, "/a", 2); /* one too many is none */
    assert_true(topics_add_member(&topics, "/a", 2));
    assert_string_equal(ask(), "");
    topics_lost(&topics);
    topics_remove_member(&topics, "/a", 2);
    assert_string_equal(ask(), "+{chat} ");
    topics_free(&topics);
}

static void found_by_either_name(void **state)
{
    (void)state;
    assert_true(topics_init(&topics, "chat"));
    assert_true(topics_add_member(&topics, NULL, 0));
    assert_true(topics_add_member(&topics, "/a", 2));
    const struct topic *everyone = topics_find(&topics, NULL, 0),
                       *a = topics_find(&topics, "/a", 2);
    assert_ptr_equal(topics_find_channel(&topics, "{chat}", 6), everyone);
    assert_ptr_equal(topics_find_channel(&topics, "{chat}/a", 8), a);
    assert_true(everyone->everyone && !a->everyone);
    assert_memory_equal(topic_group(a), "/a", 2);
    assert_null(topics_find_channel(&topics, "{chat}/b", 8));
    assert_null(topics_find_channel(&topics, "{chat", 5));
    assert_null(topics_find_channel(&topics, "{char}/a", 8));
    assert_null(topics_find(&topics, "", 0));
    assert_int_not_equal(everyone->place >> 32, a->place >> 32);
    topics_free(&topics);
}

static void other_nodes(void **state)
{
    (void)state;
    assert_true(topics_init(&topics, "chat"));
    assert_true(topics_add_member(&topics, NULL, 0));
    struct topic *topic = topics_find(&topics, NULL, 0);
    assert_int_equal(topic_note(topic, 7, 100), 0); /* the first counts from there */
    assert_int_equal(topic_note(topic, 7, 101), 0);
    assert_int_equal(topic_note(topic, 8, 1), 0);
    assert_int_equal(topic_note(topic, 7, 105), 3);
    assert_int_equal(topic_note(topic, 7, 105), -1);
    assert_int_equal(topic_note(topic, 8, 2), 0);
    assert_int_equal(topic_note(topic, 8, 0), 0); /* not counted by its node */
    /* Any number of nodes takes bounded memory. */
    for (uint64_t node = 1000; node < 1000 + 3 * TOPICS_NODES_MAX; node++)
        assert_int_equal(topic_note(topic, node, 5), 0);
    assert_true(topic->node_count <= TOPICS_NODES_MAX);
    assert_true(topic->node_capacity <= TOPICS_NODES_MAX);
    assert_int_equal(topic_note(topic, 1000 + 3 * TOPICS_NODES_MAX - 1, 5), -1);
    topics_free(&topics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscribed_while_there_are_members),
        cmocka_unit_test(found_by_either_name),
        cmocka_unit_test(other_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
