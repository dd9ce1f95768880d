"""Ranks on several hosts, each with addresses, processes and shared memory of its own; and by Open MPI."""

import pytest
from jobs import may_make_hosts, mpirun, needs_mpi, needs_open_mpi, result
from test_parallel import CASES
from test_watch import DIFFERENCES, ENDS, ends

pytestmark = needs_mpi


@pytest.fixture
def hosts():
    if not may_make_hosts():
        pytest.skip("network namespaces are not permitted here")


def check_equality(found):
    assert list(found) == CASES
    wrong = {case: got for case, got in found.items() if not (got[0] < (1e-3 if "types" in case else 3e-5) and got[1])}
    assert wrong == {}


def test_ranks_on_two_hosts_compute_what_one_process_computes(hosts):
    check_equality(result(4, "equality", hosts=2))


def test_a_stopped_rank_on_another_host_is_named(hosts):
    ends("stops", ["waited for rank 1 (process", "on 10.77.0.2"], hosts=3)


@pytest.mark.slow
@pytest.mark.parametrize("n, hosts_of_them", [(2, 2), (3, 3), (6, 3), (5, 4)])
def test_ranks_on_several_hosts(hosts, n, hosts_of_them):
    check_equality(result(n, "equality", hosts=hosts_of_them))


@pytest.mark.slow
def test_differences_between_hosts_are_told(hosts):
    found = result(2, "differences", hosts=2)
    assert {name for name in DIFFERENCES if DIFFERENCES[name] not in found.get(name, "")} == set()


@pytest.mark.slow
@needs_open_mpi
class TestOpenMPI:
    @pytest.mark.parametrize("n", [2, 4])
    def test_equality(self, n):
        check_equality(result(n, "equality", open_mpi=True))

    def test_on_two_hosts(self, hosts):
        check_equality(result(4, "equality", open_mpi=True, hosts=2))

    def test_differences(self):
        found = result(2, "differences", open_mpi=True)
        assert {name for name in DIFFERENCES if DIFFERENCES[name] not in found.get(name, "")} == set()

    @pytest.mark.parametrize("what", ENDS)
    def test_a_rank_that_goes_its_own_way(self, what):
        ends(what, ENDS[what], open_mpi=True)

    def test_small_things(self):
        assert result(2, "closing", open_mpi=True) == {"same": True, "freed": True, "trains again": True}
        assert result(2, "fit_twice", open_mpi=True)
        assert mpirun(2, "-c", "import tinygrad_tf.parallel as p\nwith p.join(): raise SystemExit", open_mpi=True
                      ).returncode == 0  # fmt: skip
