/* A session as a client, whole and in pieces: see session.h. */
#include "tests/fuzz/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_session(WS_ROLE_CLIENT, data, size);
}
