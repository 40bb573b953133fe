#!/usr/bin/env bash
# What the tests of the report need beside Python: Chromium with its driver, a reader of PDF, and axe-core in the folder named.
set -euo pipefail
folder=$1
axe=axe-core@4.14.1 # MPL-2.0, for tests only

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
command -v npm >/dev/null || missing+=(npm)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]} ..."
  root=; [ "$(id -u)" = 0 ] || root=sudo
  { $root apt-get update -q && $root apt-get install -y -q "${missing[@]}"; } >/dev/null || {
    echo "The tests of the report need ${missing[*]}: install them, then run this again." >&2
    exit 1
  }
fi
echo "Installing $axe ..."
npm install --silent --no-fund --no-audit --prefix "$folder" "$axe"
