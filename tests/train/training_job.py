"""A training that is run as a program of its own, to be sent signals: ``training_job.py PATH STEPS [how …]``."""

import os
import sys
import time

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


def trainer(path, steps, kind=Trainer, seed=0, **options):
    manual_seed(seed)
    task = tasks.reverse()
    config = TransformerConfig(len(task.vocabulary), d_model=8, n_heads=2, n_layers=1, d_ff=8, dropout=0.1)
    return kind(Transformer(config), task, TrainConfig(steps, 4, warmup=2, eval_every=5, eval_pairs=4), path, **options)


def main(ranks=None):
    path, steps, *how = sys.argv[1:]
    job = trainer(path, int(steps), Slow, overwrite="overwrite" in how, ranks=ranks)
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
