#include "cmd/wsbench/payload/payload.h"

#include "cmd/wsbench/payload/small.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far more than the window of a compressor (32 KiB). */
enum { SPREAD = 1 << 20 };

/* Messages of up to so many bytes are made several at once. */
enum { SMALL = 125 };

/* Fills the buffer with lines of JSON, which compress about as well as real traffic. The numbers
 * are the same in every run. */
static void fill(uint8_t *pattern, size_t size)
{
    static const char *const names[] = {"anna", "boris", "chiara", "dmitri", "elif", "farid"};
    static const char *const states[] = {"new", "open", "waiting", "done"};
    uint32_t random = 1;
    for (size_t len = 0; len < size;) {
        char line[160];
        random = random * 1664525 + 1013904223;
        int n = snprintf(line, sizeof line,
                         "{\"id\":%u,\"user\":\"%s\",\"state\":\"%s\",\"price\":%u.%02u,"
                         "\"seen\":\"2026-01-%02uT%02u:%02u:00Z\"}\n",
                         random >> 12, names[(random >> 8) % 6], states[random >> 30], random >> 20,
                         random >> 10 & 63, 1 + (random >> 5) % 28, (random >> 7) % 24,
                         (random >> 9) % 60);
        size_t some = size - len < (size_t)n ? size - len : (size_t)n;
        memcpy(pattern + len, line, some);
        len += some;
    }
}

bool payload_init(struct payload *p, size_t least, size_t size, unsigned window, bool varied)
{
    *p = (struct payload){.least = least, .size = size, .spread = varied ? SPREAD : 0};
    p->digits = size < PAYLOAD_CHECKED ? small_digits(size, window) : 0;
    p->many = size <= SMALL && least == size && !varied ? PAYLOAD_MANY : 1;
    p->pattern = malloc(size + p->spread + 1);
    p->message = malloc(p->many * size + 1);
    if (!p->pattern || !p->message)
        return false;
    fill(p->pattern, size + p->spread);
    for (unsigned i = 0; i < p->many; i++) {
        p->each[i] = (struct iovec){p->message + i * size, size};
        memcpy(p->each[i].iov_base, p->pattern, size);
    }
    return true;
}

void payload_free(struct payload *p)
{
    free(p->pattern);
    free(p->message);
    *p = (struct payload){0};
}

/* Eight digits at once, a byte each, the first in the highest. */
static uint64_t digits_of(uint32_t value)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = value;
    x = (x << 16 | x) & UINT64_C(0x0000ffff0000ffff);
    x = (x << 8 | x) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x << 4 | x) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return x + 0x30 * ones + (((x + 6 * ones) >> 4) & ones) * ('a' - '9' - 1);
}

static void put_hex8(uint8_t *at, uint32_t value)
{
    uint64_t digits = htobe64(digits_of(value));
    memcpy(at, &digits, sizeof digits);
}

typedef uint64_t words __attribute__((vector_size(16)));
typedef int8_t bytes __attribute__((vector_size(16)));

/* Sixteen digits, in a register of so many bytes. Not returned: without SSE that is another ABI. */
static inline void hex16_of(uint64_t value, bytes *result)
{
    const uint64_t halves = UINT64_C(0x0f0f0f0f0f0f0f0f);
    value = htobe64(value);
    bytes high = (bytes)(words){value >> 4 & halves, 0}, low = (bytes)(words){value & halves, 0};
    bytes digits =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *result = digits + '0' + ((bytes)(digits > 9) & ('a' - '9' - 1));
}

static inline void put_hex16(uint8_t *at, uint64_t value)
{
    bytes digits;
    hex16_of(value, &digits);
    memcpy(at, &digits, sizeof digits);
}

/* What is no digit gives some value, whose digits are others. */
static bool get_hex8(const uint8_t *at, uint32_t *value)
{
    uint64_t digits, x;
    memcpy(&digits, at, sizeof digits);
    digits = be64toh(digits);
    x = (digits & UINT64_C(0x0f0f0f0f0f0f0f0f)) + 9 * (digits >> 6 & UINT64_C(0x0101010101010101));
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    *value = (uint32_t)(x | x >> 16);
    return digits_of(*value) == digits;
}

/* 16 bits over the fields of a head. One wrong digit adds a multiple of a power of two to the sum,
 * never one of the prime: it always shows. Of the sequence number 48 bits are sent, so nothing
 * overflows. */
static uint64_t check_of(const struct payload_head *head)
{
    enum { PRIME = 65521 };
    return (head->sequence * 28657 + head->connection * UINT64_C(20011) +
            head->time % PRIME * 50021) %
           PRIME;
}

static size_t head_size(size_t size)
{
    return size >= PAYLOAD_HEAD ? PAYLOAD_HEAD : size >= PAYLOAD_CHECKED ? PAYLOAD_CHECKED : size;
}

uint64_t payload_modulus(const struct payload *p)
{
    return p->size >= PAYLOAD_CHECKED ? 0 : small_numbers(p->digits);
}

/* A number that every message has its own of. */
static size_t number_of(const struct payload *p, const struct payload_head *head)
{
    uint64_t mixed = head->sequence + (p->size >= PAYLOAD_HEAD ? head->connection : 0);
    return (size_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static size_t offset_of(const struct payload *p, const struct payload_head *head)
{
    return p->spread ? number_of(p, head) % p->spread : 0;
}

static size_t size_of(const struct payload *p, const struct payload_head *head)
{
    return p->least == p->size ? p->size : p->least + number_of(p, head) % (p->size - p->least + 1);
}

/* What the first digits say, which differ from one message to the next. */
static inline uint64_t first_of(const struct payload_head *head)
{
    return head->sequence << 16 | check_of(head);
}

static inline void write_number(uint8_t *to, const struct payload_head *head)
{
    put_hex16(to, first_of(head));
}

/* What follows them in a long head. */
static inline void write_origin(uint8_t *to, const struct payload_head *head)
{
    put_hex8(to, head->connection);
    put_hex16(to + 8, head->time);
}

static inline void write_head(uint8_t *to, const struct payload *p, const struct payload_head *head)
{
    struct payload_head checked = *head;
    if (p->size < PAYLOAD_CHECKED) {
        small_write(to, p->size, p->digits, head->connection, head->sequence);
        return;
    }
    if (p->size >= PAYLOAD_HEAD)
        write_origin(to + PAYLOAD_CHECKED, head);
    else
        checked.time = 0;
    write_number(to, &checked);
}

void payload_write(struct payload *p, const struct payload_head *head)
{
    size_t head_len = head_size(p->size);
    p->len = size_of(p, head);
    write_head(p->message, p, head);
    if (p->spread)
        memcpy(p->message + head_len, p->pattern + offset_of(p, head) + head_len,
               p->len - head_len);
}

void payload_write_many(struct payload *p, struct payload_head head, unsigned count)
{
    uint8_t *to = p->message;
    if (p->many == 1) {
        payload_write(p, &head);
        return;
    }
    p->len = p->size;
    if (p->size >= PAYLOAD_HEAD || p->size < PAYLOAD_CHECKED) {
        for (; count > 0; count--, to += p->size, head.sequence++)
            write_head(to, p, &head);
        return;
    }
    head.time = 0; /* as in write_head() */
    for (; count > 0; count--, to += p->size, head.sequence++)
        write_number(to, &head);
}

/* The bits in which two sequences of eight bytes differ. */
static inline uint64_t others(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x ^ y;
}

static inline uint64_t others4(const uint8_t *a, const uint8_t *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x ^ y;
}

/* The same of few bytes: the call of memcmp() would take longer. The last ones may be compared
 * twice. */
static inline uint64_t others_of(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t found = 0;
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8)
            found |= others(a + i, b + i);
        return found | others(a + len - 8, b + len - 8);
    }
    if (len >= 4)
        return others4(a, b) | others4(a + len - 4, b + len - 4);
    for (size_t i = 0; i < len; i++)
        found |= a[i] ^ b[i];
    return found;
}

/* Sixteen bytes against digits that were never in memory: what was just written in one piece is
 * slow to read in another. */
static inline uint64_t others_than(const uint8_t *data, uint64_t value)
{
    words there;
    bytes digits;
    hex16_of(value, &digits);
    memcpy(&there, data, sizeof there);
    there ^= (words)digits;
    return there[0] | there[1];
}

/* The same of small messages, which are alike after the first digits. */
static inline unsigned small_intact(const struct payload *p, struct payload_head head,
                                    const uint8_t *data, size_t step, unsigned count)
{
    uint8_t tail[SMALL];
    size_t len = p->size - PAYLOAD_CHECKED;
    unsigned same = 0;
    memcpy(tail, p->pattern + PAYLOAD_CHECKED, len);
    if (p->size >= PAYLOAD_HEAD)
        write_origin(tail, &head);
    else
        head.time = 0; /* as in write_head() */
    for (; same < count; same++, data += step, head.sequence++)
        if ((others_than(data, first_of(&head)) | others_of(data + PAYLOAD_CHECKED, tail, len)) !=
            0)
            break;
    return same;
}

unsigned payload_intact(const struct payload *p, struct payload_head head, const uint8_t *data,
                        size_t len, size_t step, unsigned count)
{
    if (p->many > 1 && p->size >= PAYLOAD_CHECKED)
        return len == p->size ? small_intact(p, head, data, step, count) : 0;
    uint8_t expected[PAYLOAD_HEAD];
    size_t head_len = head_size(p->size);
    unsigned same = 0;
    for (; same < count && len == size_of(p, &head); same++, data += step, head.sequence++) {
        write_head(expected, p, &head);
        if (memcmp(data, expected, head_len) != 0 ||
            memcmp(data + head_len, p->pattern + offset_of(p, &head) + head_len, len - head_len) !=
                0)
            break;
    }
    return same;
}

bool payload_read(const struct payload *p, const uint8_t *message, struct payload_head *head)
{
    uint32_t high, low, time_high = 0, time_low = 0;
    *head = (struct payload_head){.connection = head->connection};
    if (p->size < PAYLOAD_CHECKED)
        return small_read(message, p->size, p->digits, head->connection, &head->sequence);
    if (!get_hex8(message, &high) || !get_hex8(message + 8, &low))
        return false;
    head->sequence = (uint64_t)high << 16 | low >> 16;
    if (p->size >= PAYLOAD_HEAD &&
        !(get_hex8(message + 16, &head->connection) && get_hex8(message + 24, &time_high) &&
          get_hex8(message + 32, &time_low)))
        return false;
    head->time = (uint64_t)time_high << 32 | time_low;
    return (low & 0xffff) == check_of(head);
}

/* Where in the pattern does the reply begin? Its head says it; if that is damaged, what comes next
 * is looked for. */
static void find_offset(struct payload_answer *answer, const struct payload *p, const uint8_t *data,
                        size_t len)
{
    enum { ENOUGH = 64 };
    size_t head_len = head_size(p->size);
    struct payload_head head = {0};
    if (p->spread == 0 || head_len == p->size)
        return;
    if (payload_read(p, answer->head, &head)) {
        answer->offset = offset_of(p, &head);
        return;
    }
    const uint8_t *found = memmem(p->pattern + head_len, p->size - head_len + p->spread, data,
                                  len < ENOUGH ? len : ENOUGH);
    size_t offset = found ? (size_t)(found - p->pattern) - head_len : 0;
    answer->wrong = !found;
    answer->offset = offset < p->spread ? offset : 0;
}

void payload_take(struct payload_answer *answer, const struct payload *p, const uint8_t *data,
                  size_t len)
{
    size_t head_len = head_size(p->size);
    if (answer->len < head_len) {
        size_t n = head_len - answer->len < len ? head_len - answer->len : len;
        memcpy(answer->head + answer->len, data, n);
        answer->len += n;
        data += n;
        len -= n;
    }
    if (len == 0)
        return;
    if (answer->len == head_len)
        find_offset(answer, p, data, len);
    size_t known = answer->len < p->size ? p->size - answer->len : 0;
    known = known < len ? known : len;
    if (memcmp(data, p->pattern + answer->offset + answer->len, known) != 0)
        answer->wrong = true;
    answer->len += len;
}

/* A head of which at most a quarter is changed, and of few bytes one, is taken for ours. */
static bool resembles_head(const struct payload_answer *answer, const struct payload *p)
{
    const char *digits = p->size < PAYLOAD_CHECKED ? small_alphabet : "0123456789abcdef";
    size_t len = head_size(p->size), others = 0;
    for (size_t i = 0; i < len; i++)
        others += answer->head[i] == 0 || !strchr(digits, answer->head[i]);
    return others <= 1 || 4 * others <= len;
}

enum payload_verdict payload_judge(const struct payload_answer *answer, const struct payload *p,
                                   struct payload_head *head)
{
    bool ours = answer->len >= head_size(p->size) && payload_read(p, answer->head, head);
    bool same_size =
        ours ? answer->len == size_of(p, head) : answer->len >= p->least && answer->len <= p->size;
    if (ours && same_size && !answer->wrong)
        return PAYLOAD_INTACT;
    /* Either half of it shows whose it was; without a check the digits of the head prove nothing.
     */
    bool has_tail = answer->len > head_size(p->size);
    bool tail_ours = same_size && (has_tail ? !answer->wrong : resembles_head(answer, p));
    return tail_ours || (ours && p->size >= PAYLOAD_CHECKED) ? PAYLOAD_DAMAGED : PAYLOAD_FOREIGN;
}
