// SPDX-License-Identifier: GPL-2.0-only
// What the heap probe looks for in jemalloc, with numbers that are known: a library whose thread-local data is found
// through the dynamic thread vector.
#include <stdint.h>

struct tsd_s {
    char before[1234];
    uint64_t cant_access_tsd_items_directly_use_a_getter_or_setter_thread_allocated;
    uint64_t thread_allocated_last_event;
    uint64_t cant_access_tsd_items_directly_use_a_getter_or_setter_thread_deallocated;
};

static __thread char in_front[100];
__attribute__((visibility("hidden"))) __thread struct tsd_s made_up_tsd_tls;

int mallctlnametomib(void) { return 0; }

void count(uint64_t allocated, uint64_t deallocated) {
    in_front[0] = 1;
    made_up_tsd_tls.cant_access_tsd_items_directly_use_a_getter_or_setter_thread_allocated = allocated;
    made_up_tsd_tls.thread_allocated_last_event = 5;
    made_up_tsd_tls.cant_access_tsd_items_directly_use_a_getter_or_setter_thread_deallocated = deallocated;
}
