#!/bin/sh
# Compiler launcher: keep_ptxas_log.sh FOLDER COMMAND... -o OBJECT ... runs the command and keeps what ptxas said in
# FOLDER/NAME.log (NAME: the object's, without its suffixes); all else goes to stderr as it came.
set -u
folder=$1
shift
[ -n "$1" ] || shift # no other launcher is set
object=
previous=
for argument in "$@"; do
    [ "$previous" = -o ] && object=$argument
    previous=$argument
done
case $object in
*.o) name=$(basename "$object" .o) ;;
*) exec "$@" ;; # not a compilation
esac
mkdir -p "$folder"
log=$folder/${name%.cu}.log
"$@" 2>"$log.new"
status=$?
if [ $status -eq 0 ]; then
    grep -E '^(ptxas info|    [0-9]+ bytes)' "$log.new" >"$log"
fi
grep -vE '^(ptxas info|    [0-9]+ bytes)' "$log.new" >&2
rm -f "$log.new"
exit $status
