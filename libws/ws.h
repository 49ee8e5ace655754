/* ws: all of libws/proto, for programs that bring their own I/O. */
#ifndef LIBWS_WS_H
#define LIBWS_WS_H

#include "libws/proto/close.h"
#include "libws/proto/deflate.h"
#include "libws/proto/deflate_offer.h"
#include "libws/proto/error.h"
#include "libws/proto/frame.h"
#include "libws/proto/handshake.h"
#include "libws/proto/http.h"
#include "libws/proto/mask.h"
#include "libws/proto/message.h"
#include "libws/proto/out.h"
#include "libws/proto/session.h"
#include "libws/proto/utf8.h"

#endif
