#include "cmd/wsframe/print/printer.h"

#include "cmd/common/hex.h"

#include <inttypes.h>
#include <stdio.h>

const char *printer_finding(const struct finding *finding, char text[PRINTER_FINDING_MAX])
{
    const struct ws_error_info *info = ws_error_info(finding->error);
    char section[64];
    snprintf(text, PRINTER_FINDING_MAX, "%s: %s (%s) at 0x%04" PRIx64, info->name,
             info->explanation, ws_error_section(finding->error, section, sizeof section),
             finding->offset);
    return text;
}

void printer_escaped(const uint8_t *data, size_t len)
{
    char text[4096];
    while (len > 0) {
        size_t used, n = hex_escape(data, len, 0, text, sizeof text, &used);
        fwrite(text, 1, n, stdout);
        data += used;
        len -= used;
    }
}
