// SPDX-License-Identifier: GPL-2.0-only
#include "guest/bounded_output.h"

#include <algorithm>

namespace ktstr::guest {

void BoundedOutput::append(std::string_view bytes) {
    total_ += bytes.size();
    const std::size_t first = std::min(bytes.size(), half_ - head_.size());
    head_ += bytes.substr(0, first);
    bytes.remove_prefix(first);
    if (bytes.size() > half_) bytes.remove_prefix(bytes.size() - half_);
    tail_ += bytes;
    if (tail_.size() > 2 * half_) tail_.erase(0, tail_.size() - half_);
}

std::string_view BoundedOutput::tail() const {
    const std::string_view all = tail_;
    return all.size() > half_ ? all.substr(all.size() - half_) : all;
}

std::uint64_t BoundedOutput::dropped_bytes() const { return total_ - head_.size() - tail().size(); }

std::string BoundedOutput::text() const {
    std::string text = head_;
    if (dropped_bytes() > 0) text += "\n[" + std::to_string(dropped_bytes()) + " bytes are left out here]\n";
    return text += tail();
}

} // namespace ktstr::guest
