#include "cmd/wsframe/read/form.h"

#include "cmd/wsframe/http2/hpack.h"

#include <stddef.h>

#define PACKED(program) "this is compressed with " program ": unpack it first"

static const struct {
    const char *name, *explanation;
} forms[FORM_COUNT] = {
    [FORM_AUTO] = {"bytes", NULL},
    [FORM_HEX] = {"hex digits", NULL},
    [FORM_XXD] = {"a dump of xxd", NULL},
    [FORM_HEXDUMP] = {"a dump of hexdump -C", NULL},
    [FORM_WORDS] = {"a dump of 16-bit words, the last byte of each first", NULL},
    [FORM_OD] = {"a dump of od", NULL},
    [FORM_TCPDUMP] = {"the text of tcpdump -x or -X", NULL},
    [FORM_LIST] = {"a list of numbers", NULL},
    [FORM_ESCAPED] = {"a string with escapes", NULL},
    [FORM_BASE64] = {"base64", NULL},
    [FORM_BITS] = {"bits", NULL},
    [FORM_RAW] = {"raw bytes", NULL},
    [FORM_PCAP] = {"a capture file", NULL},
    [FORM_DUMP] = {"a hex dump", NULL},
    [FORM_CURL] = {"the output of curl --trace", NULL},
    [FORM_SOCAT] = {"the output of socat -x", NULL},
    [FORM_TABLE] = {"a hex dump in a table", NULL},
    [FORM_GDB] = {"memory as gdb shows it", NULL},
    [FORM_LOG] = {"lines with a run of hex digits in each", NULL},
    [FORM_HAR] = {"a HAR file with WebSocket messages", NULL},
    [FORM_HEADS] = {"the heads of an upgrade", NULL},
    [FORM_RECORDS] = {"JSON Lines records", NULL},
    [FORM_EMPTY] = {"nothing", "the input is empty"},
    [FORM_TCPDUMP_ASCII] =
        {"the text of tcpdump without -x",
         "this is tcpdump's text without the bytes (-A replaces them with dots): use -x or -w "
         "FILE"},
    [FORM_CURL_ASCII] = {"the output of curl --trace-ascii",
                         "this is the output of curl --trace-ascii, which has dots for bytes: use "
                         "--trace"},
    [FORM_REPLACED] = {"a string that has lost bytes",
                       "bytes were lost: they were decoded as UTF-8, and U+FFFD stands for those "
                       "that are none"},
    [FORM_DISSECTION] = {"packets taken apart into fields",
                         "these are the fields of packets, as tshark -V and -T json print them: "
                         "decode the capture itself, or tshark -x"},
    [FORM_HTTP_TEXT] = {"HTTP",
                        "this is HTTP only: frames follow the heads of the upgrade's request "
                        "and response"},
    [FORM_NUMBERS] = {"numbers", "these are numbers, but they begin no frame, or stand among other "
                                 "words: --from=c decodes them "
                                 "all the same"},
    [FORM_LETTERS] = {"letters", "these could be base64, but begin no frame: --from=base64 decodes "
                                 "them all the same"},
    [FORM_TLS] = {"TLS", "this is TLS: the frames are encrypted; capture the plaintext behind a "
                         "TLS proxy"},
    [FORM_HTTP2] =
        {"HTTP/2",
         "this is HTTP/2, whose streams may be WebSockets: this wsframe was built without "
         "nghttp2, which reads it"},
    [FORM_HIXIE] = {"frames of a draft",
                    "these are frames of a draft from before RFC 6455 (hixie-76: 00, text, ff): "
                    "the program that sent them needs a newer WebSocket library"},
    [FORM_GZIP] = {"gzip", PACKED("gzip")},
    [FORM_XZ] = {"xz", PACKED("xz")},
    [FORM_BZIP2] = {"bzip2", PACKED("bzip2")},
    [FORM_ZSTD] = {"zstd", PACKED("zstd")},
    [FORM_LZ4] = {"lz4", PACKED("lz4")},
    [FORM_ZIP] = {"zip", PACKED("zip")},
    [FORM_UNKNOWN] = {"unknown",
                      "unknown form: no hex digits, dump, list of numbers, string with escapes, "
                      "base64 or capture; use --from=raw for raw bytes"},
};

const char *form_name(enum form form)
{
    return forms[form].name;
}

const char *form_word(enum form form)
{
    static const char *const words[] = {
        [FORM_AUTO] = "auto",       [FORM_HEX] = "hex",          [FORM_XXD] = "xxd",
        [FORM_HEXDUMP] = "hexdump", [FORM_WORDS] = "hexdump-le", [FORM_OD] = "od",
        [FORM_TCPDUMP] = "tcpdump", [FORM_LIST] = "c",           [FORM_ESCAPED] = "escaped",
        [FORM_BASE64] = "base64",   [FORM_BITS] = "bits",        [FORM_RAW] = "raw",
        [FORM_PCAP] = "pcap",       [FORM_DUMP] = "dump",        [FORM_CURL] = "curl",
        [FORM_SOCAT] = "socat",     [FORM_TABLE] = "table",      [FORM_GDB] = "gdb",
        [FORM_LOG] = "log",         [FORM_HAR] = "har",          [FORM_HEADS] = "heads",
        [FORM_RECORDS] = "jsonl",
    };
    return (size_t)form < sizeof words / sizeof *words ? words[form] : "unknown";
}

const char *form_explanation(enum form form)
{
    return form == FORM_HTTP2 && hpack_supported() ? NULL : forms[form].explanation;
}
