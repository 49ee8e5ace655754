#include "cmd/wscat/run/retry.h"

#include <ws/close.h>
#include <ws/http.h>

#include <string.h>

static bool status_passes(unsigned status)
{
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

bool retry_useful(const struct retry_cause *cause)
{
    if (cause->http_status)
        return status_passes(cause->http_status);
    switch (cause->close_code) {
    case WS_CLOSE_PROTOCOL_ERROR:
    case WS_CLOSE_UNSUPPORTED_DATA:
    case WS_CLOSE_INVALID_PAYLOAD:
    case WS_CLOSE_POLICY:
    case WS_CLOSE_MANDATORY_EXTENSION:
        return false;
    default:
        break;
    }
    switch (ws_error_info(cause->error)->category) {
    case WS_CAT_NONE:
    case WS_CAT_TIMEOUT:
        return true;
    case WS_CAT_NETWORK:
        return cause->error != WS_E_TLS;
    default:
        return false;
    }
}

int64_t retry_delay_ms(unsigned attempt, int64_t first_ms, int64_t after_ms, uint32_t random)
{
    int64_t most = first_ms > RETRY_DELAY_MAX_MS ? first_ms : RETRY_DELAY_MAX_MS;
    int64_t delay = first_ms;
    for (unsigned i = 1; i < attempt && delay < most; i++)
        delay *= 2;
    if (delay > most)
        delay = most;
    delay -= (int64_t)((uint64_t)delay / 2 * random / UINT32_MAX);
    return delay > after_ms ? delay : after_ms;
}

int64_t retry_after_ms(struct ws_str value, int64_t now_s)
{
    char text[64];
    int64_t seconds = 0;
    if (value.len == 0 || value.len >= sizeof text)
        return 0;
    memcpy(text, value.p, value.len);
    text[value.len] = '\0';
    if (strspn(text, "0123456789") == value.len) {
        for (const char *p = text; *p && seconds < RETRY_AFTER_MAX_MS; p++)
            seconds = seconds * 10 + (*p - '0');
    } else if (ws_http_date_parse(value, &seconds)) {
        seconds -= now_s;
    }
    if (seconds <= 0)
        return 0;
    return seconds < RETRY_AFTER_MAX_MS / 1000 ? seconds * 1000 : RETRY_AFTER_MAX_MS;
}
