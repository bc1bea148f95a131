// SPDX-License-Identifier: GPL-2.0-only
#include "bench/language_sources.h"

#include <algorithm>

namespace ktstr::bench {

namespace {

constexpr std::string_view ktl_scenario = R"(scenario "load @" {
  topology 1n2l4c1t
  duration 10s
  param workers_of_@ = 4 # overridable

  backdrop {
    cgroup noise { workers 2 of request }
  }

  step "disjoint" for 40% {
    cgroup hot  { cpuset llc(0)             workers workers_of_@ of spin_wait }
    cgroup cold { cpuset disjoint(1, of: 2) workers 90% of bursty(burst: 5ms, sleep: 10ms)  nice 5 }
  }

  step "crowd" for 60% {
    for i in 0..2 { cgroup "crowd${i}" { cpuset 0-3,7  workers i + 1 of bursty(burst: 2 * 500us, sleep: 3ms) } }
  }

  expect { progress  gap <= 2s  spread(hot) <= 15%  p99(run_delay, noise) <= 500us }
}
)";

constexpr std::string_view lua_scenario = R"(scenario("load @", {
  topology = "1n2l4c1t",
  duration = 10 * s,
  workers_of_@ = 4, -- overridable

  backdrop = {
    noise = cgroup { workers(2, request) },
  },

  step("disjoint", 0.4, {
    hot = cgroup { cpuset = llc(0), workers(workers_of_@, spin_wait) },
    cold = cgroup { cpuset = disjoint(1, 2), workers(0.9, bursty { burst = 5 * ms, sleep = 10 * ms }, { nice = 5 }) },
  }),

  step("crowd", 0.6, function()
    for i = 0, 2 do cgroup("crowd" .. i, { cpus = "0-3,7", workers(i + 1, bursty { burst = 2 * 500 * us, sleep = 3 * ms }) }) end
  end),

  expect = { progress, gap <= 2 * s, spread(hot) <= 0.15, p99(wake_latency, noise) <= 500 * us }
})
)";

int lines_of(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

// The piece again and again, with its number in the place of each @.
std::string repeated(std::string text, std::string_view piece, int lines) {
    const int of_piece = lines_of(piece);
    int left = lines - lines_of(text);
    for (int number = 0; left >= of_piece; ++number, left -= of_piece)
        for (const char c : piece)
            if (c == '@')
                text += std::to_string(number);
            else
                text += c;
    return text.append(static_cast<std::size_t>(std::max(0, left)), '\n');
}

} // namespace

std::string ktl_source(int lines) {
    return repeated("work request = bursty(burst: 100us, sleep: 400us)\n\n", ktl_scenario, lines);
}

std::string lua_source(int lines) { return repeated("local scenario = scenario\n\n", lua_scenario, lines); }

} // namespace ktstr::bench
