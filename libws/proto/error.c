#include <ws/error.h>

#include <stdio.h>
#include <string.h>

static const struct ws_error_info table[WS_ERROR_COUNT] = {
    [WS_OK] = {"OK", WS_CAT_NONE, 0, 0, WS_LOG_DEBUG, "", "no error"},
    [WS_MORE] = {"MORE", WS_CAT_NONE, 0, 0, WS_LOG_DEBUG, "", "more bytes are needed"},
#define ROW(name, cat, close, http, level, section, text)                                          \
    [WS_E_##name] = {#name, WS_CAT_##cat, close, http, WS_LOG_##level, section, text},
    WS_ERROR_TABLE(ROW)
#undef ROW
};

const struct ws_error_info *ws_error_info(enum ws_error error)
{
    if ((unsigned)error >= WS_ERROR_COUNT)
        return &table[WS_E_INTERNAL];
    return &table[error];
}

const char *ws_error_section(enum ws_error error, char *text, unsigned size)
{
    const char *section = ws_error_info(error)->section;
    const char *prefix = strncmp(section, "RFC", 3) == 0 ? "" : "RFC 6455 ";
    snprintf(text, size, "%s%s", prefix, section);
    return text;
}

const char *ws_category_name(enum ws_category category)
{
    static const char *const names[] = {"none",     "protocol", "upgrade", "network", "timeout",
                                        "resource", "policy",   "access",  "caller"};
    return (unsigned)category < sizeof names / sizeof names[0] ? names[category] : "none";
}
