/*
 * compress: reads the PARAMS of -z, --compress, the settings of permessage-deflate (RFC 7692).
 *
 * wsserve, wscat and wsbench share the syntax: each has a row with COMPRESS_OPTION, and a struct
 * compress in its settings.
 */
#ifndef CMD_COMMON_OPTIONS_COMPRESS_H
#define CMD_COMMON_OPTIONS_COMPRESS_H

#include "cmd/common/options/options.h"
#include <ws/conn.h>
#include <ws/deflate.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct compress {
    bool wanted;
    struct ws_deflate_config config;
};

/* The fields of an option row. `defaults` are PARAMS too: they apply to everything that the given
 * PARAMS leave out. */
#define COMPRESS_OPTION(type, field, defaults)                                                     \
    OPTION_CALL(compress_option),                                                                  \
        .metavar = "PARAMS", .implied = (defaults),                                                \
        .like = "^(level|memory|threshold|(server-|client-)?window|takeover)=",                    \
        .offset = OPTION_OFFSET_(type, field, struct compress)

/*
 * Reads "level=9,window=10,takeover=none" and the like into the struct compress at the row's
 * offset: level and memory (1 to 9), threshold (a size), window, server-window and client-window (8
 * to 15), takeover (none, server, client or both). What neither they nor the row's `implied` set
 * keeps the value of ws_deflate_config_init().
 */
option_call compress_option;

/* As if the option had been given without an argument, where both ends keep their context. */
void compress_default(struct compress *compress);

/* The configuration for a connection, or NULL if the option was not given. It lives as long as
 * `compress`. */
const struct ws_deflate_config *compress_config(const struct compress *compress);

/* Adds the numbers of messages and bytes that `conn` has compressed and inflated so far to
 * `sum`. */
void compress_count(struct ws_deflate_counts *sum, const struct ws_conn *conn);
void compress_add(struct ws_deflate_counts *sum, const struct ws_deflate_counts *counts);

/* "1.00 KiB as 40 B, 26 times smaller": sizes before and after compression. Writes at most `size`
 * bytes with the final NUL, and returns `text`. */
char *compress_ratio(uint64_t plain, uint64_t wire, char *text, size_t size);

#endif
