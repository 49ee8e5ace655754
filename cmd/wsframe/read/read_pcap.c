#include "cmd/wsframe/read/read_pcap.h"

#include "cmd/wsframe/read/read_pcapng.h"

#include <string.h>

#ifdef WITH_PCAP

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <unistd.h>

enum { BUFFER = 256 << 10 };

#define YEAR_10000 INT64_C(253402300800) /* in seconds since 1970 */

/* The bytes read for the detection of the form, and the descriptor with the rest. */
struct source {
    struct ws_bytes *head;
    size_t at;
    int fd;
};

static ssize_t read_source(void *cookie, char *buffer, size_t size)
{
    struct source *source = cookie;
    size_t left = ws_bytes_len(source->head) - source->at;
    if (left > 0) {
        size_t n = left < size ? left : size;
        memcpy(buffer, bytes_data(source->head) + source->at, n);
        source->at += n;
        return (ssize_t)n;
    }
    ssize_t got;
    do
        got = read(source->fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got;
}

static bool link_of(int type, enum packet_link *link)
{
    static const struct {
        int type;
        enum packet_link link;
    } links[] = {
        {DLT_EN10MB, LINK_ETHERNET}, {DLT_LINUX_SLL, LINK_SLL}, {DLT_LINUX_SLL2, LINK_SLL2},
        {DLT_NULL, LINK_NULL},       {DLT_LOOP, LINK_NULL},     {DLT_RAW, LINK_RAW},
        {DLT_IPV4, LINK_RAW},        {DLT_IPV6, LINK_RAW},      {DLT_PPP, LINK_PPP},
        {DLT_PPP_SERIAL, LINK_PPP},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (links[i].type == type) {
            *link = links[i].link;
            return true;
        }
    }
    return false;
}

/* Microseconds since 1970; 0 for an invalid time, which a capture may contain. */
static int64_t time_of(const struct pcap_pkthdr *header)
{
    int64_t seconds = header->ts.tv_sec, us = header->ts.tv_usec;
    if (seconds < 0 || seconds > YEAR_10000 || us < 0 || us > 999999)
        return 0;
    return seconds * 1000000 + us;
}

static const char *read_packets(pcap_t *capture, read_packet *sink, void *context, char *why,
                                size_t size)
{
    struct packet packet = {0};
    struct pcap_pkthdr *header;
    const u_char *data;
    enum packet_link link;
    int type = pcap_datalink(capture), result;
    if (!link_of(type, &link)) {
        const char *name = pcap_datalink_val_to_name(type);
        snprintf(why, size, "the link type %s (%d) is not supported", name ? name : "?", type);
        return why;
    }
    while ((result = pcap_next_ex(capture, &header, &data)) == 1) {
        packet.number++;
        packet.utc_us = time_of(header);
        packet.data = data;
        packet.len = header->caplen;
        if (!sink(context, &packet, link))
            return NULL;
    }
    if (result != PCAP_ERROR)
        return NULL;
    snprintf(why, size, "%s", pcap_geterr(capture));
    return why;
}

static const char *read_classic(struct ws_bytes *head, int fd, read_packet *sink, void *context)
{
    static char why[PCAP_ERRBUF_SIZE + 64];
    char error[PCAP_ERRBUF_SIZE] = "";
    struct source source = {head, 0, fd};
    FILE *file = fopencookie(&source, "rb", (cookie_io_functions_t){.read = read_source});
    if (!file)
        return "out of memory";
    /* stdio reads what is there, and no more than is needed: packets of a growing capture are shown
     * as they arrive. */
    setvbuf(file, NULL, _IOFBF, BUFFER);
    pcap_t *capture = pcap_fopen_offline(file, error);
    if (!capture) {
        fclose(file);
        snprintf(why, sizeof why, "%s", error);
        return why;
    }
    const char *problem = read_packets(capture, sink, context, why, sizeof why);
    pcap_close(capture); /* closes the file too */
    return problem;
}

#else

static const char *read_classic(struct ws_bytes *head, int fd, read_packet *sink, void *context)
{
    (void)head;
    (void)fd;
    (void)sink;
    (void)context;
    return "this build reads no pcap captures (WITH_PCAP=0): use pcapng, or the text of tcpdump -r "
           "FILE -x";
}

#endif

const char *read_pcap(struct ws_bytes *head, int fd, read_packet *sink, read_secrets *secrets,
                      void *context)
{
    static const uint8_t section[] = {0x0A, 0x0D, 0x0D, 0x0A};
    if (ws_bytes_len(head) >= sizeof section &&
        memcmp(bytes_data(head), section, sizeof section) == 0)
        return read_pcapng(head, fd, sink, secrets, context);
    return read_classic(head, fd, sink, context);
}
