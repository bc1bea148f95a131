#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# with_program.sh PROGRAM ARGUMENT...: runs it; without it the test fails, and says where it comes from.
command -v "$1" >/dev/null || {
    echo "$1 is not installed; \`./dev test\` installs what the tests need" >&2
    exit 1
}
exec "$@"
