#include "libws/io/random.h"

#include <openssl/rand.h>
#include <string.h>

/* Moves `size` bytes out of the block, which has as many. */
static inline void take(struct ws_random *random, void *bytes, size_t size)
{
    random->unused -= (uint32_t)size;
    memcpy(bytes, random->block + random->unused, size);
    memset(random->block + random->unused, 0, size);
}

bool ws_random_bytes(void *context, void *bytes, size_t size)
{
    enum { KEY = 4 };
    struct ws_random *random = context;
    if (size == KEY && random->unused >= KEY) { /* the most common: a masking key */
        take(random, bytes, KEY);
        return true;
    }
    if (size > sizeof random->block)
        return size <= INT32_MAX && RAND_bytes(bytes, (int)size) == 1;
    if (random->unused < size) {
        if (RAND_bytes(random->block, sizeof random->block) != 1)
            return false;
        random->unused = sizeof random->block;
    }
    take(random, bytes, size);
    return true;
}
