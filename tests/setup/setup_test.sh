#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests of ./dev that need no network and change nothing on the machine: setup_test.sh DEV SENTENCE runs one of them.
# Each has a copy of the script in a fresh folder with a space in its name, and sample apt configurations in ./apt.
set -euo pipefail

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# expect_equal WANTED SEEN
expect_equal() { [[ $1 == "$2" ]] || fail "expected"$'\n'"$1"$'\n'"and saw"$'\n'"$2"; }

# expect_contains TEXT PART...
expect_contains() {
    local text=$1 part
    for part in "${@:2}"; do [[ $text == *"$part"* ]] || fail "expected '$part' in"$'\n'"$text"; done
}

# The entry for backports that the sample configuration in ./apt gives.
derived() { suite_entry apt bookworm bookworm-backports; }

# A dpkg-query of the given "package status version" lines; packages that are not among them do not exist.
fake_dpkg_query() {
    mkdir -p bin
    printf '%s\n' "$@" >installed
    cat >bin/dpkg-query <<END
#!/bin/sh
shift 3
for package; do grep "^\$package " '$PWD/installed'; done
exit 1
END
    chmod +x bin/dpkg-query
    PATH=$PWD/bin:$PATH
}

# The table's packages, all installed in a version newer than any that is asked for.
everything_installed() { select_packages "$all_sets" 2 | sed 's/$/ installed 99:1/'; }

# TEST: backports come from the stanza that has the machine's suite among several
several_suites() {
    cat >apt/sources.list.d/debian.sources <<'END'
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

# the main archive
Types: deb deb-src
URIs: http://archive.example/debian
# a comment between two fields
Suites: bookworm-updates bookworm
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg
END
    expect_equal "Types: deb
URIs: http://archive.example/debian
Suites: bookworm-backports
Components: main
Signed-by: /usr/share/keyrings/archive.gpg" "$(derived)"
}

# TEST: backports keep a key that is written into the stanza itself
embedded_key() {
    cat >apt/sources.list.d/debian.sources <<'END'
types: deb
uris: http://archive.example/debian
suites: bookworm
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr
 -----END PGP PUBLIC KEY BLOCK-----
END
    expect_contains "$(derived)" $'Signed-by: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865' 'END PGP'
}

# TEST: backports come from a one-line entry, options and all
one_line() {
    cat >apt/sources.list <<'END'
# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb cdrom:[Debian GNU/Linux 12.0.0 _Bookworm_]/ bookworm main
deb http://security.example/debian-security bookworm-security main
deb [ arch=amd64,i386 signed-by=/etc/apt/keyrings/a.gpg check-valid-until=no ] http://archive.example/debian bookworm contrib main # ours
END
    expect_equal "Types: deb
URIs: http://archive.example/debian
Suites: bookworm-backports
Components: main
Architectures: amd64 i386
Signed-by: /etc/apt/keyrings/a.gpg
Check-valid-until: no" "$(derived)"
}

# TEST: apt accepts the derived entry
apt_accepts() {
    echo 'deb [arch=amd64 trusted=yes] http://archive.example/debian bookworm main' >apt/sources.list
    derived >apt/sources.list.d/derived.sources
    apt-get -o Dir::Etc="$PWD/apt" update --print-uris >seen || fail 'apt-get refused it'
    expect_contains "$(cat seen)" 'http://archive.example/debian/dists/bookworm-backports/InRelease'
}

# TEST: entries that are disabled, for another release or without main give no backports
nothing_to_derive_from() {
    cat >apt/sources.list.d/debian.sources <<'END'
Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://other.example/debian
Suites: trixie
Components: main

Types: deb
URIs: http://nonfree.example/debian
Suites: bookworm
Components: non-free
END
    echo 'deb http://saved.example/debian bookworm main' >apt/sources.list.d/debian.list.save
    expect_equal '' "$(derived)"
}

# TEST: an empty apt configuration gives no backports
empty_configuration() { expect_equal '' "$(derived)"; }

# TEST: a backports suite that is configured already is found, and a disabled one is not
configured_already() {
    local entry='Types: deb
URIs: http://archive.example/debian
Suites: bookworm bookworm-backports
Components: main'
    echo "$entry" >apt/sources.list.d/debian.sources
    [[ -n $(suite_entry apt bookworm-backports bookworm-backports) ]] || fail 'the enabled suite is not found'
    { echo 'Enabled: no' && echo "$entry"; } >apt/sources.list.d/debian.sources
    expect_equal '' "$(suite_entry apt bookworm-backports bookworm-backports)"
}

# TEST: nothing is missing when every package is installed
nothing_missing() {
    mapfile -t lines < <(everything_installed)
    fake_dpkg_query "${lines[@]}"
    expect_equal '' "$(missing_packages "$all_sets")"
}

# TEST: a package that is absent, removed but not purged, or too old is missing
missing() {
    mapfile -t lines < <(everything_installed |
        sed 's/^nettle-dev .*/nettle-dev config-files 3.8/; s/^libelf-dev .*/libelf-dev installed 0.188-2.1/; /^cmake /d')
    fake_dpkg_query "${lines[@]}"
    expect_equal 'cmake
libelf-dev
nettle-dev' "$(missing_packages "$all_sets" | sort)"
}

# TEST: a package that an installed one stands in for is not missing
provided() {
    mapfile -t lines < <(everything_installed | sed '/^npm /d; s/^nodejs .*/nodejs installed 20.1 nodejs-dev, npm/')
    fake_dpkg_query "${lines[@]}"
    expect_equal '' "$(missing_packages "$all_sets")"
}

# TEST: only the sets that a command needs are looked at
sets() {
    fake_dpkg_query
    expect_equal "$(printf '%s\n' qemu-system-x86 busybox-static)" "$(missing_packages vm)"
}

# TEST: without root and without sudo the message names the missing packages
no_root() {
    is_root() { false; }
    ln -s "$(command -v bash)" "$(command -v env)" bin/
    message=$(PATH=$PWD/bin install_packages bookworm g++ cmake 2>&1) && fail 'it went on'
    expect_contains "$message" 'g++ cmake' 'root'
}

# TEST: on a system that is not Debian 12 the message names the programs and packages to install by hand
other_system() {
    os_release() { echo other; }
    install_packages() { fail 'it tried to install packages'; }
    # shellcheck disable=SC2317 # called by set_up_packages
    command() { [[ $2 != ninja ]]; }
    message=$(set_up_packages build 2>&1) && fail 'it went on'
    expect_contains "$message" 'only on Debian 12' 'ninja (ninja-build)' 'libelf-dev 0.192'
}

# TEST: on a system that is not Debian 12 it goes on when every program is there
other_system_complete() {
    os_release() { echo other; }
    install_packages() { fail 'it tried to install packages'; }
    # shellcheck disable=SC2317 # called by set_up_packages
    command() { true; }
    set_up_packages "$all_sets"
}

# TEST: a step that fails says where its log is and how it ends
failing_step() {
    local status=0
    message=$(step 'doing it' it sh -c 'echo first; echo the reason >&2; exit 3' 2>&1) || status=$?
    expect_equal 3 "$status"
    expect_contains "$message" 'doing it failed' "$PWD/build/log/it.log" 'the reason'
    expect_equal $'first\nthe reason' "$(cat build/log/it.log)"
}

# TEST: an interrupted step leaves no process behind
interrupted_step() {
    local script status=0 child
    cat >endless <<'END'
sleep 1000 &
echo $! >child.new && mv child.new child
wait
END
    set -m
    bash -c '. ./dev; trap "stopped 2" INT; step waiting waiting sh endless' 2>message &
    script=$!
    set +m
    until [[ -e child ]]; do sleep 0.05; done
    child=$(cat child)
    kill -INT "$script"
    wait "$script" || status=$?
    expect_equal 130 "$status"
    expect_contains "$(cat message)" 'stopped'
    [[ ! -e /proc/$child ]] || expect_contains "$(cat "/proc/$child/stat" 2>/dev/null || echo ' Z ')" ' Z '
}

# A build folder with tests that pass, fail and are skipped; the rest of ./dev test is left out.
sample_tests() {
    set_up_build() { :; }
    set_up_npm() { :; }
    set_up_all_kernels() { :; }
    mkdir -p build/log
    local line
    for line; do echo "$line"; done >build/CTestTestfile.cmake
}

# TEST: the tests end with a line of totals, and pass only if none failed
totals_with_failure() {
    sample_tests 'add_test(good true)' 'add_test(better true)' 'add_test(bad false)' 'add_test(other sh -c "exit 77")' \
        'set_tests_properties(other PROPERTIES SKIP_RETURN_CODE 77)'
    # shellcheck disable=SC2119
    dev_test >output 2>message && fail 'it passed'
    expect_equal '2 passed, 1 failed' "$(tail -n 1 output)"
    expect_contains "$(cat message)" '1 skipped'
}

# TEST: the tests pass when all do
totals() {
    sample_tests 'add_test(good true)' 'add_test(better true)'
    # shellcheck disable=SC2119
    dev_test >output 2>/dev/null || fail 'it failed'
    expect_equal '2 passed, 0 failed' "$(tail -n 1 output)"
}

# TEST: the tests fail when there is none to run
no_tests() {
    sample_tests
    # shellcheck disable=SC2119
    dev_test >output 2>/dev/null && fail 'it passed'
    expect_equal '0 passed, 0 failed' "$(tail -n 1 output)"
}

# TEST: an unknown command gives the usage and exit code 64
unknown_command() {
    local status=0
    message=$(cd / && "$OLDPWD/dev" fly 2>&1) || status=$?
    expect_equal 64 "$status"
    expect_contains "$message" './dev COMMAND' 'test'
}

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$work/check out/apt/sources.list.d" "$work/check out/bin"
cp -- "$1" "$work/check out/dev"
name=$(grep -A 1 -xF -- "# TEST: $2" "$0" | sed -n 's/() {.*//p')
[[ -n $name ]] || fail "no test '$2'"
cd -- "$work/check out"
# shellcheck source=dev
. ./dev
"$name"
