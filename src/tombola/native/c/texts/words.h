/* Texts into token ids: WordPiece as BERT and its kin have it, by the tables in words.dat, which Tombola wrote.
 *
 *     struct words words;
 *     int wrong = words_open(&words, data, size);       `data` holds the file, at a multiple of 4 bytes; 1 if it is none
 *     int count = words_cut(&words, text, ids, most);   ids of a text in UTF-8: at most so many, longer ones cut off
 *
 * Every sign of a text goes, or parts words, or is a word by itself, or becomes others (small letters, accents taken
 * off): the tables say which. Each word is cut into the longest pieces from the left. Special tokens that are written
 * out in a text are cut as other words are. */
#ifndef NET_WORDS_H
#define NET_WORDS_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORDS_UNKNOWN = 3, WORDS_LONGEST, WORDS_BEGIN, WORDS_END, WORDS_RANGES, WORDS_SIGNS, WORDS_PIECES, WORDS_BYTES, WORDS_HEAD = 16 };
enum { WORDS_GONE, WORDS_SPACE, WORDS_ALONE, WORDS_OTHERS }; /* and more: so many signs less two */
enum { WORDS_MOST = 256 }; /* signs of a word that is looked up, at most */

struct words {
    const uint32_t *head;
    const uint32_t (*ranges)[4]; /* first and last sign, what becomes of them, and where the others are */
    const uint32_t *signs;
    const uint32_t (*pieces)[3]; /* where its bytes are, how many and whether it goes on, its id; sorted */
    const char *bytes;
};

struct words_word { /* the one that is being read */
    char bytes[4 * WORDS_MOST];
    int length, signs;
    int32_t *ids;
    int count, most;
};

static int words_open(struct words *w, const void *data, size_t size) {
    const uint32_t *head = data;
    if (!data || size < sizeof(uint32_t) * WORDS_HEAD || memcmp(data, "TOMWORDS", 8) || head[2] != 1) return 1;
    size_t all = WORDS_HEAD + (size_t)4 * head[WORDS_RANGES] + head[WORDS_SIGNS] + (size_t)3 * head[WORDS_PIECES];
    if (size != sizeof(uint32_t) * all + head[WORDS_BYTES] || head[WORDS_LONGEST] > WORDS_MOST) return 1;
    w->head = head;
    w->ranges = (const uint32_t(*)[4])(const void *)(head + WORDS_HEAD);
    w->signs = head + WORDS_HEAD + (size_t)4 * head[WORDS_RANGES];
    w->pieces = (const uint32_t(*)[3])(const void *)(w->signs + head[WORDS_SIGNS]);
    w->bytes = (const char *)(head + all);
    return 0;
}

/* How these bytes stand to a piece's: less, equal or greater. */
static int words_compare(const struct words *w, const char *bytes, uint32_t length, const uint32_t piece[3]) {
    if ((length ^ piece[1]) >> 31) return length >> 31 ? 1 : -1;
    uint32_t ours = length & 0x7fffffff, theirs = piece[1] & 0x7fffffff;
    int found = memcmp(bytes, w->bytes + piece[0], ours < theirs ? ours : theirs);
    return found ? found : (ours > theirs) - (ours < theirs);
}

/* The id of a piece, -1 if there is none. */
static int32_t words_find(const struct words *w, const char *bytes, int length, int goes_on) {
    uint32_t low = 0, high = w->head[WORDS_PIECES], wanted = (uint32_t)length | (uint32_t)goes_on << 31;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int found = words_compare(w, bytes, wanted, w->pieces[middle]);
        if (!found) return (int32_t)w->pieces[middle][2];
        if (found < 0) high = middle;
        else low = middle + 1;
    }
    return -1;
}

static void words_put(struct words_word *word, int32_t id) {
    if (word->count < word->most) word->ids[word->count++] = id;
}

/* The word that was read, cut into pieces. */
static void words_end(const struct words *w, struct words_word *word) {
    int before = word->count, start = 0, length = word->length;
    int known = word->signs <= (int)w->head[WORDS_LONGEST];
    while (known && start < length) {
        int end = length;
        int32_t id = -1;
        while (end > start && (id = words_find(w, word->bytes + start, end - start, start > 0)) < 0)
            do end--;
            while (end > start && ((unsigned char)word->bytes[end] & 0xc0) == 0x80);
        if (end == start) known = 0;
        else words_put(word, id), start = end;
    }
    if (!known && length) word->count = before, words_put(word, (int32_t)w->head[WORDS_UNKNOWN]);
    word->length = word->signs = 0;
}

static void words_sign(struct words_word *word, uint32_t sign) {
    if (word->signs++ >= WORDS_MOST) return;
    char *to = word->bytes + word->length;
    int more = sign < 0x80 ? 0 : sign < 0x800 ? 1 : sign < 0x10000 ? 2 : 3;
    static const unsigned char first[4] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(first[more] | sign >> 6 * more);
    for (int i = 1; i <= more; i++) to[i] = (char)(0x80 | (sign >> 6 * (more - i) & 0x3f));
    word->length += more + 1;
}

static const uint32_t *words_range(const struct words *w, uint32_t sign) {
    uint32_t low = 0, high = w->head[WORDS_RANGES];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sign > w->ranges[middle][1]) low = middle + 1;
        else if (sign < w->ranges[middle][0]) high = middle;
        else return w->ranges[middle];
    }
    return NULL;
}

static void words_take(const struct words *w, struct words_word *word, uint32_t sign) {
    const uint32_t *range = words_range(w, sign);
    if (!range) words_sign(word, sign);
    else if (range[2] == WORDS_SPACE) words_end(w, word);
    else if (range[2] == WORDS_ALONE) words_end(w, word), words_sign(word, sign), words_end(w, word);
    else
        for (uint32_t i = 0; i + WORDS_ALONE < range[2]; i++) {
            uint32_t other = w->signs[range[3] + i];
            if (other == ' ') words_end(w, word);
            else words_sign(word, other);
        }
}

/* The next sign; what is no UTF-8 is U+FFFD, a byte of it. */
static uint32_t words_next(const unsigned char **text) {
    const unsigned char *at = *text;
    int more = at[0] < 0x80 ? 0 : at[0] >= 0xc2 && at[0] < 0xe0 ? 1 : (at[0] & 0xf0) == 0xe0 ? 2 : at[0] >= 0xf0 && at[0] < 0xf5 ? 3 : -1;
    uint32_t sign = more <= 0 ? at[0] : at[0] & (0x3f >> more);
    for (int i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80) more = -1;
        else sign = sign << 6 | (at[i] & 0x3f);
    }
    if ((more == 2 && (sign < 0x800 || (sign >= 0xd800 && sign < 0xe000))) || (more == 3 && (sign < 0x10000 || sign > 0x10ffff))) more = -1;
    *text = at + (more < 0 ? 1 : more + 1);
    return more < 0 ? 0xfffd : sign;
}

static int words_cut(const struct words *w, const char *text, int32_t *ids, int most) {
    struct words_word word = {.ids = ids, .most = most - 1};
    words_put(&word, (int32_t)w->head[WORDS_BEGIN]);
    for (const unsigned char *at = (const unsigned char *)text; *at && word.count < word.most;) words_take(w, &word, words_next(&at));
    words_end(w, &word);
    word.most = most;
    words_put(&word, (int32_t)w->head[WORDS_END]);
    return word.count;
}

#endif
