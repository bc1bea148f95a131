// SPDX-License-Identifier: GPL-2.0-only
// A program whose heap is known: alloc_worker BYTES [churn]. It is linked with jemalloc, or with a stand-in.
//
// Allocates BYTES at once, keeps them, says so, and then sleeps; with `churn` it starts short-lived threads without
// end.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void* helper(void* unused) {
    (void)unused;
    free(malloc(100));
    return NULL;
}

int main(int argc, char** argv) {
    const size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    char* kept = malloc(bytes);
    if (bytes == 0 || kept == NULL) return 2;
    memset(kept, 1, bytes);
    puts("ready");
    fflush(stdout);
    while (argc > 2 && strcmp(argv[2], "churn") == 0) {
        pthread_t threads[4];
        for (int i = 0; i < 4; ++i)
            if (pthread_create(&threads[i], NULL, helper, NULL) != 0) return 3;
        for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    }
    for (;;) pause();
}
