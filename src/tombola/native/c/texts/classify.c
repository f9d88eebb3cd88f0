/* What the net says of every line of a file: of a text, or without words.dat of token ids, as `101 2023 2003 102`.
 *
 *     classify FILE|- [threads [net.dat [words.dat]]]
 *
 * Lines of labels.txt, if there is such a file, are the classes' names. words.dat is there where the net's texts are cut
 * by WordPiece; predict.py cuts them by whatever tokeniser there is. Longer texts are cut off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "words.h"

@ANSWERS@
enum { LINE = 1 << 16 };

/* The ids of a line; one more than there may be where there are more, -1 where a word is no number. */
static int read_ids(char *line, int32_t *ids) {
    int count = 0;
    for (char *at = line, *end; count <= NET_LENGTH; at = end) {
        long id = strtol(at, &end, 10);
        if (end == at) return end[strspn(end, " \t\r\n")] ? -1 : count;
        if (count < NET_LENGTH) ids[count] = id < 0 || id > INT32_MAX ? -1 : (int32_t)id;
        count++;
    }
    return count;
}

/* The code of the first line that could not be answered; each is said, and the others go on. */
static int classify(struct net *net, const struct words *words, FILE *file, char (*names)[NAME]) {
    static char line[LINE];
    static int32_t ids[NET_LENGTH];
    static float logits[NET_CLASSES];
    int named = read_names(names), first = NET_OK;
    for (int number = 1; read_line(line, LINE, file); number++) {
        int count = words ? words_cut(words, line, ids, NET_LENGTH) : read_ids(line, ids);
        int code = count < 0 ? NET_BAD_ID : net_run(net, ids, NULL, NULL, count, 1, logits);
        if (code) fprintf(stderr, "line %d: %s\n", number, net_message(code));
        else {
            char of[16];
            snprintf(of, sizeof of, "%d", number);
            show(of, logits, names, named);
        }
        first = first ? first : code;
    }
    return first;
}

int main(int count, char **arguments) {
    if (count < 2) return fprintf(stderr, "usage: %s FILE|- [threads [net.dat [words.dat]]]\n", arguments[0]), 2;
    int threads = count > 2 ? atoi(arguments[2]) : 1, from_stdin = !strcmp(arguments[1], "-");
    size_t size = 0, pieces = 0, bytes = net_arena(threads, 1);
    if (!bytes) return fprintf(stderr, "%s\n", net_message(NET_BAD_COUNT)), 2;
    void *data = read_file(count > 3 ? arguments[3] : "net.dat", &size), *arena = malloc(bytes);
    void *tables = read_file(count > 4 ? arguments[4] : "words.dat", &pieces);
    struct words words;
    char(*names)[NAME] = malloc((size_t)NET_CLASSES * NAME);
    FILE *file = from_stdin ? stdin : fopen(arguments[1], "r");
    if (!data) return fprintf(stderr, "cannot read the net's data\n"), 1;
    if (!file) return fprintf(stderr, "cannot open %s\n", arguments[1]), 1;
    if (count > 4 && !tables) return fprintf(stderr, "cannot read %s\n", arguments[4]), 1;
    if (tables && words_open(&words, tables, pieces)) return fprintf(stderr, "the tables of words are damaged\n"), 1;
    if (!arena || !names) return fprintf(stderr, "not enough memory\n"), 1;

    struct net *net;
    int code = net_start(&net, data, size, arena, bytes, threads, 1);
    if (code) return fprintf(stderr, "%s\n", net_message(code)), 1;
    code = classify(net, tables ? &words : NULL, file, names);
    net_stop(net);
    if (!from_stdin) fclose(file);
    free(names), free(arena), free(tables), free(data);
    return code;
}
