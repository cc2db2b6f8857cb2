#!/bin/sh
# deltaworks APP COMMAND … : one of the apps. The process is the app itself, so that signals reach it.
set -eu
app=${1:?give an app: batch, maintenance, export or console}
shift
exec "deltaworks-$app" "$@"
