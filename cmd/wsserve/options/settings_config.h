/*
 * settings_config: --config, read at the start and again whenever SIGHUP says so.
 *
 * What the command line said stays as it is; of the file only what may change while the server runs
 * does. Settings that are in use are never changed: a reload makes up new ones, and reload.c has
 * everybody go by them.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_CONFIG_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_CONFIG_H

#include "cmd/common/config.h"
#include "cmd/wsserve/options/settings.h"

#include <stdio.h>

/* After the command line was parsed, and before it was finished: reads the file that it names, if
 * any, and remembers what is needed for another time. False after a fault that was told, with
 * `options->status`. */
bool settings_config_load(struct settings *settings, struct options *options);

/* Frees what it remembers. */
void settings_config_forget(struct settings *settings);

/* Settings of another time, with the options that own their texts. */
struct settings_reload {
    struct settings settings;
    struct options options;
    struct settings_reload *next; /* whoever keeps them */
};

/*
 * Reads the file again. NULL when it is not to be used, after one line of why on `err`. Else new
 * settings, to be freed by settings_again_free(); `*changed` and `*stuck` get the names of the
 * options that differ from `now` (whose options are `now_options`), with commas between, those that
 * do not take effect in `stuck`; each is a text from malloc, or NULL where memory ran out.
 */
struct settings_reload *settings_config_again(const struct settings *now,
                                              const struct options *now_options, FILE *err,
                                              char **changed, char **not_reloadable);
void settings_again_free(struct settings_reload *again);

#endif
