"""A training that is run as a program of its own, to be sent signals: ``training_job.py PATH STEPS [how …]``."""

import os
import sys
import time

try:
    import resource
except ImportError:  # Windows has no limits
    resource = None

from tinygrad_tf import manual_seed, parallel, tasks
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.train.trainer import TrainConfig, Trainer


class Slow(Trainer):
    """Says when it has begun, and takes its time for each step."""

    pause = 0.0

    def train_step(self, batch):
        if self.step == 1:
            os.write(1, b"it runs\n")  # in one piece: who reads it may close the terminal
        time.sleep(self.pause)
        return super().train_step(batch)


class Crowded(Slow):
    """When it is at its end, no file may be written any more; then there is room, and it is saved again."""

    def evaluate(self, n=None):
        if n is None:
            self.room(1000)
        return super().evaluate(n)

    def room(self, most):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    def fit(self, progress=True):
        try:
            super().fit(progress)
        except OSError as problem:
            os.write(2, f"caught: {problem}\n".encode())
            self.room(resource.RLIM_INFINITY)
            self.save()


def trainer(path, steps, kind=Trainer, seed=0, **options):
    manual_seed(seed)
    task = tasks.reverse()
    config = TransformerConfig(len(task.vocabulary), d_model=8, n_heads=2, n_layers=1, d_ff=8, dropout=0.1)
    return kind(Transformer(config), task, TrainConfig(steps, 4, warmup=2, eval_every=5, eval_pairs=4), path, **options)


def main(ranks=None):
    path, steps, *how = sys.argv[1:]
    job = trainer(path, int(steps), Crowded if "crowded" in how else Slow, overwrite="overwrite" in how, ranks=ranks)
    job.pause = 0.02 if "slow" in how else 0.0
    if "nan" in how:
        job.model.encoder.layers[0].linear1.weight.array[:, :2] = [3e38, -3e38]
    if "resume" in how:
        job.resume()
    try:
        job.fit(progress="bar" in how)
    except (OSError, ValueError, FloatingPointError) as problem:
        raise SystemExit(str(problem)) from None
    raise SystemExit(128 + job.stopped if job.stopped else 0)


if __name__ == "__main__":
    if "ranks" not in sys.argv:
        main()
    status = 0
    with parallel.join() as ranks:
        try:
            main(ranks)
        except SystemExit as ends:  # let all ranks come to the end of the block
            if isinstance(ends.code, str):
                raise
            status = ends.code
    raise SystemExit(status)
