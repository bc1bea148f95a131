// SPDX-License-Identifier: GPL-2.0-only
// Written by editors/generate.py from editors/templates/words.h.in and the parser's list of words.
// In the order of strcmp(), so that the scanner can search it by halves.
#ifndef KTL_WORDS_H
#define KTL_WORDS_H

#include "token.h"

static const struct {
    const char* text;
    enum TokenType token;
} ktl_words[] = {
    {"affinity", WORD},
    {"args", KEYWORD},
    {"as", WORD},
    {"attach_scheduler", KEYWORD},
    {"backdrop", KEYWORD},
    {"binary", KEYWORD},
    {"cgroup", KEYWORD},
    {"clear_cpuset", KEYWORD},
    {"contains", WORD},
    {"cpu_max", KEYWORD},
    {"cpu_weight", KEYWORD},
    {"cpuset", KEYWORD},
    {"detach_scheduler", KEYWORD},
    {"duration", KEYWORD},
    {"error", EXPECTATION},
    {"false", CONSTANT},
    {"for", WORD},
    {"freeze", KEYWORD},
    {"gap", EXPECTATION},
    {"host", WORD},
    {"if", WORD},
    {"in", WORD},
    {"isolation", EXPECTATION},
    {"kernel_args", KEYWORD},
    {"let", KEYWORD},
    {"matches", WORD},
    {"memory", KEYWORD},
    {"memory_max", KEYWORD},
    {"mems", KEYWORD},
    {"move_all_tasks", KEYWORD},
    {"nice", WORD},
    {"of", WORD},
    {"off", WORD},
    {"per", WORD},
    {"policy", WORD},
    {"present", WORD},
    {"progress", EXPECTATION},
    {"remove_cgroup", KEYWORD},
    {"restart_scheduler", KEYWORD},
    {"scenario", KEYWORD},
    {"scheduler", KEYWORD},
    {"set_affinity", KEYWORD},
    {"set_cpuset", KEYWORD},
    {"spawn", KEYWORD},
    {"spread", EXPECTATION},
    {"step", KEYWORD},
    {"stop_cgroup", KEYWORD},
    {"swap_cpusets", KEYWORD},
    {"sysctl", KEYWORD},
    {"throughput", EXPECTATION},
    {"to", WORD},
    {"topology", KEYWORD},
    {"true", CONSTANT},
    {"unfreeze", KEYWORD},
    {"use", KEYWORD},
    {"with", WORD},
    {"work", KEYWORD},
    {"workers", KEYWORD},
};

#endif
