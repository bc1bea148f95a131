// SPDX-License-Identifier: GPL-2.0-only
// A plan with one of everything that a plan can hold.
#pragma once

#include "interp/plan/plan.h"

namespace ktstr::test {

// Every op, every setting, every kind of affinity, policy, payload check, expectation and formula, and a topology whose
// nodes differ. Valid: it survives plan_from_json().
plan::Plan full_plan();

// `workers` of spin_wait, called "spin".
plan::Work spin(int workers);

// A formula of this kind with as many operands as it takes.
plan::Formula formula_of(plan::Formula::Kind kind);

} // namespace ktstr::test
