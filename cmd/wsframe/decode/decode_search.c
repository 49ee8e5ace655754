#include "cmd/wsframe/decode/decode_private.h"
#include "cmd/wsframe/decode/resync.h"

#include <string.h>

const char decode_in_the_middle[] =
    "not the beginning of a frame: the middle of one, or bytes before it were lost";

/* Forgets the first bytes of those that are held for the search. */
static void drop(struct decoder *decoder, size_t len)
{
    unsigned kept = 0;
    skip_bytes(decoder, len, decoder->why ? decoder->why : decode_in_the_middle, false);
    decode_consume(decoder, len);
    for (unsigned i = 0; i < decoder->segment_count; i++)
        if (decoder->segments[i] >= len)
            decoder->segments[kept++] = decoder->segments[i] - (uint32_t)len;
    decoder->segments_passed += decoder->segment_count - kept;
    decoder->segment_count = kept;
}

/* A frame begins at the first byte that is held. */
static void found(struct decoder *decoder)
{
    decoder->state = STATE_FRAMES;
    decoder->why = NULL;
    decoder->by_search = true;
    decoder->conversation->info.kind = KIND_WEBSOCKET;
    for (size_t i = 0; i < sizeof decoder->message / sizeof *decoder->message; i++)
        decoder->message[i].capture_began_inside = !decoder->message[i].rules.begun;
    decode_assign(decoder, decode_data(decoder)[1] & 0x80 ? SENDER_CLIENT : SENDER_SERVER);
}

/* Looks for the best place in what is held. */
static struct resync_result look_for_frames(struct decoder *decoder, bool final)
{
    const struct conversation *conversation = decoder->conversation;
    const struct decoder *other = &conversation->side[decoder == &conversation->side[0]];
    struct resync_input input = {
        .data = decode_data(decoder),
        .len = decode_left(decoder),
        .sender = decoder->sender,
        .segments = decoder->segments,
        .segment_count = decoder->segment_count,
        .passed = decoder->segments_passed,
        .known = conversation->info.kind == KIND_WEBSOCKET || conversation->head_cut ||
                 conversation->decode->pasted,
        .other_evidence = other->evidence,
        .final = final,
    };
    struct resync_result result = resync(&input);
    decoder->evidence = result.evidence;
    return result;
}

/* Searches what is held for a frame, when the capture began in the middle or has a gap. */
void decode_search(struct decoder *decoder, bool final)
{
    struct conversation *conversation = decoder->conversation;
    if (decode_is_something_else(conversation)) {
        decode_ignore(decoder, conversation->info.kind);
        return;
    }
    struct resync_result result = look_for_frames(decoder, final);
    if (result.drop > 0)
        drop(decoder, result.drop);
    if (result.found)
        found(decoder);
}

/* Is the other direction known to carry something else than frames? */
bool decode_is_something_else(const struct conversation *conversation)
{
    return conversation->info.kind != KIND_UNKNOWN && conversation->info.kind != KIND_WEBSOCKET;
}

void decode_search_again(struct decoder *decoder)
{
    decoder->state = STATE_SEARCH;
    decoder->segment_count = decoder->segments_passed = 0;
    decoder->evidence = 0;
    decoder->skip = 0;
}

void decode_search_segment(struct decoder *decoder)
{
    if (decoder->segment_count == SEARCH_SEGMENTS) {
        decoder->segment_count--;
        decoder->segments_passed++;
        memmove(decoder->segments, decoder->segments + 1,
                decoder->segment_count * sizeof *decoder->segments);
    }
    decoder->segments[decoder->segment_count++] = (uint32_t)decode_left(decoder);
}

void decode_search_evidence(struct decoder *decoder)
{
    look_for_frames(decoder, true);
}
