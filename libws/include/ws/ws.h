/*
 * ws: the protocol, for programs that bring their own I/O: sessions, frames, handshakes, errors.
 *
 * It needs nothing of the system but the C library. <ws/net.h> is the other half.
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
