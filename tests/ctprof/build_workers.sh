#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build_workers.sh SOURCES OUT CC: jemalloc with debug information, from the sources in Debian's librust-jemalloc-sys-dev,
# and programs that have it in each of the ways that there are. Nothing is downloaded.
set -eu
sources=$1 out=$2 cc=$3

found=
for folder in /usr/share/cargo/registry/jemalloc-sys-*; do
    [ ! -f "$folder/jemalloc/src/tsd.c" ] || found=$folder
done
if [ -z "$found" ]; then
    echo "there are no sources of jemalloc: install the package librust-jemalloc-sys-dev" >&2
    exit 1
fi

mkdir -p "$out"
jemalloc=$out/jemalloc
if [ ! -f "$jemalloc/lib/libjemalloc_pic.a" ]; then
    rm -rf "$jemalloc"
    cp -R "$found/jemalloc" "$jemalloc"
    chmod -R u+w "$jemalloc"
    cp "$found/configure/configure" "$found/configure/VERSION" "$jemalloc/"
    cd "$jemalloc"
    CC=$cc sh ./configure --disable-cxx CFLAGS='-g -O1' >"$out/configure.log"
    make -j"$(nproc)" lib/libjemalloc_pic.a >"$out/make.log" 2>&1 || {
        tail -n 20 "$out/make.log" >&2
        exit 1
    }
    cd "$out"
fi
archive=$jemalloc/lib/libjemalloc_pic.a

"$cc" -g -O1 "$sources/alloc_worker.c" "$archive" -lpthread -lm -o "$out/alloc_worker"
"$cc" -g -O1 -no-pie "$sources/alloc_worker.c" "$archive" -lpthread -lm -o "$out/alloc_worker_fixed"
"$cc" -g -O1 -static "$sources/alloc_worker.c" "$archive" -lpthread -lm -o "$out/alloc_worker_static"
"$cc" -shared -Wl,-soname,libjemalloc_here.so -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -lpthread -lm -o "$out/libjemalloc_here.so"
"$cc" -g -O1 "$sources/alloc_worker.c" "$out/libjemalloc_here.so" -Wl,-rpath,"$out" -lpthread -o "$out/alloc_worker_shared"
# Stripped by the linker: a build id of its own.
"$cc" -O1 -Wl,--strip-debug "$sources/alloc_worker.c" "$archive" -lpthread -lm -o "$out/alloc_worker_stripped"
# As distributions do it: the debug information in a file of its own, to which the program links.
objcopy --only-keep-debug "$out/alloc_worker" "$out/alloc_worker_linked.debug"
objcopy --strip-all --add-gnu-debuglink="$out/alloc_worker_linked.debug" "$out/alloc_worker" "$out/alloc_worker_linked"
# What is loaded while it runs has thread-local data of its own for each thread that uses it.
"$cc" -g -O1 -shared -fPIC -ftls-model=global-dynamic "$sources/stand_in.c" -o "$out/libstand_in.so"
"$cc" -g -O1 "$sources/stand_in_worker.c" -lpthread -ldl -o "$out/stand_in_worker"
touch "$out/built"
