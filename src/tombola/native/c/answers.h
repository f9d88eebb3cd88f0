enum { NAME = 256 };

static void *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) return NULL;
    void *data = NULL;
    if (!fseek(file, 0, SEEK_END)) {
        long length = ftell(file);
        rewind(file);
        if (length > 0) data = aligned_alloc(64, ((size_t)length + 63) / 64 * 64);
        if (data && fread(data, 1, (size_t)length, file) != (size_t)length) free(data), data = NULL;
        *size = (size_t)length;
    }
    fclose(file);
    return data;
}

/* The best class of a sample, by its name where there is one. */
static void show(const char *of, const float *logits, char (*names)[NAME], int count) {
    int best = 0;
    for (int c = 1; c < NET_CLASSES; c++)
        if (logits[c] > logits[best]) best = c;
    if (best < count) printf("%s\t%s\t%.4f\n", of, names[best], (double)logits[best]);
    else printf("%s\t%d\t%.4f\n", of, best, (double)logits[best]);
}

/* A line of a file; of one that is longer than there is room for, the rest is dropped. NULL where there is none. */
static char *read_line(char *line, int room, FILE *file) {
    line[room - 2] = 0; /* something else where a line fills the room */
    char *found = fgets(line, room, file);
    if (found && line[room - 2] && line[room - 2] != '\n')
        for (int next = 0; next != '\n' && next != EOF;) next = getc(file);
    return found;
}

static int read_names(char (*names)[NAME]) {
    FILE *file = fopen("labels.txt", "r");
    int count = 0;
    while (file && count < NET_CLASSES && read_line(names[count], NAME, file)) names[count][strcspn(names[count], "\r\n")] = 0, count++;
    if (file) fclose(file);
    return count;
}
