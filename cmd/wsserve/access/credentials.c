#include "cmd/wsserve/access/credentials.h"

#include "cmd/common/percent.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST = 32, CLAIM_MAX = WS_HTTP_REQUEST_MAX };

enum kind { PASSWORD = 'p', TOKEN = 't' };

struct ws_credential {
    enum kind kind;
    uint8_t digest[DIGEST];
};

/* False when libcrypto fails: every request is refused then. */
static bool digest(struct ws_str text, uint8_t out[DIGEST])
{
    return EVP_Digest(text.p, text.len, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool add(struct ws_credentials *credentials, enum kind kind, struct ws_str text)
{
    struct ws_credential *items =
        reallocarray(credentials->items, credentials->count + 1, sizeof *items);
    if (!items)
        return false;
    credentials->items = items;
    items[credentials->count].kind = kind;
    if (!digest(text, items[credentials->count].digest))
        return false;
    credentials->count++;
    return true;
}

bool ws_credentials_add_password(struct ws_credentials *credentials, struct ws_str user_password)
{
    if (user_password.len == 0 || !memchr(user_password.p, ':', user_password.len) ||
        !add(credentials, PASSWORD, user_password))
        return false;
    credentials->passwords = true;
    return true;
}

bool ws_credentials_add_token(struct ws_credentials *credentials, struct ws_str token)
{
    if (token.len == 0 || !add(credentials, TOKEN, token))
        return false;
    credentials->tokens = true;
    return true;
}

void ws_credentials_free(struct ws_credentials *credentials)
{
    free(credentials->items);
    *credentials = (struct ws_credentials){0};
}

/* Compares all of them, in constant time, also after a match. */
static bool known(const struct ws_credentials *credentials, enum kind kind, struct ws_str claim)
{
    uint8_t claimed[DIGEST];
    unsigned found = 0;
    if (!digest(claim, claimed))
        return false;
    for (size_t i = 0; i < credentials->count; i++) {
        const struct ws_credential *item = &credentials->items[i];
        unsigned equal = CRYPTO_memcmp(item->digest, claimed, DIGEST) == 0;
        found |= equal & (unsigned)(item->kind == kind);
    }
    return found != 0;
}

/* --- Authorization --- */

/* Decodes padded base64 into `out`, which is large enough; -1 if it is malformed. */
static int decode(struct ws_str text, uint8_t *out)
{
    size_t padding = 0;
    if (text.len == 0 || text.len % 4 != 0 || text.len > CLAIM_MAX)
        return -1;
    while (padding < 2 && text.p[text.len - 1 - padding] == '=')
        padding++;
    /* EVP_DecodeBlock() ignores white space at both ends. */
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.p[i] <= ' ')
            return -1;
    int len = EVP_DecodeBlock(out, (const unsigned char *)text.p, (int)text.len);
    return len < 0 ? -1 : len - (int)padding;
}

static enum ws_credentials_verdict check_basic(const struct ws_credentials *credentials,
                                               struct ws_str encoded,
                                               char user[WS_CREDENTIALS_USER])
{
    uint8_t clear[CLAIM_MAX];
    int len = decode(encoded, clear);
    bool right = false;
    if (len > 0) {
        struct ws_str claim = {(const char *)clear, (size_t)len};
        const char *colon = memchr(claim.p, ':', claim.len);
        snprintf(user, WS_CREDENTIALS_USER, "%.*s",
                 (int)(colon ? (size_t)(colon - claim.p) : claim.len), claim.p);
        right = known(credentials, PASSWORD, claim);
    }
    OPENSSL_cleanse(clear, sizeof clear);
    return right ? WS_CREDENTIALS_RIGHT : WS_CREDENTIALS_WRONG;
}

static bool takes_scheme(struct ws_str *value, const char *scheme)
{
    size_t len = strlen(scheme);
    if (value->len <= len || value->p[len] != ' ' ||
        !ws_str_equal_case((struct ws_str){value->p, len}, scheme))
        return false;
    *value = ws_str_trim((struct ws_str){value->p + len, value->len - len});
    return true;
}

/* --- the query --- */

bool ws_query_find(struct ws_str target, const char *name, struct ws_str *value)
{
    size_t name_len = strlen(name);
    const char *mark = target.len ? memchr(target.p, '?', target.len) : NULL;
    if (!mark)
        return false;
    struct ws_str rest = {mark + 1, target.len - (size_t)(mark + 1 - target.p)};
    while (rest.len > 0) {
        const char *end = memchr(rest.p, '&', rest.len);
        size_t len = end ? (size_t)(end - rest.p) : rest.len;
        if (len > name_len && rest.p[name_len] == '=' && memcmp(rest.p, name, name_len) == 0) {
            *value = (struct ws_str){rest.p + name_len + 1, len - name_len - 1};
            return true;
        }
        len += end ? 1 : 0;
        rest.p += len;
        rest.len -= len;
    }
    return false;
}

static bool check_query_token(const struct ws_credentials *credentials, struct ws_str value)
{
    char clear[CLAIM_MAX];
    size_t len;
    bool right = percent_decode(value, clear, sizeof clear, &len) &&
                 known(credentials, TOKEN, (struct ws_str){clear, len});
    OPENSSL_cleanse(clear, sizeof clear);
    return right;
}

enum ws_credentials_verdict ws_credentials_check(const struct ws_credentials *credentials,
                                                 const struct ws_request *request,
                                                 char user[WS_CREDENTIALS_USER])
{
    const struct ws_http_head *head = request->head;
    struct ws_str value;
    user[0] = '\0';
    int at = ws_http_find(head, request->buffer, "Authorization", 0);
    if (at >= 0) {
        if (ws_http_find(head, request->buffer, "Authorization", at + 1) >= 0)
            return WS_CREDENTIALS_WRONG;
        value = ws_http_value(head, request->buffer, (size_t)at);
        if (takes_scheme(&value, "Basic"))
            return check_basic(credentials, value, user);
        if (takes_scheme(&value, "Bearer"))
            return known(credentials, TOKEN, value) ? WS_CREDENTIALS_RIGHT : WS_CREDENTIALS_WRONG;
        return WS_CREDENTIALS_WRONG;
    }
    if (!ws_query_find(request->target, "token", &value))
        return WS_CREDENTIALS_MISSING;
    return check_query_token(credentials, value) ? WS_CREDENTIALS_RIGHT : WS_CREDENTIALS_WRONG;
}
