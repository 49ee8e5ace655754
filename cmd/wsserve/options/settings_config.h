/*
 * settings_config: reads the command line and --config, at the start and on a reload (SIGHUP).
 *
 * The command line overrides the file. A reload changes reloadable options only, and never the
 * settings in use: it makes new ones, which reload.c puts in their place. Main thread.
 */
#ifndef CMD_WSSERVE_OPTIONS_SETTINGS_CONFIG_H
#define CMD_WSSERVE_OPTIONS_SETTINGS_CONFIG_H

#include "cmd/common/options/config.h"
#include "cmd/wsserve/options/settings.h"

#include <stdio.h>

/*
 * Reads the command line and the file into `settings`, defaults first. `check_http` is called at
 * the end, and on reloads. False when the program has to end with `options->status`. `options` must
 * live as long as the settings; serve_settings_free() both in any case.
 */
bool serve_settings_read(struct settings *settings, struct options *options, int argc, char **argv,
                         settings_http_checker *check_http);
void serve_settings_free(struct settings *settings, struct options *options);

/* Settings of a reload, with the options that own their strings. */
struct settings_reload {
    struct settings settings;
    struct options options;
    struct settings_reload *next; /* the owner's list */
};

/*
 * Reads the file again. NULL when it cannot be used, after one line on `err`. Else new settings, to
 * be freed by settings_reload_free(); `*changed` and `*not_reloadable` get the names of the options
 * that differ from `now` (whose options are `now_options`), separated by commas, those that do not
 * take effect in the latter; each is from malloc, or NULL without memory.
 */
struct settings_reload *settings_config_reload(const struct settings *now,
                                               const struct options *now_options, FILE *err,
                                               char **changed, char **not_reloadable);

/* NULL is allowed. */
void settings_reload_free(struct settings_reload *reload);

#endif
