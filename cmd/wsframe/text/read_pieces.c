#include "cmd/wsframe/text/read_pieces.h"

#include "cmd/wsframe/text/read_dump.h"
#include "cmd/wsframe/text/read_escaped.h"
#include "cmd/wsframe/text/read_heads.h"
#include "cmd/wsframe/text/read_list.h"
#include "cmd/wsframe/text/read_log.h"
#include "cmd/wsframe/text/read_messages.h"
#include "cmd/wsframe/text/read_text.h"

bool read_pieces_can(enum form form)
{
    return form != FORM_AUTO && form != FORM_RAW && form != FORM_PCAP && form != FORM_TCPDUMP &&
           form <= FORM_RECORDS;
}

/* Bits with an offset before them are a dump of xxd -b. */
static bool read_any_bits(bool strict, const uint8_t *text, size_t len, struct pieces *out,
                          struct read_error *error)
{
    if (read_dump_form(text, len) == FORM_BITS)
        return read_dump(FORM_BITS, strict, text, len, out, error);
    return read_bits(text, len, &out->bytes, error);
}

bool read_pieces(enum form form, bool strict, const uint8_t *text, size_t len, struct pieces *out,
                 struct read_error *error, const char **note)
{
    bool read;
    *note = NULL;
    switch (form) {
    case FORM_HEX:
        read = read_hex(text, len, &out->bytes, error);
        if (read && !strict && read_hex_turn_words(text, len, out->bytes))
            *note = "taken for words with their last byte first, as od -x writes them";
        break;
    case FORM_BASE64:
        read = read_base64(text, len, &out->bytes, error);
        break;
    case FORM_BITS:
        read = read_any_bits(strict, text, len, out, error);
        break;
    case FORM_LIST:
        read = read_list(text, len, out, error, note);
        break;
    case FORM_ESCAPED:
        read = read_escaped(text, len, out, error);
        break;
    case FORM_LOG:
        read = read_log(text, len, out, error, note);
        break;
    case FORM_HEADS:
        read = read_heads(text, len, out);
        break;
    case FORM_HAR:
        read = read_har(text, len, out, error);
        break;
    case FORM_RECORDS:
        read = read_records(text, len, out, error);
        break;
    default:
        read = read_dump(form, strict, text, len, out, error);
        break;
    }
    if (read)
        pieces_end(out, (struct piece){0});
    return read;
}
