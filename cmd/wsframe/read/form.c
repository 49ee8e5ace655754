#include "cmd/wsframe/read/form.h"

#include <stddef.h>

static const struct {
    const char *name, *explanation;
} forms[FORM_COUNT] = {
    [FORM_AUTO] = {"bytes", NULL},
    [FORM_HEX] = {"hex digits", NULL},
    [FORM_XXD] = {"a dump of xxd", NULL},
    [FORM_HEXDUMP] = {"a dump of hexdump -C", NULL},
    [FORM_TCPDUMP] = {"the text of tcpdump -x or -X", NULL},
    [FORM_BASE64] = {"base64", NULL},
    [FORM_RAW] = {"raw bytes", NULL},
    [FORM_PCAP] = {"a capture file", NULL},
    [FORM_EMPTY] = {"nothing", "the input is empty"},
    [FORM_TCPDUMP_ASCII] =
        {"the text of tcpdump without -x",
         "this is tcpdump's text without the bytes (-A replaces them with dots): use -x or -w "
         "FILE"},
    [FORM_WORDS] = {"a dump of 16-bit words",
                    "this dump has 16-bit words, whose bytes are swapped on most machines: use "
                    "hexdump -C or xxd"},
    [FORM_OD] = {"a dump of od", "this is a dump of od: use hexdump -C or xxd"},
    [FORM_XXD_BITS] = {"a dump of xxd -b", "this is a dump of xxd -b: use xxd without -b"},
    [FORM_C_ARRAY] = {"an array in C", "this is an array in C: give only what is between the "
                                       "braces"},
    [FORM_ESCAPED] = {"a string with escapes",
                      "this is a string with escapes: give its bytes, with printf '%b' '...' |"},
    [FORM_HTTP_TEXT] = {"HTTP",
                        "this is HTTP only: frames follow the heads of the upgrade's request "
                        "and response"},
    [FORM_TLS] = {"TLS", "this is TLS: the frames are encrypted; capture the plaintext behind a "
                         "TLS proxy"},
    [FORM_HTTP2] = {"HTTP/2",
                    "this is HTTP/2: WebSocket frames (RFC 8441) are inside its DATA frames, "
                    "which are not decoded"},
    [FORM_GZIP] = {"gzip", "this is compressed with gzip: unpack it first"},
    [FORM_UNKNOWN] = {"unknown",
                      "unknown form, none of hex, xxd, hexdump -C, tcpdump -x, base64 and "
                      "captures; use --from=raw for raw bytes"},
};

const char *form_name(enum form form)
{
    return forms[form].name;
}

const char *form_word(enum form form)
{
    static const char *const words[] = {
        [FORM_AUTO] = "auto",       [FORM_HEX] = "hex",         [FORM_XXD] = "xxd",
        [FORM_HEXDUMP] = "hexdump", [FORM_TCPDUMP] = "tcpdump", [FORM_BASE64] = "base64",
        [FORM_RAW] = "raw",         [FORM_PCAP] = "pcap",
    };
    return (size_t)form < sizeof words / sizeof *words ? words[form] : "unknown";
}

const char *form_explanation(enum form form)
{
    return forms[form].explanation;
}
