/* The ids of every line of stdin, cut by the tables in the file named first, at most as many as named second. */
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

int main(int count, char **arguments) {
    static uint32_t data[1 << 20];
    static char line[1 << 16];
    static int32_t ids[1 << 10];
    FILE *file = fopen(arguments[count - 2], "rb");
    size_t size = fread(data, 1, sizeof data, file);
    struct words words;
    if (words_open(&words, data, size)) return 1;
    while (fgets(line, sizeof line, stdin)) {
        int found = words_cut(&words, line, ids, atoi(arguments[count - 1]));
        for (int i = 0; i < found; i++) printf("%d ", ids[i]);
        putchar('\n');
    }
    return fclose(file);
}
