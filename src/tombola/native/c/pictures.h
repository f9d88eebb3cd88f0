/* A picture's file as RGB of 8 bits, upright: PPM always, JPEG with NET_JPEG and libjpeg, PNG with NET_PNG and libpng.
 *
 *     struct picture picture;
 *     if (picture_read(&picture, "photo.jpg")) puts(picture.wrong);
 *     else ...                       picture.pixels[(y * picture.width + x) * 3 + channel]
 *     free(picture.pixels);
 *
 * A file's first bytes say what it is, not its name. JPEG and PNG become what predict.py makes of them: turned as their
 * EXIF says, transparent parts over white, 16 bits as 8, gamma and color profiles passed over. */
#ifndef NET_PICTURES_H
#define NET_PICTURES_H
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURE_MOST = 64000000, PICTURE_WORDS = 256 }; /* pixels of a JPEG or a PNG: a few bytes may claim any number */

struct picture {
    unsigned char *pixels; /* line by line; NULL if it could not be read */
    int width, height;
    int turn;                  /* as EXIF counts them, 1 to 8 */
    char wrong[PICTURE_WORDS]; /* why it could not be read */
};

static int picture_wrong(struct picture *picture, const char *words) {
    snprintf(picture->wrong, sizeof picture->wrong, "%s", words);
    return 1;
}

/* The next number of a PPM's head, comments skipped; -1 if there is none. */
static int picture_number(FILE *file) {
    int c = getc(file), value = 0;
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF) c = getc(file);
        c = getc(file);
    }
    if (c < '0' || c > '9') return -1;
    for (; c >= '0' && c <= '9' && value < 100000; c = getc(file)) value = 10 * value + c - '0';
    return value;
}

static int picture_ppm(struct picture *picture, FILE *file) {
    if (getc(file) == 'P' && getc(file) == '6') {
        int width = picture_number(file), height = picture_number(file), most = picture_number(file);
        size_t bytes = (size_t)3 * (size_t)(width > 0 ? width : 0) * (size_t)(height > 0 ? height : 0);
        if (bytes && most == 255) picture->pixels = malloc(bytes);
        picture->width = width, picture->height = height;
        if (picture->pixels && fread(picture->pixels, 1, bytes, file) == bytes) return 0;
    }
    return picture_wrong(picture, "no PPM of kind P6 with values up to 255");
}

#if defined NET_JPEG || defined NET_PNG
static int picture_room(struct picture *picture, size_t width, size_t height, size_t channels) {
    if (!width || height > PICTURE_MOST / width) return picture_wrong(picture, "more than 64,000,000 pixels; save it smaller");
    picture->pixels = malloc(width * height * channels);
    picture->width = (int)width, picture->height = (int)height;
    return picture->pixels ? 0 : picture_wrong(picture, "not enough memory");
}

static size_t picture_bytes(const unsigned char *bytes, int count, int big) {
    size_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[big ? i : count - 1 - i];
    return value;
}

/* The turn that EXIF tells, 1 if it tells none: tag 0x112 of the first directory, in 16 or 32 bits. */
static int picture_turn_in(const unsigned char *exif, size_t size) {
    if (size < 8 || (memcmp(exif, "II*\0", 4) && memcmp(exif, "MM\0*", 4))) return 1;
    int big = exif[0] == 'M';
    size_t at = picture_bytes(exif + 4, 4, big);
    if (at > size - 2) return 1;
    size_t count = picture_bytes(exif + at, 2, big);
    for (at += 2; count && size - at >= 12; at += 12, count--)
        if (picture_bytes(exif + at, 2, big) == 0x112) {
            size_t turn = picture_bytes(exif + at + 8, picture_bytes(exif + at + 2, 2, big) == 4 ? 4 : 2, big);
            return turn >= 1 && turn <= 8 ? (int)turn : 1;
        }
    return 1;
}

/* Turns the pixels: 2 to 4 mirror them left to right, both ways, top to bottom; 5 to 8 change lines and columns as well. */
static int picture_turn(struct picture *picture) {
    int turn = picture->turn, aside = turn >= 5, right = turn == 2 || turn == 3 || turn >= 7;
    int down = turn == 3 || turn == 4 || turn == 6 || turn == 7;
    int width = aside ? picture->height : picture->width, height = aside ? picture->width : picture->height;
    if (turn == 1) return 0;
    unsigned char *turned = malloc((size_t)3 * (size_t)width * (size_t)height), *to = turned;
    if (!turned) return picture_wrong(picture, "not enough memory");
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++, to += 3) {
            int column = aside ? y : x, line = aside ? x : y;
            if (right) column = picture->width - 1 - column;
            if (down) line = picture->height - 1 - line;
            memcpy(to, picture->pixels + ((size_t)line * (size_t)picture->width + (size_t)column) * 3, 3);
        }
    free(picture->pixels);
    picture->pixels = turned, picture->width = width, picture->height = height;
    return 0;
}
#endif

#ifdef NET_JPEG
#include <jpeglib.h>
#include <jerror.h>

struct picture_jpeg {
    struct jpeg_error_mgr errors; /* first: libjpeg gives its address back */
    struct jpeg_decompress_struct from;
    jmp_buf back;
    struct picture *picture;
};

/* libjpeg's own would end the program. */
static void picture_jpeg_stop(j_common_ptr from) {
    struct picture_jpeg *jpeg = (struct picture_jpeg *)(void *)from->err;
    char words[JMSG_LENGTH_MAX];
    from->err->format_message(from, words);
    snprintf(jpeg->picture->wrong, sizeof jpeg->picture->wrong, "no JPEG that can be read: %s", words);
    longjmp(jpeg->back, 1);
}

/* A file that is cut off is a warning to libjpeg, which makes the rest gray. */
static void picture_jpeg_warn(j_common_ptr from, int level) {
    if (level < 0 && from->err->msg_code == JWRN_JPEG_EOF) picture_jpeg_stop(from);
}

/* What lies here is left in *jpeg, so that nothing is lost where libjpeg jumps back. */
static int picture_jpeg_decode(struct picture_jpeg *jpeg, FILE *file) {
    if (setjmp(jpeg->back)) return 1;
    j_decompress_ptr from = &jpeg->from;
    struct picture *picture = jpeg->picture;
    jpeg_create_decompress(from);
    jpeg_stdio_src(from, file);
    jpeg_save_markers(from, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(from, TRUE);
    for (jpeg_saved_marker_ptr marker = from->marker_list; marker; marker = marker->next)
        if (marker->data_length > 6 && !memcmp(marker->data, "Exif\0\0", 6)) {
            picture->turn = picture_turn_in(marker->data + 6, marker->data_length - 6);
            break;
        }
    int inks = from->num_components == 4; /* CMYK, inverted as Adobe writes it and everybody takes it for */
    from->out_color_space = inks ? JCS_CMYK : JCS_RGB;
    if (picture_room(picture, from->image_width, from->image_height, 3)) return 1;
    jpeg_start_decompress(from);
    JSAMPARRAY line = from->mem->alloc_sarray((j_common_ptr)from, JPOOL_IMAGE, 4 * from->output_width, 1);
    while (from->output_scanline < from->output_height) {
        unsigned char *to = picture->pixels + (size_t)3 * from->output_scanline * from->output_width;
        jpeg_read_scanlines(from, inks ? line : &to, 1);
        for (size_t x = 0; inks && x < from->output_width; x++)
            for (size_t c = 0; c < 3; c++) {
                int black = line[0][4 * x + 3], ink = 255 - line[0][4 * x + c];
                to[3 * x + c] = (unsigned char)(black - (ink * black + 127) / 255);
            }
    }
    jpeg_finish_decompress(from);
    return 0;
}

static int picture_jpeg(struct picture *picture, FILE *file) {
    struct picture_jpeg jpeg;
    memset(&jpeg, 0, sizeof jpeg);
    jpeg.picture = picture;
    jpeg.from.err = jpeg_std_error(&jpeg.errors);
    jpeg.errors.error_exit = picture_jpeg_stop, jpeg.errors.emit_message = picture_jpeg_warn;
    int wrong = picture_jpeg_decode(&jpeg, file);
    jpeg_destroy_decompress(&jpeg.from);
    return wrong || picture_turn(picture);
}
#else
static int picture_jpeg(struct picture *picture, FILE *file) {
    (void)file;
    return picture_wrong(picture, "a JPEG, and this program was built without libjpeg: `make JPEG=1`, or CMake where libjpeg is found");
}
#endif

#ifdef NET_PNG
#include <png.h>

struct picture_png {
    png_structp from;
    png_infop info;
    struct picture *picture;
    int channels, whole; /* whole: all pixels are read */
};

static void picture_png_stop(png_structp from, png_const_charp words) {
    struct picture *picture = png_get_error_ptr(from);
    snprintf(picture->wrong, sizeof picture->wrong, "no PNG that can be read: %s", words);
    png_longjmp(from, 1);
}

static void picture_png_warn(png_structp from, png_const_charp words) {
    (void)from, (void)words;
}

/* Not by libpng's png_image_..., which corrects gamma and keeps the EXIF to itself. A wrong end after the pixels is let go. */
static int picture_png_decode(struct picture_png *png, FILE *file) {
    if (setjmp(png_jmpbuf(png->from))) return !png->whole;
    png_structp from = png->from;
    struct picture *picture = png->picture;
    png_init_io(from, file);
    png_read_info(from, png->info);
    int kind = png_get_color_type(from, png->info);
    if (kind == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(from); /* transparent colors become alpha */
    if (kind == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(from), png_set_scale_16(from);
    else png_set_strip_16(from); /* the high byte, as Pillow takes it */
    if (!(kind & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(from);
    int passes = png_set_interlace_handling(from);
    png_read_update_info(from, png->info);
    png->channels = png_get_channels(from, png->info);
    size_t width = png_get_image_width(from, png->info), height = png_get_image_height(from, png->info);
    if (picture_room(picture, width, height, (size_t)png->channels)) return 1;
    while (passes--)
        for (size_t y = 0; y < height; y++) png_read_row(from, picture->pixels + y * width * (size_t)png->channels, NULL);
    png->whole = 1;
    png_read_end(from, png->info);
    return 0;
}

static int picture_png(struct picture *picture, FILE *file) {
    struct picture_png png = {NULL, NULL, picture, 0, 0};
    png.from = png_create_read_struct(PNG_LIBPNG_VER_STRING, picture, picture_png_stop, picture_png_warn);
    if (png.from) png.info = png_create_info_struct(png.from);
    int wrong = png.info ? picture_png_decode(&png, file) : picture_wrong(picture, "libpng does not start");
#ifdef PNG_eXIf_SUPPORTED
    png_bytep exif;
    png_uint_32 size;
    if (!wrong && png_get_eXIf_1(png.from, png.info, &size, &exif)) picture->turn = picture_turn_in(exif, size);
#endif
    png_destroy_read_struct(&png.from, &png.info, NULL);
    size_t count = (size_t)picture->width * (size_t)picture->height;
    for (size_t i = 0; !wrong && png.channels == 4 && i < count; i++) {
        const unsigned char *pixel = picture->pixels + 4 * i;
        int alpha = pixel[3];
        for (size_t c = 0; c < 3; c++)
            picture->pixels[3 * i + c] = (unsigned char)((pixel[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    return wrong || picture_turn(picture);
}
#else
static int picture_png(struct picture *picture, FILE *file) {
    (void)file;
    return picture_wrong(picture, "a PNG, and this program was built without libpng: `make PNG=1`, or CMake where libpng is found");
}
#endif

/* 1 if it cannot be read. */
static int picture_read(struct picture *picture, const char *name) {
    unsigned char head[8] = {0};
    memset(picture, 0, sizeof *picture);
    picture->turn = 1;
    FILE *file = fopen(name, "rb");
    if (!file) return picture_wrong(picture, "cannot be opened");
    size_t some = fread(head, 1, sizeof head, file);
    rewind(file);
    int wrong;
    if (some >= 3 && !memcmp(head, "\xff\xd8\xff", 3)) wrong = picture_jpeg(picture, file);
    else if (some == 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8)) wrong = picture_png(picture, file);
    else if (head[0] == 'P') wrong = picture_ppm(picture, file);
    else wrong = picture_wrong(picture, "no PPM, no JPEG and no PNG");
    fclose(file);
    if (wrong) free(picture->pixels), picture->pixels = NULL;
    return wrong;
}
#endif
