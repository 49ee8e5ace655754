#include "libws/io/hash_table.h"

#include <stdbool.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

struct entry {
    struct ws_hash_node node; /* first */
    unsigned key, visits;
};

enum { MANY = 1000 };
static struct entry entries[MANY];
static struct ws_hash_table table;

/* Several keys share a hash. */
static uint64_t hash_of(unsigned key)
{
    return key / 3 * UINT64_C(0x9e3779b97f4a7c15);
}

static struct entry *find(unsigned key)
{
    struct ws_hash_node *node = ws_hash_find(&table, hash_of(key));
    while (node && ((struct entry *)node)->key != key)
        node = ws_hash_next(node);
    return (struct entry *)node;
}

static void add_all(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        entries[i] = (struct entry){.key = i};
        ws_hash_add(&table, &entries[i].node, hash_of(i));
    }
}

static void what_was_added_is_found(void **state)
{
    (void)state;
    assert_null(find(0));
    add_all();
    assert_int_equal(table.count, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(find(i), &entries[i]);
    assert_null(find(MANY + 3));
    for (unsigned i = 0; i < MANY; i += 2)
        ws_hash_remove(&table, &entries[i].node);
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(find(i), i % 2 ? &entries[i] : NULL);
    assert_int_equal(table.count, MANY / 2);
    ws_hash_table_free(&table);
    assert_null(find(1));
}

static void a_visited_node_may_be_removed(void **state)
{
    (void)state;
    unsigned visited = 0;
    add_all();
    for (size_t i = 0; i < ws_hash_chains(&table); i++)
        for (struct ws_hash_node *node = ws_hash_chain(&table, i), *next; node; node = next) {
            struct entry *entry = (struct entry *)node;
            next = node->next;
            entry->visits++;
            visited++;
            if (entry->key % 5 == 0)
                ws_hash_remove(&table, node);
        }
    assert_int_equal(visited, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(entries[i].visits, 1);
    assert_int_equal(table.count, MANY - MANY / 5);
    ws_hash_table_free(&table);
}

static void one_entry_needs_no_memory(void **state)
{
    (void)state;
    ws_hash_add(&table, &entries[0].node, 7);
    assert_null(table.buckets);
    assert_ptr_equal(ws_hash_find(&table, 7), &entries[0].node);
    assert_null(ws_hash_find(&table, 8));
    ws_hash_remove(&table, &entries[0].node);
    assert_null(ws_hash_find(&table, 7));
}

static void bytes_spread(void **state)
{
    (void)state;
    assert_true(ws_hash_bytes("a", 1) != ws_hash_bytes("b", 1));
    assert_true(ws_hash_bytes("", 0) != ws_hash_bytes("\0", 1));
    assert_true(ws_hash_bytes("ab", 2) == ws_hash_bytes("ab", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found),
        cmocka_unit_test(a_visited_node_may_be_removed),
        cmocka_unit_test(one_entry_needs_no_memory),
        cmocka_unit_test(bytes_spread),
    };
    return cmocka_run_group_tests_name("hash_table", tests, NULL, NULL);
}
