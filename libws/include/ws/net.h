/*
 * net: the network half: event loop, connections, client, server, TLS. Includes <ws/ws.h>.
 */
#ifndef WS_NET_H
#define WS_NET_H

#include <ws/client.h>
#include <ws/conn.h>
#include <ws/handler.h>
#include <ws/hub.h>
#include <ws/loop.h>
#include <ws/server.h>
#include <ws/tls.h>
#include <ws/tls_context.h>
#include <ws/url.h>
#include <ws/ws.h>

#endif
