#!/bin/sh
# SPDX-License-Identifier: ISC
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec "${PYTHON:-python3}" "${0%.sh}.py" "$@"
