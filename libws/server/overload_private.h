/*
 * overload_private: what connections report to overload protection (<ws/overload.h>).
 */
#ifndef LIBWS_SERVER_OVERLOAD_PRIVATE_H
#define LIBWS_SERVER_OVERLOAD_PRIVATE_H

#include <ws/overload.h>

/* The memory that `conn` holds may have changed: counts it again, and if that is too much, evicts
 * the largest holder on its loop. */
void ws_overload_charge(struct ws_conn *conn);

/* At its end. */
void ws_overload_release(struct ws_conn *conn);

#endif
