"""Runs the project's scripts in processes of their own that need not import TensorFlow again.

Importing TensorFlow and Keras takes a core some six seconds, and the tests run dozens of scripts.
Here one process imports them, and is forked for each script. What a process says while
it imports TensorFlow is therefore not seen; the tests of the main job look at that.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# And what most of the project's scripts import; no script itself, which runs as the main module.
_PRELOADED = (
    *("tensorflow", "keras", "tf_keras", "numpy", "h5py", "PIL.Image", "matplotlib.figure"),
    *("ai_edge_litert.interpreter", "sklearn.datasets", "keras_cv"),
    *("tofa_tf.training.trained_run", "tofa_tf.deploy.deploy", "tofa_tf.select.alone"),
    *("tflite_export.exporting.run_export", "tflite_export.common.command"),
)


def run_script(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a module as `python -m MODULE ARGUMENTS` does in the root of the repository.

    Returns:
        Exit code (negative: the signal), what it wrote to stdout and to stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        server = _server()
        job = {"module": module, "arguments": arguments, "out": str(out), "err": str(err)}
        server.stdin.write(json.dumps(job) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        command = ["python", "-m", module, *arguments]
        return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())


@functools.cache
def _server() -> subprocess.Popen:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.scripts"],
        cwd=_ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    # Waited for, so that the time of the scripts is counted as that of the tests.
    atexit.register(server.wait)
    atexit.register(server.kill)
    return server


def _serve() -> None:
    """Forks for every line of stdin; ends with it."""
    for name in _PRELOADED:
        importlib.import_module(name)
    # What the collector never looks at is not copied for a child either.
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _become(module: str, arguments: list[str], out: str, err: str) -> None:
    """Runs a module as the main program; ends as that does, with the same exit code."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for target, source in (
        (0, os.open(os.devnull, os.O_RDONLY)),
        (1, os.open(out, flags)),
        (2, os.open(err, flags)),
    ):
        os.dup2(source, target)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
