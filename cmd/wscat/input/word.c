#include "cmd/wscat/input/word.h"

#include "cmd/common/exit.h"
#include "cmd/common/file.h"
#include "libws/proto/bytes.h"
#include <ws/utf8.h>

#include <string.h>

bool word_read(struct word *word, const struct settings *settings, char *text)
{
    const char *name = "a word of the command line";
    *word = (struct word){0};
    if (text[0] == '@' && text[1] != '@') {
        name = text + 1;
        if (!file_read(name, settings_largest(settings), &word->content))
            return false;
        word->data = ws_bytes_data(word->content);
        word->len = word->content->len;
    } else {
        word->data = text + (text[0] == '@');
        word->len = strlen(word->data);
    }
    if (settings_opcode(settings) != WS_OP_TEXT || ws_utf8_valid(word->data, word->len))
        return true;
    exit_warn("%s is not UTF-8; --binary sends bytes", name);
    return false;
}

void word_free(struct word *word)
{
    ws_bytes_free(&word->content);
}
