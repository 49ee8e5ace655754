#include "cmd/wscat/people/slash.h"

#include "cmd/common/exit.h"
#include "cmd/common/file.h"
#include "cmd/common/hex.h"
#include "cmd/common/units.h"
#include "libws/proto/bytes.h"
#include <ws/close.h>
#include <ws/session.h>
#include <ws/utf8.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A command that is being carried out; `text` is what follows its name, NUL-terminated. */
struct call {
    const struct slash_ops *ops;
    void *context;
    char *text;
    size_t max;
};

static void send_text(const struct call *call, unsigned flags, char *text, size_t len)
{
    if (ws_utf8_valid(text, len) || (flags & WS_SEND_MORE))
        call->ops->send(call->context, WS_OP_TEXT, flags, text, len);
    else
        exit_warn("this is not UTF-8");
}

static void send_control(const struct call *call, unsigned opcode)
{
    size_t len = strlen(call->text);
    if (len > WS_CONTROL_PAYLOAD_MAX)
        exit_warn("the payload of a %s is at most %d bytes, and this is %zu",
                  ws_opcode_name(opcode), WS_CONTROL_PAYLOAD_MAX, len);
    else
        call->ops->control(call->context, opcode, call->text, len);
}

static void do_ping(const struct call *call)
{
    send_control(call, WS_OP_PING);
}

static void do_pong(const struct call *call)
{
    send_control(call, WS_OP_PONG);
}

static void do_close(const struct call *call)
{
    unsigned code = WS_CLOSE_NORMAL;
    char *reason = call->text + strcspn(call->text, " ");
    if (*reason)
        *reason++ = '\0';
    if (*call->text && units_close_code(call->text, &code) != UNITS_OK)
        exit_warn("'%s' is not a close code that may be sent", call->text);
    else if (strlen(reason) > WS_CLOSE_REASON_MAX)
        exit_warn("the reason is longer than 123 bytes");
    else
        call->ops->close(call->context, code, reason);
}

static void do_text(const struct call *call)
{
    send_text(call, WS_SEND_COPY, call->text, strlen(call->text));
}

/* Decodes the digits of `call->text` where they are; false after a message. */
static bool read_hex(const struct call *call, size_t *len)
{
    size_t size = strlen(call->text), at = 0;
    enum hex_result result = hex_parse(call->text, size, (uint8_t *)call->text, size, len, &at);
    if (result != HEX_OK)
        exit_warn("column %zu: %s", at + 1, hex_problem(result));
    return result == HEX_OK;
}

static void do_bin(const struct call *call)
{
    size_t len;
    if (read_hex(call, &len))
        call->ops->send(call->context, WS_OP_BINARY, WS_SEND_COPY, call->text, len);
}

static void do_raw(const struct call *call)
{
    size_t len;
    if (read_hex(call, &len))
        call->ops->raw(call->context, call->text, len);
}

static void do_file(const struct call *call)
{
    struct ws_bytes *content = NULL;
    if (file_read(call->text, call->max, "--max-message-size", FILE_NO_WAIT, &content)) {
        void *data = ws_bytes_data(content);
        unsigned opcode = ws_utf8_valid(data, content->len) ? WS_OP_TEXT : WS_OP_BINARY;
        call->ops->send(call->context, opcode, WS_SEND_COPY, data, content->len);
    }
    ws_bytes_free(&content);
}

/* /frag SIZE TEXT */
static void do_frag(const struct call *call)
{
    char *text = call->text + strcspn(call->text, " ");
    uint64_t size = 0;
    if (*text)
        *text++ = '\0';
    size_t len = strlen(text);
    if (units_size(call->text, &size) != UNITS_OK || size == 0 || len == 0) {
        exit_warn("write /frag SIZE TEXT");
        return;
    }
    if (!ws_utf8_valid(text, len)) {
        exit_warn("this is not UTF-8");
        return;
    }
    for (; len > size; text += size, len -= size)
        send_text(call, WS_SEND_COPY | WS_SEND_MORE, text, (size_t)size);
    call->ops->send(call->context, WS_OP_TEXT, WS_SEND_COPY, text, len);
}

static void do_headers(const struct call *call)
{
    call->ops->headers(call->context);
}

static void do_stats(const struct call *call)
{
    call->ops->stats(call->context);
}

static void do_help(const struct call *call);

static const struct {
    const char *name;
    void (*run)(const struct call *call);
    const char *help;
} commands[] = {
    {"/ping", do_ping, "[DATA]             send a ping"},
    {"/pong", do_pong, "[DATA]             send a pong"},
    {"/close", do_close, "[CODE [REASON]]   close the connection"},
    {"/text", do_text, "TEXT               send a text message"},
    {"/bin", do_bin, "HEX                 send a binary message"},
    {"/file", do_file, "NAME               send a file, as text if it is UTF-8"},
    {"/frag", do_frag, "SIZE TEXT          send a message in fragments of SIZE bytes"},
    {"/raw", do_raw, "HEX                 send bytes as they are, which may break the protocol"},
    {"/headers", do_headers, "                print the head of the response"},
    {"/stats", do_stats, "                  print what was sent and received"},
    {"/help", do_help, "                   print this; //x sends /x"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void do_help(const struct call *call)
{
    (void)call;
    for (size_t i = 0; i < COMMANDS; i++)
        exit_warn("%s %s", commands[i].name, commands[i].help);
}

bool slash_complete(const char *begun, size_t len, char rest[SLASH_NAME_MAX])
{
    const char *found = NULL;
    size_t common = 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *name = commands[i].name;
        if (strncmp(name, begun, len) != 0)
            continue;
        if (!found)
            common = strlen(name);
        for (size_t k = 0; found && k < common; k++)
            if (name[k] != found[k])
                common = k;
        found = name;
    }
    if (!found || common <= len)
        return false;
    snprintf(rest, SLASH_NAME_MAX, "%.*s", (int)(common - len), found + len);
    return true;
}

static void run(const struct slash_ops *ops, void *context, const char *line, size_t len,
                size_t max)
{
    char *copy = strndup(line, len);
    if (!copy)
        exit_die(WS_EXIT_FAILURE, "out of memory");
    size_t name = strcspn(copy, " ");
    struct call call = {ops, context, copy + name + (copy[name] == ' '), max};
    copy[name] = '\0';
    size_t i = 0;
    while (i < COMMANDS && strcmp(commands[i].name, copy) != 0)
        i++;
    if (i < COMMANDS)
        commands[i].run(&call);
    else
        exit_warn("unknown command '%s'; /help lists them, //x sends /x", copy);
    free(copy);
}

bool slash_take(const struct slash_ops *ops, void *context, char **line, size_t *len, size_t max)
{
    if (*len == 0 || **line != '/')
        return false;
    if (*len > 1 && (*line)[1] == '/') {
        ++*line;
        --*len;
        return false;
    }
    run(ops, context, *line, *len, max);
    return true;
}
