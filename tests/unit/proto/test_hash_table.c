#include "libws/proto/hash_table.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

struct item {
    struct ws_hash_entry entry;
    uint64_t id;
};

enum { ITEMS = 5000 };

static void ids_are_found_until_removed(void **state)
{
    struct ws_hash_table table = {0};
    struct item *items = calloc(ITEMS, sizeof *items);
    (void)state;
    assert_null(ws_hash_find(&table, 7));
    for (uint64_t i = 0; i < ITEMS; i++) {
        items[i].id = i * 8 + 1;
        ws_hash_add(&table, &items[i].entry, items[i].id);
    }
    assert_int_equal(table.count, ITEMS);
    for (uint64_t i = 0; i < ITEMS; i += 2)
        ws_hash_remove(&table, &items[i].entry);
    for (uint64_t i = 0; i < ITEMS; i++) {
        struct ws_hash_entry *found = ws_hash_find(&table, items[i].id);
        assert_ptr_equal(found, i % 2 ? &items[i].entry : NULL);
        assert_true(!found || !ws_hash_next(found));
    }
    assert_int_equal(table.count, ITEMS / 2);
    ws_hash_free(&table);
    assert_int_equal(table.count, 0);
    free(items);
}

static void equal_keys_are_all_found(void **state)
{
    struct ws_hash_table table = {0};
    struct item items[300];
    unsigned seen = 0;
    (void)state;
    for (int i = 0; i < 300; i++)
        ws_hash_add(&table, &items[i].entry, (uint64_t)(i % 3));
    for (struct ws_hash_entry *e = ws_hash_find(&table, 1); e; e = ws_hash_next(e), seen++)
        assert_int_equal(e->key, 1);
    assert_int_equal(seen, 100);
    ws_hash_free(&table);
}

static void remove_it(struct ws_hash_entry *entry, void *context)
{
    ws_hash_remove(context, entry);
    memset(entry, 0xEE, sizeof *entry);
}

static void a_visit_may_remove(void **state)
{
    (void)state;
    for (size_t count = 0; count < 200; count += 13) {
        struct ws_hash_table table = {0};
        struct item items[200];
        for (size_t i = 0; i < count; i++)
            ws_hash_add(&table, &items[i].entry, i);
        ws_hash_each(&table, remove_it, &table);
        assert_int_equal(table.count, 0);
        ws_hash_free(&table);
    }
}

static void hashes_differ(void **state)
{
    (void)state;
    assert_int_equal(ws_hash_bytes("a", 1), ws_hash_bytes("abc", 1));
    assert_int_not_equal(ws_hash_bytes("a", 1), ws_hash_bytes("b", 1));
    assert_int_not_equal(ws_hash_bytes("ab", 2), ws_hash_bytes("ba", 2));
    assert_int_not_equal(ws_hash_bytes("", 0), ws_hash_bytes("\0", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_found_until_removed),
        cmocka_unit_test(equal_keys_are_all_found),
        cmocka_unit_test(a_visit_may_remove),
        cmocka_unit_test(hashes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
