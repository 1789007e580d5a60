#!/bin/sh
# SPDX-License-Identifier: ISC
HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
PYTHONDONTWRITEBYTECODE=1
PYTHONPATH=$HERE/../cases
export PYTHONDONTWRITEBYTECODE PYTHONPATH
exec "${PYTHON:-python3}" "${0%.sh}.py" "$@"
