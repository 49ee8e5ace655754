#include "cmd/wsframe/read/read_pcap.h"

#include "cmd/wsframe/read/read_pcapng.h"
#include "cmd/wsframe/read/source.h"

#include <stdio.h>
#include <string.h>

enum {
    FILE_HEADER = 24,
    RECORD_HEADER = 16,
    RECORD_HEADER_OLD = 24, /* of Linux systems before 2000: with an interface and a protocol */
    PACKET_MAX = 256 << 10, /* the largest snapshot length of any program */
};

/* What the file's header says of all records. */
struct layout {
    unsigned ticks; /* of a record's time, in a microsecond */
    size_t record_header;
    bool early; /* before version 2.4, where the two lengths of a record may have changed places */
    unsigned type;
    enum packet_link link;
};

/* The magic number says the byte order, and the unit of times. False for any other number. */
static bool read_magic(struct layout *layout, struct source *source)
{
    enum { MICROSECONDS = 0xA1B2C3D4, NANOSECONDS = 0xA1B23C4D, OLD_LINUX = 0xA1B2CD34 };
    for (int swapped = 0; swapped < 2; swapped++) {
        source->swapped = swapped;
        uint32_t magic = source_get32(source, source->data);
        if (magic == MICROSECONDS || magic == NANOSECONDS || magic == OLD_LINUX) {
            layout->ticks = magic == NANOSECONDS ? 1000 : 1;
            layout->record_header = magic == OLD_LINUX ? RECORD_HEADER_OLD : RECORD_HEADER;
            return true;
        }
    }
    return false;
}

/* NULL, or what is wrong with the file's header. */
static const char *read_header(struct layout *layout, struct source *source)
{
    static char why[128];
    if (!read_magic(layout, source) || source_get16(source, source->data + 4) != 2)
        return "no pcap capture of version 2";
    layout->early = source_get16(source, source->data + 6) < 4;
    /* Above the type is the length of checksums. */
    layout->type = source_get32(source, source->data + 20) & 0xFFFF;
    if (packet_link_of(layout->type, &layout->link))
        return NULL;
    snprintf(why, sizeof why, "the link type %u%s is not supported", layout->type,
             packet_link_name(layout->type));
    return why;
}

/* The next record's: microseconds since 1970, or 0 for an invalid time, which may be there. */
static int64_t time_of(const struct source *source, unsigned ticks)
{
    uint32_t us = source_get32(source, source->data + 4) / ticks;
    return us > 999999 ? 0 : (int64_t)source_get32(source, source->data) * 1000000 + us;
}

static const char *read_records(const struct layout *layout, struct source *source,
                                read_packet *sink, void *context)
{
    static const char truncated[] = "the capture is truncated in the middle of a packet";
    struct packet packet = {0};
    while (source_need(source, layout->record_header)) {
        uint32_t len = source_get32(source, source->data + 8);
        uint32_t sent = source_get32(source, source->data + 12);
        if (layout->early && len > sent)
            len = sent;
        if (len > PACKET_MAX)
            return "a packet of the capture has an impossible length";
        if (!source_need(source, layout->record_header + len))
            break;
        packet.number++;
        packet.utc_us = time_of(source, layout->ticks);
        packet.data = source->data + layout->record_header;
        packet.len = len;
        source_prefetch(source, layout->record_header + len);
        if (!sink(context, &packet, layout->link))
            return NULL;
        source_take(source, layout->record_header + len);
    }
    const char *problem = source_problem(source);
    return problem ? problem : source->len > 0 ? truncated : NULL;
}

static const char *read_classic(struct ws_bytes *head, int fd, read_packet *sink, void *context)
{
    struct source source;
    struct layout layout = {0};
    const char *problem;
    source_begin(&source, head, fd);
    if (source_need(&source, FILE_HEADER)) {
        problem = read_header(&layout, &source);
        source_take(&source, FILE_HEADER);
        if (!problem)
            problem = read_records(&layout, &source, sink, context);
    } else {
        problem = source_problem(&source);
        if (!problem)
            problem = "the capture is truncated in its header";
    }
    source_end(&source);
    return problem;
}

const char *read_pcap(struct ws_bytes *head, int fd, read_packet *sink, read_secrets *secrets,
                      void *context)
{
    static const uint8_t section[] = {0x0A, 0x0D, 0x0D, 0x0A};
    bool ng = ws_bytes_len(head) >= sizeof section &&
              memcmp(bytes_data(head), section, sizeof section) == 0;
    return ng ? read_pcapng(head, fd, sink, secrets, context)
              : read_classic(head, fd, sink, context);
}
