#include "cmd/wsframe/read/read_pcapng.h"

#include "cmd/wsframe/read/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BLOCK_MAX = 16 << 20, /* larger than any packet */
    BLOCK_LEAST = 12,
    INTERFACES_MAX = 1024,
};

enum block_type {
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2,
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    BLOCK_SECTION = 0x0A0D0D0A,
};

struct interface {
    bool supported;
    enum packet_link link;
    uint32_t snapshot; /* 0: no limit */
    uint64_t ticks;    /* a second */
    int64_t offset_s;
};

struct reading {
    struct source source;
    struct interface interfaces[INTERFACES_MAX];
    uint32_t interface_count;
    struct packet packet;
    uint64_t unsupported; /* packets of interfaces that are not supported */
    uint64_t nameless;    /* packets of interfaces that the file does not describe */
    unsigned unsupported_type;
    read_packet *sink;
    read_secrets *secrets;
    void *context;
};

static uint32_t get32(const struct reading *reading, const uint8_t *p)
{
    return source_get32(&reading->source, p);
}

static unsigned get16(const struct reading *reading, const uint8_t *p)
{
    return source_get16(&reading->source, p);
}

/* --- blocks --- */

/* The resolution of an interface's times: a power of ten, or of two with the top bit. */
static uint64_t ticks_of(uint8_t resolution)
{
    uint64_t ticks = 1;
    if (resolution & 0x80)
        return (resolution & 0x7F) < 63 ? UINT64_C(1) << (resolution & 0x7F) : 1000000;
    for (uint8_t i = 0; i < resolution && i < 18; i++)
        ticks *= 10;
    return ticks;
}

static const char *take_interface(struct reading *reading, const uint8_t *body, size_t len)
{
    enum { OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };
    if (len < 8)
        return "an interface's description is too short";
    if (reading->interface_count == INTERFACES_MAX)
        return "more than 1024 interfaces";
    struct interface *interface = &reading->interfaces[reading->interface_count++];
    *interface = (struct interface){.ticks = 1000000, .snapshot = get32(reading, body + 4)};
    interface->supported = packet_link_of(get16(reading, body), &interface->link);
    if (!interface->supported)
        reading->unsupported_type = get16(reading, body);
    for (size_t at = 8; at + 4 <= len;) {
        unsigned code = get16(reading, body + at), size = get16(reading, body + at + 2);
        if (code == 0 || size > len - at - 4)
            break;
        if (code == OPTION_RESOLUTION && size >= 1)
            interface->ticks = ticks_of(body[at + 4]);
        if (code == OPTION_OFFSET && size == 8)
            memcpy(&interface->offset_s, body + at + 4, 8);
        at += 4 + ((size + 3) & ~3u);
    }
    if (reading->source.swapped)
        interface->offset_s = (int64_t)__builtin_bswap64((uint64_t)interface->offset_s);
    return NULL;
}

/* A part of a second, `rest` of `ticks`, in microseconds. */
static int64_t us_of(uint64_t rest, uint64_t ticks)
{
    if (ticks % 1000000 == 0)
        return (int64_t)(rest / (ticks / 1000000));
    if (ticks <= UINT32_MAX)
        return (int64_t)(rest * 1000000 / ticks);
    /* A power of two. The product has more than 64 bits; these are all but its last 32. */
    uint64_t upper = (rest >> 32) * 1000000 + ((rest & UINT32_MAX) * 1000000 >> 32);
    return (int64_t)(upper / (ticks >> 32));
}

/* Microseconds since 1970; 0 for a time that cannot be. */
static int64_t time_of(const struct interface *interface, uint64_t ticks)
{
    enum { YEAR_3000_S = 2000000000 };
    uint64_t seconds = ticks / interface->ticks, rest = ticks % interface->ticks;
    int64_t offset_s = interface->offset_s;
    if (seconds > YEAR_3000_S * UINT64_C(16) || offset_s < -YEAR_3000_S || offset_s > YEAR_3000_S)
        return 0;
    return ((int64_t)seconds + offset_s) * 1000000 + us_of(rest, interface->ticks);
}

/* Passes a packet on. False when enough was seen. */
static bool pass(struct reading *reading, uint32_t index, uint64_t ticks, const uint8_t *data,
                 size_t len)
{
    reading->packet.number++;
    if (index >= reading->interface_count || !reading->interfaces[index].supported) {
        *(index < reading->interface_count ? &reading->unsupported : &reading->nameless) += 1;
        return true;
    }
    const struct interface *interface = &reading->interfaces[index];
    reading->packet.utc_us = ticks == UINT64_MAX ? 0 : time_of(interface, ticks);
    reading->packet.data = data;
    reading->packet.len = len;
    return reading->sink(reading->context, &reading->packet, interface->link);
}

/* The three kinds of packet blocks. False when enough was seen, or with the problem. */
static bool take_packet(struct reading *reading, uint32_t type, const uint8_t *body, size_t len,
                        const char **problem)
{
    size_t header = type == BLOCK_SIMPLE_PACKET ? 4 : 20;
    *problem = len < header ? "a packet's block is too short" : NULL;
    if (*problem)
        return false;
    if (type == BLOCK_SIMPLE_PACKET) {
        uint32_t sent = get32(reading, body), snapshot = reading->interfaces[0].snapshot;
        size_t captured = snapshot && sent > snapshot ? snapshot : sent;
        return pass(reading, 0, UINT64_MAX, body + 4, captured < len - 4 ? captured : len - 4);
    }
    uint32_t index = type == BLOCK_PACKET ? get32(reading, body) : get16(reading, body);
    uint64_t ticks = (uint64_t)get32(reading, body + 4) << 32 | get32(reading, body + 8);
    size_t captured = get32(reading, body + 12);
    *problem = captured > len - header ? "a packet is longer than its block" : NULL;
    return !*problem && pass(reading, index, ticks, body + header, captured);
}

/* A block of secrets: their type and length, and then the secrets. */
static void take_secrets(struct reading *reading, const uint8_t *body, size_t len)
{
    enum { TLS_KEY_LOG = 0x544C534B };
    if (len < 8 || !reading->secrets || get32(reading, body) != TLS_KEY_LOG)
        return;
    size_t size = get32(reading, body + 4);
    reading->secrets(reading->context, (const char *)body + 8, size < len - 8 ? size : len - 8);
}

/* The byte order of a section is that of its magic number. False if it has none. */
static bool begin_section(struct reading *reading, const uint8_t *block)
{
    uint32_t magic;
    memcpy(&magic, block + 8, sizeof magic);
    reading->source.swapped = magic == 0x4D3C2B1A;
    reading->interface_count = 0;
    return reading->source.swapped || magic == 0x1A2B3C4D;
}

static const char *read_blocks(struct reading *reading)
{
    static const char truncated[] = "the capture is truncated in the middle of a block";
    struct source *source = &reading->source;
    const char *problem = NULL;
    while (source_need(source, BLOCK_LEAST)) {
        uint32_t type = get32(reading, source->data);
        if (type == BLOCK_SECTION && !begin_section(reading, source->data))
            return "a section of the capture has no byte order";
        uint32_t len = get32(reading, source->data + 4);
        if (len < BLOCK_LEAST || len > BLOCK_MAX || len % 4 != 0)
            return "a block of the capture has an impossible length";
        if (!source_need(source, len)) {
            problem = source_problem(source);
            return problem ? problem : truncated;
        }
        if (source_get32(source, source->data + len - 4) != len)
            return "a block of the capture ends with another length than it begins with";
        const uint8_t *body = source->data + 8;
        source_prefetch(source, len);
        if (type == BLOCK_INTERFACE)
            problem = take_interface(reading, body, len - BLOCK_LEAST);
        else if (type == BLOCK_SECRETS)
            take_secrets(reading, body, len - BLOCK_LEAST);
        else if ((type == BLOCK_PACKET || type == BLOCK_SIMPLE_PACKET ||
                  type == BLOCK_OLD_PACKET) &&
                 !take_packet(reading, type, body, len - BLOCK_LEAST, &problem))
            return problem;
        if (problem)
            return problem;
        source_take(source, len);
    }
    problem = source_problem(source);
    return problem ? problem : source->len > 0 ? truncated : NULL;
}

const char *read_pcapng(struct ws_bytes *head, int fd, read_packet *sink, read_secrets *secrets,
                        void *context)
{
    static char why[128];
    static struct reading reading;
    reading = (struct reading){.sink = sink, .secrets = secrets, .context = context};
    source_begin(&reading.source, head, fd);
    const char *problem = read_blocks(&reading);
    source_end(&reading.source);
    if (problem)
        return problem;
    if (reading.nameless > 0)
        snprintf(why, sizeof why,
                 "%" PRIu64 " packet%s of an interface that the file does not describe",
                 reading.nameless, reading.nameless == 1 ? "" : "s");
    else if (reading.unsupported > 0)
        snprintf(why, sizeof why,
                 "%" PRIu64 " packet%s of the link type %u%s, which is not supported",
                 reading.unsupported, reading.unsupported == 1 ? "" : "s", reading.unsupported_type,
                 packet_link_name(reading.unsupported_type));
    return reading.nameless + reading.unsupported > 0 ? why : NULL;
}
