#include "cmd/wsserve/options/settings_config.h"

#include <stdlib.h>
#include <string.h>

struct settings_source {
    struct settings typed;  /* as the command line alone has them */
    struct options options; /* as it left them; owns nothing */
    struct config config;   /* the file at the start */
};

static bool complain(struct options *options, const char *why)
{
    fprintf(options->err ? options->err : stderr, "%s: %s\n", options->tool, why);
    options->status = 1;
    return false;
}

/* Frees options of settings that began as a copy of what was typed: the lists that are from there
 * stay. */
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

/* Is every line of the file right, those too that the command line overrules? */
static bool check_lines(struct options *options, const struct config *config)
{
    struct settings *scratch = malloc(sizeof *scratch);
    struct options checking;
    if (!scratch)
        return complain(options, "out of memory");
    settings_begin(scratch, &checking);
    checking.err = options->err;
    bool fine = config_apply(&checking, config, CONFIG_WHOLE, NULL);
    options->status = checking.status;
    options_free(&checking);
    free(scratch);
    return fine;
}

bool settings_config_load(struct settings *settings, struct options *options)
{
    char why[512];
    if (!settings->operate.config)
        return true;
    struct settings_source *source = calloc(1, sizeof *source);
    if (!source)
        return complain(options, "out of memory");
    if (!config_read(&source->config, settings->operate.config, why, sizeof why)) {
        free(source);
        return complain(options, why);
    }
    settings->source = source;
    source->typed = *settings;
    source->options = *options;
    source->options.owned = NULL;
    source->options.owned_count = 0;
    return check_lines(options, &source->config) &&
           config_apply(options, &source->config, CONFIG_WHOLE, source->options.given);
}

void settings_config_forget(struct settings *settings)
{
    if (!settings->source)
        return;
    config_free(&settings->source->config);
    free(settings->source);
    settings->source = NULL;
}

/* --- another time --- */

void settings_again_free(struct settings_reload *again)
{
    if (!again)
        return;
    free_copied(&again->settings, &again->options, again->settings.source);
    free(again);
}

/* What was typed, and the file; or of it only what may change, and the rest as it was at the start.
 */
static struct settings_reload *make(const struct settings_source *source,
                                    const struct config *config, bool whole, FILE *err)
{
    struct settings_reload *again = calloc(1, sizeof *again);
    const uint8_t *typed = source->options.given;
    if (!again)
        return NULL;
    again->settings = source->typed;
    again->options = source->options;
    again->options.err = err;
    settings_own_tables(&again->settings, &again->options);
    bool fine = whole ? config_apply(&again->options, config, CONFIG_WHOLE, typed)
                      : config_apply(&again->options, config, CONFIG_RELOADABLE, typed) &&
                            config_apply(&again->options, &source->config, CONFIG_FIXED, typed);
    if (fine && settings_finish(&again->settings, &again->options))
        return again;
    settings_again_free(again);
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

struct settings_reload *settings_config_again(const struct settings *now,
                                              const struct options *now_options, FILE *err,
                                              char **changed, char **not_reloadable)
{
    const struct settings_source *source = now->source;
    struct options told = {.tool = "wsserve", .err = err};
    struct settings_reload *again = NULL;
    struct config config;
    char why[512];
    *changed = *not_reloadable = NULL;
    if (!config_read(&config, now->operate.config, why, sizeof why)) {
        complain(&told, why);
        return NULL;
    }
    if (check_lines(&told, &config))
        again = make(source, &config, true, err);
    if (again) {
        compare(now_options, &again->options, changed, not_reloadable);
        if (*not_reloadable && **not_reloadable) {
            settings_again_free(again);
            again = make(source, &config, false, err);
        }
    }
    config_free(&config);
    return again;
}
