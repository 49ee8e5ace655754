/* ws: all of libws/proto, for programs that bring their own I/O. */
#ifndef WS_WS_H
#define WS_WS_H

#include "libws/proto/deflate_offer.h"
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
#include <ws/utf8.h>

#endif
