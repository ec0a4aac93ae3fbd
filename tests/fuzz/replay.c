// SPDX-License-Identifier: Apache-2.0
/* Runs a fuzz target over each file of the directories given, without a fuzzer: what was once found stays found. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

static size_t replay(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    size_t n = 0, cap = 0;
    uint8_t *data = NULL;
    do {
        cap = cap * 2 + 4096;
        data = realloc(data, cap);
        if (data == NULL)
            abort();
        n += fread(data + n, 1, cap - n, f);
    } while (n == cap);
    fclose(f);
    uint8_t *exact = malloc(n > 0 ? n : 1); /* so that a sanitizer sees a read beyond the end */
    if (exact == NULL)
        abort();
    memcpy(exact, data, n);
    free(data);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

int main(int argc, char **argv)
{
    size_t n = 0;
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *e; (e = readdir(dir)) != NULL;)
            if (e->d_name[0] != '.')
                n += replay(argv[i], e->d_name);
        closedir(dir);
    }
    printf("%zu inputs\n", n);
    return n > 0 ? 0 : 1;
}
