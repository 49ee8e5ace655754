#include "libws/io/random.h"

#include <openssl/rand.h>
#include <string.h>

bool ws_random_bytes(void *context, void *bytes, size_t size)
{
    struct ws_random *random = context;
    if (size > sizeof random->block)
        return size <= INT32_MAX && RAND_bytes(bytes, (int)size) == 1;
    if (random->left < size) {
        if (RAND_bytes(random->block, sizeof random->block) != 1)
            return false;
        random->left = sizeof random->block;
    }
    random->left -= (uint32_t)size;
    memcpy(bytes, random->block + random->left, size);
    memset(random->block + random->left, 0, size);
    return true;
}

uint32_t ws_random_below(struct ws_random *random, uint32_t limit)
{
    uint32_t value = 0;
    if (!ws_random_bytes(random, &value, sizeof value))
        return 0;
    return value % limit;
}
