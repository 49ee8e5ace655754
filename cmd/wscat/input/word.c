#include "cmd/wscat/input/word.h"

#include "cmd/common/exit.h"
#include "cmd/common/file.h"
#include "libws/proto/bytes.h"
#include <ws/utf8.h>

#include <errno.h>
#include <string.h>

int word_read(struct word *word, const struct settings *settings, char *text)
{
    const char *name = "a word of the command line";
    *word = (struct word){0};
    if (text[0] == '@' && text[1] != '@') {
        name = text + 1;
        if (!file_read(name, settings_largest(settings), "--max-message-size", settings->end_us,
                       &word->content))
            return errno == ETIMEDOUT ? WS_EXIT_TIMEOUT : WS_EXIT_FAILURE;
        word->data = ws_bytes_data(word->content);
        word->len = ws_bytes_len(word->content);
    } else {
        word->data = text + (text[0] == '@');
        word->len = strlen(word->data);
    }
    if (settings_opcode(settings) != WS_OP_TEXT || ws_utf8_valid(word->data, word->len))
        return WS_EXIT_OK;
    exit_warn("%s is not UTF-8; --binary sends bytes", name);
    return WS_EXIT_FAILURE;
}

void word_free(struct word *word)
{
    ws_bytes_free(&word->content);
}
