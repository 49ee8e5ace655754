#include "cmd/wsframe/inspect_capture.h"

#include "cmd/common/exit.h"
#include "cmd/wsframe/read/detect_bytes.h"
#include "cmd/wsframe/read/read_pcap.h"
#include "cmd/wsframe/read/read_tcpdump.h"
#include "cmd/wsframe/tls/keylog.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static bool take_packet(void *context, const struct packet *packet, enum packet_link link)
{
    struct inspection *in = context;
    streams_packet(in->streams, packet, link);
    inspection_show(in);
    return !in->decode.stop;
}

static void take_secrets(void *context, const char *text, size_t len)
{
    struct inspection *in = context;
    if (!in->keylog)
        in->keylog = keylog_new();
    keylog_add(in->keylog, text, len);
    in->decode.keylog = in->keylog;
}

/* Reports the content of a capture without WebSocket connections. */
static void explain_capture(struct inspection *in, const char *name,
                            const struct stream_counts *counts)
{
    static const char *const kinds[] = {[KIND_UNKNOWN] = "of something else",
                                        [KIND_WEBSOCKET] = NULL,
                                        [KIND_HTTP] = "of HTTP",
                                        [KIND_HTTP2] = "of HTTP/2",
                                        [KIND_TLS] = "of TLS",
                                        [KIND_UPGRADED] = "of HTTP upgraded to another protocol",
                                        [KIND_OTHER] = "of something else"};
    char found[256] = "";
    size_t len = 0;
    for (int kind = 0; kind <= KIND_OTHER; kind++) {
        uint64_t count = counts->kinds[kind];
        if (kind == KIND_OTHER)
            count += counts->kinds[KIND_UNKNOWN];
        if (!kinds[kind] || count == 0 || kind == KIND_UNKNOWN)
            continue;
        len += (size_t)snprintf(found + len, sizeof found - len, "%s%" PRIu64 " connection%s %s",
                                len ? ", " : "", count, count == 1 ? "" : "s", kinds[kind]);
    }
    char why[512];
    if (len > 0)
        snprintf(why, sizeof why, "no WebSocket in it: %s%s", found,
                 counts->kinds[KIND_HTTP2] > 0 && form_explanation(FORM_HTTP2)
                     ? ", which this wsframe was built without"
                 : counts->kinds[KIND_TLS] == 0 ? ""
                 : in->keylog                   ? ""
                              : "; --keylog=FILE takes the secrets of TLS (SSLKEYLOGFILE)");
    else
        snprintf(
            why, sizeof why, "no WebSocket in it: %" PRIu64 " packet%s, none with TCP data%s%s",
            counts->packets, counts->packets == 1 ? "" : "s",
            in->settings->decode.port ? " of that port" : "",
            counts->cut > 0 ? "; packets are cut inside their headers: capture with tcpdump -s 0"
                            : "");
    inspection_fail(in, name, why);
}

/* Reports that the connection of --stream is not there, or has no WebSocket; false if none has. */
static bool explain_stream(struct inspection *in, const char *name,
                           const struct stream_counts *counts)
{
    unsigned stream = in->settings->decode.stream;
    char why[160];
    if (stream > counts->connections) {
        snprintf(why, sizeof why,
                 "there is no connection %u: it has %" PRIu64
                 ", and -o table lists those that have "
                 "a WebSocket",
                 stream, counts->connections);
        inspection_fail(in, name, why);
    } else if (counts->kinds[KIND_WEBSOCKET] > 0) {
        inspection_fail(
            in, name,
            "the connection of --stream has no WebSocket: -o table lists those that have");
    } else {
        return false;
    }
    return true;
}

/* Says what was found, with --verbose, or why there is nothing. */
static void report_connections(struct inspection *in, const char *name,
                               const struct stream_counts *counts)
{
    bool empty = in->decode.frames == 0 && in->decode.heads == 0;
    bool other = empty && in->settings->decode.stream > 0 && counts->connections > 0;
    if (empty && !(other && explain_stream(in, name, counts)))
        explain_capture(in, name, counts);
    else if (!empty && in->settings->common.verbose)
        exit_warn("%s: %" PRIu64 " packet%s, %" PRIu64 " TCP connection%s, %" PRIu64
                  " of them WebSockets",
                  name, counts->packets, counts->packets == 1 ? "" : "s", counts->connections,
                  counts->connections == 1 ? "" : "s", counts->kinds[KIND_WEBSOCKET]);
}

/* `problem` is the error that ended the capture early, or NULL. */
static void end_capture(struct inspection *in, const char *name, uint64_t left_out,
                        const char *problem)
{
    struct stream_counts counts;
    bool stopped = in->decode.stop;
    streams_end(in->streams, &counts);
    in->streams = NULL;
    inspection_finish(in);
    if (problem)
        inspection_fail(in, name, problem);
    if (stopped || (problem && counts.packets == 0))
        return;
    if (left_out > 0)
        exit_warn("%s: %" PRIu64 " packets whose lines are not complete were left out", name,
                  left_out);
    if (counts.cut > 0 && in->decode.frames + in->decode.heads > 0)
        exit_warn("%s: %" PRIu64 " packet%s cut inside %s headers by the snapshot length: "
                  "capture with tcpdump -s 0",
                  name, counts.cut, counts.cut == 1 ? "" : "s", counts.cut == 1 ? "its" : "their");
    if (counts.fragments > 0)
        exit_warn("%s: %" PRIu64 " fragments of IP packets were left out", name, counts.fragments);
    if (in->keylog && counts.tls_why)
        exit_warn("%s: %" PRIu64 " connection%s not decrypted: %s", name, counts.kinds[KIND_TLS],
                  counts.kinds[KIND_TLS] == 1 ? "" : "s", counts.tls_why);
    if (counts.http2_begun > 0)
        exit_warn("%s: %" PRIu64 " connection%s of HTTP/2 began before the capture: without the "
                  "heads that came then (HPACK) %s streams cannot be read",
                  name, counts.http2_begun, counts.http2_begun == 1 ? "" : "s",
                  counts.http2_begun == 1 ? "its" : "their");
    in->incomplete += counts.http2_begun + left_out + counts.fragments + counts.cut;
    report_connections(in, name, &counts);
}

static void begin_capture(struct inspection *in, const char *name, enum form form)
{
    inspection_begin(in, name, form);
    in->streams = streams_new(&in->decode, in->settings->decode.port);
    in->has_ports = true;
}

/* A capture has no bytes of its own to skip. */
static bool refuses_skip(struct inspection *in, const char *name)
{
    if (in->settings->decode.skip > 0)
        inspection_fail(in, name, "this is a capture, and --skip is for bytes");
    return in->settings->decode.skip > 0;
}

void inspect_capture(struct inspection *in, const char *name, struct ws_bytes *head, int fd)
{
    if (refuses_skip(in, name))
        return;
    /* A capture that was asked for may be something that is known by its first bytes, gzip say. */
    const char *other = form_explanation(detect_bytes(bytes_data(head), ws_bytes_len(head)));
    if (other && !detect_pcap(bytes_data(head), ws_bytes_len(head))) {
        inspection_fail(in, name, other);
        return;
    }
    begin_capture(in, name, FORM_PCAP);
    in->live = inspection_is_live(fd);
    const char *problem = read_pcap(head, fd, take_packet, take_secrets, in);
    in->live = false;
    end_capture(in, name, 0, problem);
}

void inspect_capture_bytes(struct inspection *in, const char *name, struct ws_bytes *bytes)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    inspect_capture(in, name, bytes, nothing);
    if (nothing >= 0)
        close(nothing);
}

void inspect_tcpdump(struct inspection *in, const char *name, struct ws_bytes *text)
{
    if (refuses_skip(in, name))
        return;
    begin_capture(in, name, FORM_TCPDUMP);
    end_capture(in, name, read_tcpdump(bytes_data(text), ws_bytes_len(text), take_packet, in),
                NULL);
}

void inspect_packets(struct inspection *in, const char *name, enum form form, struct pieces *pieces)
{
    size_t from = 0;
    begin_capture(in, name, form);
    in->decode.pasted = true;
    for (size_t i = 0; i < pieces_count(pieces) && !in->decode.stop; i++) {
        struct piece piece = pieces_get(pieces, i);
        struct packet packet = {
            .number = i + 1, .data = bytes_data(pieces->bytes) + from, .len = piece.end - from};
        take_packet(in, &packet, LINK_GUESS);
        from = piece.end;
    }
    end_capture(in, name, 0, NULL);
}
