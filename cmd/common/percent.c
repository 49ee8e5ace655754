#include "cmd/common/percent.h"

#include "cmd/common/hex.h"

bool percent_decode(struct ws_str text, char *to, size_t size, size_t *len)
{
    size_t n = 0;
    bool fine = true;
    for (size_t i = 0; fine && i < text.len; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.p[i + 2]) : -1;
            fine = high >= 0 && low >= 0;
            c = (char)(high * 16 + low);
            i += 2;
        }
        fine = fine && n + 1 < size;
        if (fine)
            to[n++] = c;
    }
    to[n] = '\0';
    if (len)
        *len = n;
    return fine;
}
