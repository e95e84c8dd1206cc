/* replay_main.c - runs a fuzz entry point over every file of the folders and files named on the command line. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static void replay_file(const char *path)
{
    FILE    *file = fopen(path, "rb");
    uint8_t *data;
    long     size;

    if (file == NULL)
        return;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    data = malloc((size_t)size + 1);
    if (data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size) {
        LLVMFuzzerTestOneInput(data, (size_t)size);
        replayed++;
    }
    free(data);
    fclose(file);
}

static void replay(const char *path)
{
    struct stat    info;
    DIR           *dir;
    struct dirent *entry;
    char           child[4096];

    if (stat(path, &info) != 0)
        return;
    if (!S_ISDIR(info.st_mode)) {
        replay_file(path);
        return;
    }
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        replay(child);
    }
    if (dir != NULL)
        closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%u inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
