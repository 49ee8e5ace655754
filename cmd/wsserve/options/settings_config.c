#include "cmd/wsserve/options/settings_config.h"

#include "cmd/common/options/secret.h"

#include <stdlib.h>
#include <string.h>

struct settings_source {
    struct settings typed;     /* as the command line alone has them */
    struct options options;    /* as it left them; owns nothing */
    struct config config;      /* the file at the start */
    uint8_t over[OPTIONS_MAX]; /* options of the file that the command line takes precedence over */
};

static bool complain(struct options *options, const char *why)
{
    fprintf(options->err ? options->err : stderr, "%s: %s\n", options->tool, why);
    options->status = 1;
    return false;
}

/* Frees the options of settings that were copied from `source`: its lists stay. */
static void free_copied(struct settings *settings, struct options *options,
                        const struct settings_source *source)
{
    struct option_found at = {0};
    while (options_next(options, &at))
        if (at.row->kind == OPTION_KIND_LIST && source->options.given[at.index]) {
            void *list = (char *)at.table->settings + at.row->offset;
            *(struct option_list *)list = (struct option_list){0};
        }
    options_free(options);
    (void)settings;
}

/* Settings that a file alone makes, line by line. */
struct line_check {
    struct settings settings;
    settings_http_checker *check_http;
    char error[256];
};

static const char *check_line(void *context)
{
    struct line_check *check = context;
    return check->check_http(&check->settings.http, check->error, sizeof check->error)
               ? NULL
               : check->error;
}

/* Checks every line of the file, also those that the command line overrides. */
static bool check_lines(struct options *options, const struct config *config,
                        settings_http_checker *check_http)
{
    struct line_check *scratch = malloc(sizeof *scratch);
    struct options checking;
    if (!scratch)
        return complain(options, "out of memory");
    settings_begin(&scratch->settings, &checking);
    scratch->check_http = check_http;
    checking.err = options->err;
    bool fine = config_apply(&checking, config, CONFIG_WHOLE, NULL, check_line, scratch);
    options->status = checking.status;
    options_free(&checking);
    free(scratch);
    return fine;
}

static void mark(const struct options *options, const char *name, uint8_t over[OPTIONS_MAX])
{
    struct option_found found;
    const struct option_row *other;
    if (options_find_name(options, name, strlen(name), &found, &other))
        over[found.index] = 1;
}

/* What the file says of its own mode, where the one that is typed has no use for it. */
static void mark_of_modes(const struct options *typed, uint8_t over[OPTIONS_MAX])
{
    static const char *const of_programs[] = {"framing", "text", "binary", "pty", "chdir", "kill"};
    bool pipe = options_given(typed, "pipe");
    bool programs = pipe || typed->arg_count > 0 || options_given(typed, "dir");
    for (size_t i = 0; !programs && i < sizeof of_programs / sizeof of_programs[0]; i++)
        mark(typed, of_programs[i], over);
    if (pipe || options_given(typed, "broadcast") || options_given(typed, "rooms"))
        return;
    mark(typed, "cluster", over);
    mark(typed, "cluster-ca", over);
}

/* The command line takes precedence: over the same option, and over what it excludes. */
static void find_precedence(const struct options *typed, uint8_t over[OPTIONS_MAX])
{
    static const char *const modes[] = {"shared", "echo",   "broadcast", "rooms", "dir",
                                        "sink",   "source", "reply",     "pipe",  "proxy"};
    static const struct {
        const char *typed, *in_file;
    } excluding[] = {
        {"listen", "port"},       {"listen", "address"},
        {"port", "listen"},       {"address", "listen"},
        {"self-signed", "cert"},  {"self-signed", "key"},
        {"cert", "self-signed"},  {"self-signed", "passphrase"},
        {"origin", "sameorigin"}, {"sameorigin", "origin"},
        {"text", "binary"},       {"binary", "text"},
    };
    enum { MODES = sizeof modes / sizeof modes[0] };
    bool another = false;
    memcpy(over, typed->given, OPTIONS_MAX);
    for (size_t i = 0; i < sizeof excluding / sizeof excluding[0]; i++)
        if (options_given(typed, excluding[i].typed))
            mark(typed, excluding[i].in_file, over);
    for (size_t i = 0; i < MODES; i++)
        another |= options_given(typed, modes[i]);
    if (!another && typed->arg_count == 0)
        return;
    /* A file may say --shared of the COMMAND that is typed. */
    for (size_t i = another ? 0 : 1; i < MODES; i++)
        mark(typed, modes[i], over);
    mark_of_modes(typed, over);
}

/* Reads the file that the command line names, if any, and keeps what a reload needs. */
static bool load(struct settings *settings, struct options *options)
{
    char why[512];
    if (!settings->operate.config)
        return true;
    secret_only_files();
    struct settings_source *source = calloc(1, sizeof *source);
    if (!source)
        return complain(options, "out of memory");
    if (!config_read(&source->config, settings->operate.config, false, why, sizeof why)) {
        free(source);
        return complain(options, why);
    }
    settings->source = source;
    source->typed = *settings;
    source->options = *options;
    source->options.owned = NULL;
    source->options.owned_count = 0;
    find_precedence(options, source->over);
    return check_lines(options, &source->config, settings->check_http) &&
           config_apply(options, &source->config, CONFIG_WHOLE, source->over, NULL, NULL);
}

static void forget_source(struct settings *settings)
{
    if (!settings->source)
        return;
    config_free(&settings->source->config);
    free(settings->source);
    settings->source = NULL;
}

bool serve_settings_read(struct settings *settings, struct options *options, int argc, char **argv,
                         settings_http_checker *check_http)
{
    settings_begin(settings, options);
    settings->check_http = check_http;
    return options_parse(options, argc, argv) && load(settings, options) &&
           settings_finish(settings, options);
}

void serve_settings_free(struct settings *settings, struct options *options)
{
    forget_source(settings);
    options_free(options);
}

/* --- reload --- */

void settings_reload_free(struct settings_reload *reload)
{
    if (!reload)
        return;
    free_copied(&reload->settings, &reload->options, reload->settings.source);
    free(reload);
}

/* Settings of the command line and the file; unless `whole`, of the file only reloadable options,
 * and the others as the file had them at the start. */
static struct settings_reload *make(const struct settings_source *source,
                                    const struct config *config, bool whole, FILE *err)
{
    struct settings_reload *reload = calloc(1, sizeof *reload);
    const uint8_t *typed = source->over;
    if (!reload)
        return NULL;
    reload->settings = source->typed;
    reload->options = source->options;
    reload->options.err = err;
    settings_own_tables(&reload->settings, &reload->options);
    bool fine =
        whole
            ? config_apply(&reload->options, config, CONFIG_WHOLE, typed, NULL, NULL)
            : config_apply(&reload->options, config, CONFIG_RELOADABLE, typed, NULL, NULL) &&
                  config_apply(&reload->options, &source->config, CONFIG_FIXED, typed, NULL, NULL);
    if (fine && settings_finish(&reload->settings, &reload->options))
        return reload;
    settings_reload_free(reload);
    return NULL;
}

/* Adds a name to a list. */
static void add_name(char **list, const char *name)
{
    char *longer;
    if (!*list || asprintf(&longer, "%s%s%s", *list, **list ? ", " : "", name) < 0)
        return;
    free(*list);
    *list = longer;
}

static void compare(const struct options *now, const struct options *then, char **changed,
                    char **not_reloadable)
{
    struct option_found at = {0};
    *changed = strdup("");
    *not_reloadable = strdup("");
    while (options_next(now, &at)) {
        if (at.row->kind == OPTION_KIND_GROUP || at.row->kind >= OPTION_KIND_HELP ||
            options_same(now, then, at.index))
            continue;
        add_name(at.row->flags & OPTION_RELOADABLE ? changed : not_reloadable, at.row->name);
    }
}

struct settings_reload *settings_config_reload(const struct settings *now,
                                               const struct options *now_options, FILE *err,
                                               char **changed, char **not_reloadable)
{
    const struct settings_source *source = now->source;
    struct options reporting = {.tool = "wsserve", .err = err};
    struct settings_reload *reload = NULL;
    struct config config;
    char why[512];
    *changed = *not_reloadable = NULL;
    if (!config_read(&config, now->operate.config, true, why, sizeof why)) {
        complain(&reporting, why);
        return NULL;
    }
    if (check_lines(&reporting, &config, now->check_http))
        reload = make(source, &config, true, err);
    if (reload) {
        compare(now_options, &reload->options, changed, not_reloadable);
        if (*not_reloadable && **not_reloadable) {
            settings_reload_free(reload);
            reload = make(source, &config, false, err);
        }
    }
    config_free(&config);
    return reload;
}
