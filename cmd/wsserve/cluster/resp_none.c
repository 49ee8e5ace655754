/* In place of resp.c where the tools are built without hiredis: cluster_start() refuses --cluster.
 */
#include "cmd/wsserve/cluster/resp.h"

bool resp_available(void)
{
    return false;
}

struct resp *resp_new(size_t max)
{
    (void)max;
    return NULL;
}

void resp_free(struct resp *resp)
{
    (void)resp;
}

bool resp_feed(struct resp *resp, const char *data, size_t len,
               bool (*got)(void *context, const struct resp_reply *reply), void *context)
{
    (void)resp;
    (void)data;
    (void)len;
    (void)got;
    (void)context;
    return false;
}

const char *resp_violation(const struct resp *resp)
{
    (void)resp;
    return "";
}
