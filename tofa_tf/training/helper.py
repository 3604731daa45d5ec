"""A process that `with_helpers` starts: takes part in its training, and writes nothing.

As a script; what to train comes pickled on stdin, from the process that has started it.
"""

import pickle
import sys

from tflite_export.common.cli import guarded


def main() -> None:
    """Trains until the chief has all steps."""
    cluster, settings, images, image_memory_mib = pickle.load(sys.stdin.buffer)
    from tflite_export.common import quiet_tensorflow  # noqa: F401
    from tofa_tf.distribute.connect import connected
    from tofa_tf.training.experiment import load_experiment
    from tofa_tf.training.trained_run import assist

    with connected(cluster, settings.train.labelled_batch) as replicas:
        experiment = load_experiment(settings, images, image_memory_mib=image_memory_mib)
        assist(experiment, replicas)


if __name__ == "__main__":
    guarded(main)
