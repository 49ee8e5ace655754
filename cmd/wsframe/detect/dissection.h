/*
 * dissection: recognises the fields of packets as tshark and Wireshark print them: -V, -T json, ek,
 * jsonraw and pdml. Their addresses, keys and lengths look like bytes, but are none of a stream.
 *
 * Called by detect only; no state.
 */
#ifndef CMD_WSFRAME_DETECT_DISSECTION_H
#define CMD_WSFRAME_DETECT_DISSECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does a text hold packets that are taken apart into fields? */
bool dissection_is(const uint8_t *text, size_t len);

#endif
