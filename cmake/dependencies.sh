#!/bin/sh
# Install the Debian packages that building, testing and plotting need, and those given as arguments, if any is
# missing. Says what it installs; says nothing when all are there.
set -eu

packages="cmake ninja-build gcc g++ libc6-dev pkg-config
    libnetcdf-dev libtomlplusplus-dev libssl-dev gnuplot-nox
    libcmocka-dev liblapacke-dev libopenblas-dev
    valgrind libc6-dbg clang-format python3 $*"

if ! command -v dpkg-query >/dev/null; then
    echo "deps: not a Debian or Ubuntu system; the build needs what these packages hold:" $packages >&2
    exit 0
fi

# dpkg-query complains about names that it does not know; they are missing like the others.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | sed -n 's/^installed //p' || true)
missing=
for package in $packages; do
    echo "$installed" | grep -qx "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "deps: these packages are missing, and installing them takes root or sudo:$missing" >&2
    exit 1
fi

echo "deps: installing$missing"
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
