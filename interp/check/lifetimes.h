// SPDX-License-Identifier: GPL-2.0-only
// Pass 5: cgroups and the scheduler through the steps of a scenario. What an op or an expectation names must exist when
// it is its turn.
#pragma once

#include "interp/check/model.h"
#include "interp/diagnostics/diagnostic.h"

namespace ktstr::check {

void check_lifetimes(model::Scenario& scenario, Diagnostics& diagnostics);

} // namespace ktstr::check
