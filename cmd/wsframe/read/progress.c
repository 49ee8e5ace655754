#include "cmd/wsframe/read/progress.h"

void progress_advance(struct progress *progress, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && !progress->broken;) {
        if (progress->left > 0) {
            size_t n = progress->left < len - i ? (size_t)progress->left : len - i;
            progress->left -= n;
            i += n;
            continue;
        }
        progress->header[progress->header_len++] = data[i++];
        struct ws_frame frame;
        enum ws_error parsed = ws_frame_parse(progress->header, progress->header_len, &frame);
        if (parsed == WS_MORE && progress->header_len < WS_HEADER_MAX)
            continue;
        progress->broken = parsed != WS_OK || ws_frame_violation(&frame, WS_ALLOW_RSV1) != WS_OK;
        progress->left = frame.length;
        progress->header_len = 0;
    }
}

bool progress_at_boundary(const struct progress *progress)
{
    return !progress->broken && progress->left == 0 && progress->header_len == 0;
}

bool progress_begins(const uint8_t *data, size_t len)
{
    struct ws_frame frame;
    ws_frame_parse(data, len, &frame);
    return len > 1 && ws_frame_violation(&frame, WS_ALLOW_RSV1) == WS_OK &&
           frame.opcode != WS_OP_CONTINUATION;
}
