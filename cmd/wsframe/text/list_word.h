/*
 * list_word: takes a list of numbers apart into words: what is a comment, an index, a cast or the
 * word of an assembler for bytes is passed over.
 *
 * Called by read_list only; no state.
 */
#ifndef CMD_WSFRAME_TEXT_LIST_WORD_H
#define CMD_WSFRAME_TEXT_LIST_WORD_H

#include "cmd/wsframe/read/lines.h"

bool list_word_separates(char c);

/* Removes Java's cast from the beginning. False if there is none. */
bool list_word_skip_cast(struct line *rest);

/* Is this the index of a number, as JSON and PHP write it? */
bool list_word_is_index(struct line line);

/* Removes the rest of gdb's "<repeats 20 times>", whose first word was read. False if it is none.
 * `*times`: how often the number before it stands there, that one included. */
bool list_word_repeats(struct line *rest, struct line word, size_t *times);

/* May characters and strings stand among the numbers? Not where the numbers are in quotes
 * themselves. */
bool list_word_has_literals(struct line list);

/* The next word of the list; false at its end. */
bool list_word_next(struct line *rest, struct line *word, bool literals);

/* What is inside the quotes of a character or string; of length 0 if the word is none. */
struct line list_word_literal(struct line word);

#endif
