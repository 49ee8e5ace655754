/*
 * deflate_offer: how two ends agree on permessage-deflate (RFC 7692 sections 5 and 7.1).
 *
 * Reads Sec-WebSocket-Extensions of requests and responses that http has parsed, and writes both.
 * No state; any thread may call it. Used by session, and by wsframe to show and check handshakes.
 */
#ifndef LIBWS_PROTO_DEFLATE_OFFER_H
#define LIBWS_PROTO_DEFLATE_OFFER_H

#include <ws/deflate.h>
#include <ws/error.h>
#include <ws/http.h>

#include <stdbool.h>

/* Bytes of an offer or an answer, the final NUL included. */
enum { WS_DEFLATE_TEXT_MAX = 160 };

/* One "permessage-deflate" as a header has it. */
struct ws_deflate_offer {
    bool server_no_takeover, client_no_takeover;
    uint8_t server_bits;    /* 0: no server_max_window_bits */
    uint8_t client_bits;    /* 0: no client_max_window_bits, or without a value */
    bool client_bits_known; /* client_max_window_bits is there, with or without a value */
};

/*
 * Reads the parameters that ws_extension_next() returned. False when one is unknown, occurs twice,
 * or has an illegal value: 8 to 15 without leading zeros for the windows, none for the others. In
 * an offer client_max_window_bits may go without a value, in an `answer` not (7.1.2.2).
 */
bool ws_deflate_read_offer(struct ws_str params, bool answer, struct ws_deflate_offer *offer);

/*
 * Server: the first offer in the request that can be accepted (5.1); those that cannot are
 * skipped. True with what was agreed on and the text for the answer's Sec-WebSocket-Extensions;
 * false when there is none.
 */
bool ws_deflate_accept(const struct ws_http_head *head, const char *buffer,
                       const struct ws_deflate_config *config, struct ws_deflate_params *params,
                       char answer[WS_DEFLATE_TEXT_MAX]);

/* The text of what was agreed on, as an answer has it, without windows of full size. */
void ws_deflate_write_agreed(const struct ws_deflate_params *params,
                             char text[WS_DEFLATE_TEXT_MAX]);

/* Client: the text of the offer for `config`. */
void ws_deflate_write_offer(const struct ws_deflate_config *config,
                            char offer[WS_DEFLATE_TEXT_MAX]);

/*
 * Client: checks the answer to that offer. WS_OK with `*agreed`, and `params` when it is true;
 * WS_E_EXTENSION_UNSOLICITED for any other extension, WS_E_DEFLATE_DUPLICATE when it is accepted
 * twice, WS_E_DEFLATE_PARAMETER when ws_deflate_read_offer() fails, WS_E_DEFLATE_MISMATCH when it
 * does not answer our offer: it leaves out what we demanded, or asks for more than we can do (7.1).
 */
enum ws_error ws_deflate_check_response(const struct ws_http_head *head, const char *buffer,
                                        const struct ws_deflate_config *config,
                                        struct ws_deflate_params *params, bool *agreed);

#endif
