"""One batch over several processor cores or machines: the ranks of an MPI job, each a process with a model of its own.

A training loop reads the same with one process and with many:

    parallel.launch(4)                                # start this script anew as 4 ranks of this machine
    with parallel.join() as ranks:                    # this process's place among them; alone without mpiexec
        model, optimizer = build()
        shared = parallel.share(model, optimizer, ranks)
        for step in range(steps):
            rows = ranks.part(draw_batch())           # every rank draws the same batch and takes its rows
            with ranks.own_random():                  # dropout differs from rank to rank
                loss = loss_of(model, rows)           # the mean over what counts in these rows
            mean = shared.backward(loss, weight=n)    # n: how much counted; the mean over all ranks' rows
            shared.clip_grad_norm_(1.0)
            shared.step()
            if ranks.first:
                print(mean)

It computes what one process computes on the whole batch, up to the order of sums: dW = Σ n_r dW_r / Σ n_r; dropout
alone draws other masks for another number of ranks, because each rank has its own. With the same seed and the same
number of ranks the bits are the same, also when a training is resumed in between. ``launch`` is for one machine. On a
cluster start the script by ``mpiexec`` or ``srun``, with one BLAS thread for each rank (``OPENBLAS_NUM_THREADS=1``).
The extra ``tinygrad_tf[mpi]`` installs mpi4py, and an MPI library as a wheel. A batch that is too large for one pass
takes several: ``shared.backward(loss, n, more=True)`` in all but the last.

**How it ends.** An error on one rank, or its death, ends the job. No rank waits for ever: one that waits longer than
``join(limit=…)``, 30 minutes by default, raises TimeoutError with the ranks that did not come, their processes, hosts
and states (stopped, computing); after a minute a line on stderr says it already. A rank that leaves the block alone, or
calls something else than the others, is noticed within seconds. With every exchange travels a checksum of what all
ranks must call and be given alike: batches in ``part``, settings in ``step``, shapes in ``share``, and at ``collect``
the parameters. Where they differ, all ranks raise RuntimeError. Nothing stays in /dev/shm, however a job ends; what is
killed while MPI starts leaves a file that a start after ten minutes removes. For a process that never comes to ``join``
the others end with no more than a stack that shows where they wait: they do not know each other yet.

**How.** Ranks on one machine share memory: one array of parameters for all of them, and one array of gradients for
each. When a rank's backward pass has filled a bucket of its gradients, it says so. Each rank adds up its part of those
buckets that all ranks have filled. Between machines MPI sums the parts (reduce-scatter), while the walk goes on. Then
each rank runs the optimiser on its part alone, with only that part's optimiser state (Rajbhandari et al. 2020, ZeRO
stage 1), and the machines send each other the new parameters (all-gather).

**What it costs.** Four ranks on one machine take 0.9 ms for the 3.2 MB of a small GPT; MPI's reduce-scatter and
all-gather would take 2.0 ms, its all-reduce 3.8 ms. Between p machines, with n bytes, bandwidth B and latency α, a ring
takes

    T = 2 (p - 1)/p · n/B + 2 (p - 1) · α

of which one half is the reduce-scatter and the other the all-gather. For 64 machines:

    n                          10 Gbit/s Ethernet (1.1 GB/s, 30 µs)     100 Gbit/s InfiniBand (11 GB/s, 2 µs)
    3.2 MB, the letter GPT      5.7 + 3.8 =  9.5 ms                      0.6 + 0.3 = 0.8 ms
    0.5 GB, GPT-2 small         895 + 3.8 =  899 ms                       89 + 0.3 =  90 ms

A step computes about 6 operations for each parameter and token, and sends 8 bytes for each parameter. At F operations
a second the network takes longer than the arithmetic if a machine has fewer than 8 F / (6 B) tokens, whatever the size
of the model. With F = 300 GFLOP/s that is 360 tokens by Ethernet, 36 by InfiniBand. The letter GPT, whose step over
12 · 64 tokens takes 18 ms on four cores, would wait up to 9.5 ms more. 40 % of that is latency, which no bandwidth
shortens: give each machine more rows. GPT-2 small with 12 · 1,024 tokens computes for 30 s and waits for 0.9 s.

**When another engine is better.** ``python -m tests.benchmarks.scaling`` measures what a message and a byte cost (on
one machine of two cores 2 µs and 0.2 ns through memory, 30 µs and 1.9 ns through TCP) and computes a step's time with
up to 1,024 machines, each bucket by itself and nothing overlapped: T above for buckets from 512 KiB on, ⌈log₂ p⌉ in the
place of p - 1 for smaller ones (Thakur, Rabenseifner, Gropp 2005). What is left of the efficiency of one machine:

    machines                                                16      64     256   1,024
    the letter GPT, a step of 35 ms     by Ethernet        81 %    67 %    40 %    16 %
                                        by InfiniBand      98 %    96 %    90 %    73 %
    GPT-2 small, a step of 30 s         by Ethernet        97 %    97 %    96 %    91 %

Small models on many machines wait for messages. Large ones wait for the arithmetic, which more machines do not make
cheaper: a GPU of 40 TFLOP/s does the work of a hundred such machines. So this serves up to some dozen machines by
Ethernet, or some hundred by InfiniBand, for models that fit into the memory of each. Where there is a GPU, take
PyTorch's DistributedDataParallel; where the parameters do not fit into one machine's memory, its FSDP.

The sums take no time of their own while other cores carry the data. Two ranks on four cores that talk by TCP wait for
them 0.7 to 1.1 ms at the end of the pass with buckets of 1 MB, and 3 to 7 ms with a single bucket. MPI moves on only
when it is asked, which happens after every op of the walk. Where each core has a rank nothing is gained, because the
sums are work for the same cores. The all-gather and the sum of the last bucket always cost time.
"""

from .launcher import launch
from .ranks import Ranks, join
from .sharing import Alone, Shared, share

__all__ = ["Alone", "Ranks", "Shared", "join", "launch", "share"]
