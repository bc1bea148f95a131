// SPDX-License-Identifier: GPL-2.0-only
#include "guest/work/matrices.h"

#include <algorithm>
#include <cmath>

#include "guest/work/buffer.h"

namespace ktstr::guest {

Matrices::Matrices(const Worker& worker, std::size_t size)
    : order_(std::max<std::size_t>(2, static_cast<std::size_t>(std::sqrt(size / (3 * sizeof(double)))))),
      first_(reinterpret_cast<double*>(map_buffer(worker, 3 * order_ * order_ * sizeof(double)))),
      second_(first_ + order_ * order_), product_(second_ + order_ * order_) {
    for (std::size_t i = 0; i < 2 * order_ * order_; ++i) first_[i] = static_cast<double>(i % 97);
}

bool Matrices::multiply(Worker& worker) {
    for (std::size_t row = 0; row < order_; ++row) {
        if (!worker.running()) return false;
        multiply_row(first_ + row * order_, product_ + row * order_);
        worker.observe();
    }
    asm volatile("" : : "r"(product_) : "memory"); // somebody could read it
    return true;
}

void Matrices::multiply_row(const double* row, double* out) const {
    for (std::size_t column = 0; column < order_; ++column) {
        double sum = 0;
        for (std::size_t i = 0; i < order_; ++i) sum += row[i] * second_[i * order_ + column];
        out[column] = sum;
    }
}

} // namespace ktstr::guest
