// SPDX-License-Identifier: GPL-2.0-only
// Where an executor runs and is spoken to: a virtual machine, or a process on the host. The conductor needs no more.
#pragma once

#include <string>

#include "base/process.h"

namespace ktstr::vmm {

class Place {
  public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    virtual ~Place() = default;

    // With which the place ends.
    [[nodiscard]] virtual Process& process() = 0;
    [[nodiscard]] virtual int channel() const = 0; // to and from the executor, both ways; non-blocking
    [[nodiscard]] virtual int console() const = 0; // what is printed there; non-blocking
    // What the process itself had to complain of.
    [[nodiscard]] virtual std::string messages() const = 0;

  protected:
    Place(Place&&) = default;
    Place& operator=(Place&&) = default;
};

} // namespace ktstr::vmm
