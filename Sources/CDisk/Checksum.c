#include "CDisk.h"


unsigned disk_crc32c(const void *bytes, unsigned long long count)
{
    static unsigned table[8][256];
    static volatile int is_made;
    if (!is_made) {
        for (unsigned value = 0; value < 256; value++) {
            unsigned sum = value;
            for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
            table[0][value] = sum;
        }
        for (unsigned value = 0; value < 256; value++)
            for (int step = 1; step < 8; step++) table[step][value] = table[step - 1][value] >> 8 ^ table[0][table[step - 1][value] & 255];
        is_made = 1;
    }
    const unsigned char *next = bytes;
    unsigned sum = ~0U;
    for (; count >= 8; count -= 8, next += 8) {
        unsigned low = sum ^ (next[0] | next[1] << 8 | next[2] << 16 | (unsigned)next[3] << 24);
        sum = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
            ^ table[3][next[4]] ^ table[2][next[5]] ^ table[1][next[6]] ^ table[0][next[7]];
    }
    while (count--) sum = sum >> 8 ^ table[0][(sum ^ *next++) & 255];
    return ~sum;
}
