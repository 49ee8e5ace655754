/*
 * version: which libws a program was compiled with, and which one it runs with.
 *
 * The macros are the headers' version, ws_version() is the library's. Any thread may call it.
 */
#ifndef WS_VERSION_H
#define WS_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* Semantic versioning: MAJOR changes when a program must be changed, MINOR when something is added.
 */
#define WS_VERSION_MAJOR 0
#define WS_VERSION_MINOR 1
#define WS_VERSION_PATCH 0
#define WS_VERSION       "0.1.0"

/* For comparisons: 0x010203 is 1.2.3. */
#define WS_VERSION_NUMBER (WS_VERSION_MAJOR << 16 | WS_VERSION_MINOR << 8 | WS_VERSION_PATCH)

/* WS_VERSION as it was when the library was compiled. Constant; lives as long as the program. */
const char *ws_version(void);

#ifdef __cplusplus
}
#endif

#endif
