// SPDX-License-Identifier: GPL-2.0-only
// stand_in_worker LIBRARY: loads the stand-in, counts in its first thread, and has a second that does not touch it.
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static void* idle(void* unused) {
    for (;;) pause();
    return unused;
}

int main(int argc, char** argv) {
    void* library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
    void (*count)(uint64_t, uint64_t) = library ? (void (*)(uint64_t, uint64_t))dlsym(library, "count") : NULL;
    pthread_t thread;
    if (count == NULL || pthread_create(&thread, NULL, idle, NULL) != 0) return 2;
    count(1111, 222);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}
