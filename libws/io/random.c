#include "libws/io/random.h"

#include <openssl/rand.h>
#include <string.h>

bool ws_random_bytes(void *context, void *bytes, size_t size)
{
    struct ws_random *random = context;
    if (size > sizeof random->block)
        return size <= INT32_MAX && RAND_bytes(bytes, (int)size) == 1;
    if (random->unused < size) {
        if (RAND_bytes(random->block, sizeof random->block) != 1)
            return false;
        random->unused = sizeof random->block;
    }
    random->unused -= (uint32_t)size;
    memcpy(bytes, random->block + random->unused, size);
    memset(random->block + random->unused, 0, size);
    return true;
}
