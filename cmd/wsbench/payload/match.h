/*
 * match: how an answer finds its message: both have a key, and the answer is that of the oldest
 * message with the same one.
 */
#ifndef CMD_WSBENCH_PAYLOAD_MATCH_H
#define CMD_WSBENCH_PAYLOAD_MATCH_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum match_kind {
    MATCH_ECHO,  /* the whole message */
    MATCH_SEQ,   /* its first number */
    MATCH_REGEX, /* what the first group of a regular expression finds in it */
    MATCH_JSON,  /* the value at a path: id, or data.id */
    MATCH_ANY,   /* the order */
};

struct match {
    enum match_kind kind;
    const char *argument; /* REGEX, JSON; borrowed */
    regex_t regex;        /* REGEX */
    bool compiled;
};

/* Reads "echo", "seq", "regex:R", "json:PATH" or "any". False after writing why to `problem`. Free
 * it with match_free() in either case. */
bool match_init(struct match *match, const char *text, char *problem, size_t size);
void match_free(struct match *match);

enum match_result {
    MATCH_KEY,   /* `*key` is set */
    MATCH_ORDER, /* an answer: it is the oldest message's */
    MATCH_NONE,  /* an answer: it is none */
};

/* The key of a message of ours, or of an answer. A message of ours without a key is found by
 * answers with MATCH_ORDER alone. */
enum match_result match_key(const struct match *match, const void *data, size_t len, uint64_t *key);

/* A pattern is looked for in so many bytes from the beginning: what a server sends must not take
 * much time. */
enum { MATCH_SEARCHED = 8192 };

/* Does `regex` match, and where do its `count` groups? `data` needs no final NUL. */
bool match_search(const regex_t *regex, const void *data, size_t len, regmatch_t *groups,
                  size_t count);

#endif
