// SPDX-License-Identifier: GPL-2.0-only
// Computing with a footprint in the cache.
#pragma once

#include <cstddef>

#include "guest/work/worker.h"

namespace ktstr::guest {

// Three square matrices of doubles within `size` bytes, as large as they can be.
class Matrices {
  public:
    Matrices(const Worker& worker, std::size_t size);
    // Multiplies two of them into the third, the naive way. False if the worker was told to stop before the last row.
    bool multiply(Worker& worker);

  private:
    void multiply_row(const double* row, double* out) const;
    std::size_t order_;
    double* first_;
    double* second_;
    double* product_;
};

} // namespace ktstr::guest
