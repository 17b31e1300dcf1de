# syntax=docker/dockerfile:1
# The service with the promoted release and the real tiny.en inside; `docker build -t undertone .` in a clone after
# `dvc pull --allow-missing`. How it is run: docs/operate.md. Built without an engine, and tested: deploy/image/build.sh.
ARG DEBIAN=debian:bookworm-slim

# ---- what is installed: every package by its hash, then undertone itself ----
FROM ${DEBIAN} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils ca-certificates python3 python3-pip python3-venv
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_COMPILE=1

WORKDIR /build
COPY requirements/build.in requirements/image.txt requirements/
RUN python3 -m venv /opt/undertone \
 && /opt/undertone/bin/python -m pip install --quiet --require-hashes --no-deps --requirement requirements/image.txt

COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY undertone undertone
COPY training training
COPY export export
COPY serving serving
COPY models/promoted models/promoted
COPY data/samples data/samples
RUN python3 -m venv tools \
 && tools/bin/python -m pip install --quiet --requirement requirements/build.in \
 && tools/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheels . \
 && /opt/undertone/bin/python -m pip install --quiet --no-deps wheels/undertone-*.whl

# What is inside, in CycloneDX. Debian's own packages are listed by dpkg.
RUN tools/bin/python -m pip install --quiet 'cyclonedx-bom==7.*' \
 && tools/bin/cyclonedx-py environment --output-reproducible --of JSON -o /opt/undertone/sbom.cdx.json /opt/undertone/bin/python

# No installer, tests or debug symbols. Wheels keep copies of system libraries in *.libs, which patchelf has laid out anew:
# strip would break those. Compiled once, for a start from a read-only root.
WORKDIR /opt/undertone/lib/python3.11/site-packages
RUN /opt/undertone/bin/python -m pip uninstall --quiet --yes pip setuptools \
 && rm -rf training export \
 && find . -depth -type d \( -name tests -o -name __pycache__ \) -exec rm -rf {} + \
 && find . -name '*.libs' -prune -o -name '*.so*' -type f -exec strip --strip-debug {} + \
 && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash .

# ---- what is shipped ----
FROM ${DEBIAN}
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-minimal libpython3-stdlib ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 undertone \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin undertone \
 && install --directory --owner 10001 --group 10001 --mode 700 /data
COPY --from=build /opt/undertone /opt/undertone
ENV PATH=/opt/undertone/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 \
    UNDERTONE_HOST=0.0.0.0 UNDERTONE_LOG_FORMAT=json
# Nothing is written but to /tmp (sockets of the workers; a tmpfs) and, where the operator asks for it, to /data.
WORKDIR /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"UNDERTONE_PORT\", 8000)}/health', timeout=2)"]
ENTRYPOINT ["undertone"]
CMD ["serve"]
