/* What the net says of every picture in a folder: PPM (P6, 8 bit), and JPEG and PNG where it is built with their libraries.
 *
 *     classify FOLDER [threads [batch [net.dat]]]
 *
 * An image's largest middle square is scaled to the net's size by averaging. Lines of labels.txt, if there is such a
 * file, are the classes' names. Other pictures: `convert photo.webp photo.ppm`, or `ffmpeg -i photo.webp photo.ppm`. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net.h"
#include "pictures.h"

@ANSWERS@
/* How much of pixel i of a line lies between `from` and `to`. */
static float covered(int i, float from, float to) {
    float low = from > (float)i ? from : (float)i, high = to < (float)(i + 1) ? to : (float)(i + 1);
    return high > low ? high - low : 0.0f;
}

/* The mean color of the box (left, top) - (right, bottom), or of the pixel it lies in if it is smaller. */
static void mean(const unsigned char *pixels, int width, int height, const float box[4], float color[3]) {
    float weight = 0.0f;
    color[0] = color[1] = color[2] = 0.0f;
    for (int y = (int)box[1]; y < height && (float)y < box[3]; y++)
        for (int x = (int)box[0]; x < width && (float)x < box[2]; x++) {
            float part = covered(y, box[1], box[3]) * covered(x, box[0], box[2]);
            for (int c = 0; c < 3; c++) color[c] += part * (float)pixels[((size_t)y * (size_t)width + (size_t)x) * 3 + (size_t)c];
            weight += part;
        }
    for (int c = 0; c < 3; c++) color[c] /= weight > 0.0f ? 255.0f * weight : 1.0f;
}

static void fit(const unsigned char *pixels, int width, int height, float *image) {
    const int H = NET_IMAGE_HEIGHT, W = NET_IMAGE_WIDTH;
    float by_width = (float)width / (float)W, by_height = (float)height / (float)H;
    float step = by_width < by_height ? by_width : by_height;
    float left = ((float)width - step * (float)W) / 2.0f, top = ((float)height - step * (float)H) / 2.0f;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            float color[3], x0 = left + step * (float)x, y0 = top + step * (float)y;
            mean(pixels, width, height, (float[4]){x0, y0, x0 + step, y0 + step}, color);
            for (int c = 0; c < NET_IMAGE_CHANNELS; c++) image[(c * H + y) * W + x] = color[c < 3 ? c : 2];
        }
}

static int is_picture(const char *name) {
    static const char *const ends[] = {".ppm", ".jpg", ".jpeg", ".png"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends && length < NAME; i++)
        if (length > strlen(ends[i]) && !strcasecmp(name + length - strlen(ends[i]), ends[i])) return 1;
    return 0;
}

/* Fills the batch with the folder's next images; how many there are. */
static int next_images(DIR *folder, const char *path, int batch, float *images, char (*files)[NAME]) {
    int count = 0;
    for (struct dirent *entry; count < batch && (entry = readdir(folder));) {
        char whole[4096];
        struct picture picture;
        if (!is_picture(entry->d_name)) continue;
        if (snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name) >= (int)sizeof whole) continue;
        if (picture_read(&picture, whole)) {
            fprintf(stderr, "%s: %s\n", whole, picture.wrong);
            continue;
        }
        fit(picture.pixels, picture.width, picture.height, images + (size_t)count * NET_IMAGE);
        free(picture.pixels);
        strcpy(files[count++], entry->d_name);
    }
    return count;
}

int main(int count, char **arguments) {
    if (count < 2) return fprintf(stderr, "usage: %s FOLDER [threads [batch [net.dat]]]\n", arguments[0]), 2;
    int threads = count > 2 ? atoi(arguments[2]) : 1, batch = count > 3 ? atoi(arguments[3]) : 1;
    size_t size = 0, bytes = net_arena(threads, batch);
    if (!bytes) return fprintf(stderr, "%s\n", net_message(NET_BAD_COUNT)), 2;
    void *data = read_file(count > 4 ? arguments[4] : "net.dat", &size), *arena = malloc(bytes);
    float *images = malloc(sizeof(float) * (size_t)batch * NET_IMAGE), *logits = malloc(sizeof(float) * (size_t)batch * NET_CLASSES);
    char(*files)[NAME] = malloc((size_t)batch * NAME), (*names)[NAME] = malloc((size_t)NET_CLASSES * NAME);
    DIR *folder = opendir(arguments[1]);
    if (!data) return fprintf(stderr, "cannot read the net's data\n"), 1;
    if (!folder) return fprintf(stderr, "cannot open the folder %s\n", arguments[1]), 1;
    if (!arena || !images || !logits || !files || !names) return fprintf(stderr, "not enough memory\n"), 1;

    struct net *net;
    int code = net_start(&net, data, size, arena, bytes, threads, batch), named = read_names(names);
    if (code) return fprintf(stderr, "%s\n", net_message(code)), 1;
    for (int some; !code && (some = next_images(folder, arguments[1], batch, images, files)) > 0;) {
        code = net_run(net, images, some, logits);
        for (int i = 0; i < some && !code; i++) show(files[i], logits + (size_t)i * NET_CLASSES, names, named);
    }
    net_stop(net);
    closedir(folder);
    free(names), free(files), free(logits), free(images), free(arena), free(data);
    return code;
}
