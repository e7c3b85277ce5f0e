#!/bin/sh
# The core (cmake/core.cmake) builds and checks itself where only a compiler is installed: the packages of the rest
# are hidden from CMake, and neither a header nor a library of theirs may come in otherwise.
# usage: core.sh SOURCE FOLDER C_COMPILER CXX_COMPILER
set -eu
source=$1 folder=$2 c=$3 cxx=$4

fail() {
    echo "core: $*" >&2
    exit 1
}

rm -rf "$folder"
mkdir -p "$folder"
export PKG_CONFIG_LIBDIR=/nonexistent PKG_CONFIG_PATH=
if ! cmake -S "$source" -B "$folder" -G 'Unix Makefiles' -DCMAKE_BUILD_TYPE=Debug -DEPNET_CORE_ONLY=ON -DEPNET_CUDA=OFF \
    -DCMAKE_C_COMPILER="$c" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON >"$folder/log.txt" 2>&1 ||
    ! cmake --build "$folder" -j 2 >>"$folder/log.txt" 2>&1; then
    cat "$folder/log.txt" >&2
    fail 'does not build (does a source that the core needs include a header of a package?)'
fi

# Headers: our own, the compiler's and the C library's.
headers=$(find "$folder" -name '*.d' -exec cat {} + | tr ' \\' '\n\n' | grep '^/.*\.h$' | grep -v "^$source/" | sort -u || true)
[ -n "$headers" ] || fail 'no dependency files were found: the headers cannot be checked'
if command -v dpkg-query >/dev/null; then
    foreign=$(for header in $headers; do dpkg-query -S "$(realpath "$header")" 2>&1; done |
        grep -Ev '^(libc6-dev|linux-libc-dev|libgcc-[0-9]+-dev|libclang-[^:]*)[:,]' || true)
    [ -z "$foreign" ] || fail "headers of packages that it must do without: $foreign"
fi

# Libraries: the C library's and the compiler's.
foreign=$(ldd "$folder/epnet_gpu" | awk '{print $1}' |
    grep -Ev '^(linux-vdso|libm|libc|libgcc_s|libstdc\+\+|libpthread|libdl)\.so|ld-linux' || true)
[ -z "$foreign" ] || fail "libraries that it must do without: $foreign"

"$folder/epnet_gpu" check --backend cpu --size tiny >"$folder/checks.txt" || { cat "$folder/checks.txt"; fail 'its checks fail'; }
"$folder/epnet_gpu" bench --backend cpu --size tiny >"$folder/bench.txt" || { cat "$folder/bench.txt"; fail 'its measurements fail'; }
if "$folder/epnet_gpu" check --backend cuda >/dev/null 2>"$folder/refusal.txt"; then
    fail 'a build without the CUDA backend checks it'
fi
grep -q 'cuda backend is not built' "$folder/refusal.txt" || fail 'the refusal does not say why'
