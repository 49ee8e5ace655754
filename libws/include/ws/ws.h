/*
 * ws: the protocol, for programs that bring their own I/O: sessions, frames, handshakes, errors.
 *
 * It asks nothing of the system: no clock, socket or thread. It needs libcrypto (SHA-1 and base64),
 * zlib and, where built with it, ISA-L. <ws/net.h> is the other half.
 */
#ifndef WS_WS_H
#define WS_WS_H

#include <ws/close.h>
#include <ws/deflate.h>
#include <ws/error.h>
#include <ws/frame.h>
#include <ws/handshake.h>
#include <ws/http.h>
#include <ws/mask.h>
#include <ws/message.h>
#include <ws/out.h>
#include <ws/session.h>
#include <ws/shared.h>
#include <ws/utf8.h>
#include <ws/version.h>

#endif
