#include <ws/close.h>

static const struct ws_close_info table[] = {
    {1000, true, "normal closure", "what the connection was for has been done"},
    {1001, true, "going away", "a server shuts down, or a page is left"},
    {1002, true, "protocol error", "the other side broke a rule of the protocol"},
    {1003, true, "unsupported data", "a kind of data that this side cannot take"},
    {1004, false, "reserved", "reserved; a meaning might be given to it later"},
    {1005, false, "no code", "a close frame without a code arrived; never sent itself"},
    {1006, false, "abnormal closure",
     "the connection ended without a close frame; never sent itself"},
    {1007, true, "invalid payload", "text that is not UTF-8, or data unlike what was announced"},
    {1008, true, "policy violation", "a rule of this side that no other code describes"},
    {1009, true, "message too big", "a message larger than this side takes"},
    {1010, true, "mandatory extension",
     "the client needs an extension that the server did not agree to"},
    {1011, true, "internal error", "the server met an internal error"},
    {1012, true, "service restart", "the server restarts; come back after a random while"},
    {1013, true, "try again later", "the server is overloaded; come back later"},
    {1014, true, "bad gateway", "a gateway got an invalid answer from its upstream server"},
    {1015, false, "TLS handshake", "the TLS handshake failed; never sent itself"},
};

const struct ws_close_info *ws_close_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}

const struct ws_close_info *ws_close_info(unsigned code)
{
    if (code < 1000 || code > 1015)
        return NULL;
    return &table[code - 1000];
}

bool ws_close_code_valid(unsigned code)
{
    const struct ws_close_info *info = ws_close_info(code);
    if (info)
        return info->on_wire;
    return code >= 3000 && code <= 4999;
}

const char *ws_close_name(unsigned code)
{
    const struct ws_close_info *info = ws_close_info(code);
    if (info)
        return info->name;
    if (code >= 3000 && code <= 3999)
        return "registered by a library or framework";
    if (code >= 4000 && code <= 4999)
        return "private use";
    return "unassigned";
}
