// SPDX-License-Identifier: GPL-2.0-only
#include "likeness.h"
#include <catch2/catch_test_macros.hpp>
