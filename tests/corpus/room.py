"""The files and folders that the cases are about, each made when a case names it."""

import fcntl
import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from PIL import Image

from tests.tofa_tf.deploy.results_for_tests import REPORT
from tests.tofa_tf.pretrained.torch_zip import pickled_tensor, write_torch_zip
from tests.tofa_tf.trained import trained_copy
from tofa_tf.common.files import write_json
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.space.presets import get_space

_BOARD = """
core = "cortex-m4"
kernels = "cmsis_nn"
clock_mhz = 80
sram_kib = 128
sram_reserved_kib = 32
flash_kib = 512
flash_reserved_kib = 64
"""
_MODEL_ID = "0123456789abcdef"


class Room(dict[str, Path]):
    """Paths by the names of `_MAKERS`; a new name is made first.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path):
        super().__init__(root=root)

    def __missing__(self, name: str) -> Path:
        # The ending of a file says what it is: model_h5 is model.h5.
        stem, _, ending = name.rpartition("_")
        path = self["root"] / (f"{stem}.{ending}" if ending in _ENDINGS else name)
        _MAKERS[name](path)
        self[name] = path
        return path

    def placed(self, value: Any) -> Any:
        """Returns a setting with its `{NAME}` replaced by paths."""
        return value.format_map(self) if isinstance(value, str) else value


_ENDINGS = ("toml", "json", "keras", "h5", "npy", "npz", "tflite", "pth", "log")


def _foreign(path: Path) -> None:
    """What a user has, with a name in it that runs have too."""
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")
    (path / "config.json").write_text('{"dataset": "thesis"}')


def _locked(path: Path) -> None:
    """A work directory in which another process is at work, for all that its lock says."""
    path.mkdir()
    _lock(path)


def _lock(path: Path) -> None:
    lock = os.open(path / ".tofa.lock", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.write(lock, b"4711")
    fcntl.flock(lock, fcntl.LOCK_EX)


def _photos(path: Path, *folders: str, images: int = 3) -> None:
    generator = np.random.default_rng(0)
    for folder in folders or ("cat", "dog"):
        (path / folder).mkdir(parents=True)
        for number in range(images):
            pixels = generator.integers(0, 256, (12, 12, 3), np.uint8)
            Image.fromarray(pixels).save(path / folder / f"{number}.png")


def _broken_photos(path: Path) -> None:
    _photos(path)
    for file in (path / "dog").iterdir():
        file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0")


def _rows(path: Path) -> None:
    """Files of few bytes: the only row of each is as long as all pixels of a large image."""
    for folder in ("cat", "dog"):
        (path / folder).mkdir(parents=True)
        Image.new("1", (2**27 - 8, 1)).save(path / folder / "row.png")


def _run_with(name: str, content: bytes | None) -> Callable[[Path], None]:
    """A trained run with one file replaced, or taken away."""

    def make(path: Path) -> None:
        trained_copy(path)
        (path / name).unlink(missing_ok=True)
        if content is not None:
            (path / name).write_bytes(content)

    return make


def _busy_run(path: Path) -> None:
    """A run in which another process works, and whose images are gone besides."""
    trained_copy(path)
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"dataset": "gone"}))
    _lock(path)


def _run_of_flipped_checkpoint(path: Path) -> None:
    """A run to be continued whose checkpoint claims another version of zip."""
    _run_with("supernet.weights.h5", None)(path)
    content = bytearray((path / "checkpoint.npz").read_bytes())
    for place in (match.start() for match in re.finditer(rb"PK\x01\x02", bytes(content))):
        content[place + 6] ^= 0xFF
    (path / "checkpoint.npz").write_bytes(content)


def _run_of_infinite_checkpoint(path: Path) -> None:
    """As a training leaves it whose rate was much too high."""
    _run_with("supernet.weights.h5", None)(path)
    with np.load(path / "checkpoint.npz") as saved:
        arrays = dict(saved)
    name = next(name for name in arrays if name.startswith("supernet"))
    np.savez(path / "checkpoint.npz", **arrays | {name: np.full_like(arrays[name], np.inf)})


def _run_of_infinite_weights(path: Path) -> None:
    trained_copy(path)
    with h5py.File(path / "supernet.weights.h5", "r+") as file:
        file["classifier/kernel"][...] = np.inf


def _run_of_damaged_logs(path: Path) -> None:
    trained_copy(path)
    for name, line in (("metrics.jsonl", b"[1]\n\xff"), ("sampled.jsonl", b"[]\n")):
        with (path / name).open("ab") as file:
            file.write(line)
    (path / "scenarios" / "old").mkdir(parents=True)
    (path / "scenarios" / "old" / "scenario.json").write_text("{}")


def _linked(path: Path) -> None:
    trained_copy(path.with_name("behind_the_link"))
    path.symlink_to("behind_the_link")


def _reported(path: Path) -> None:
    path.mkdir()
    write_json(path / "report.json", REPORT.to_json())


def _run_of_other_images(path: Path) -> None:
    trained_copy(path)
    split = json.loads((path / "split.json").read_text())
    test = split["parts"]["test"]
    test[next(iter(test))] = 16 * "0"
    (path / "split.json").write_text(json.dumps(split))


def _endless_report(path: Path) -> None:
    path.mkdir()
    (path / "report.json").symlink_to("/dev/zero")


def _text(text: str | bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text.encode() if isinstance(text, str) else text) and None


def _space_of_block(block: Any) -> Callable[[Path], None]:
    """A search space whose first stage has this for its block."""

    def make(path: Path) -> None:
        space = get_space("mcu").to_json()
        space["stages"][0]["block"] = block
        path.write_text(json.dumps(space))

    return make


def _named_board(name: str) -> Callable[[Path], None]:
    return _text(f"[{json.dumps(name)}]{_BOARD}")


def _net(path: Path, shape: tuple[int, ...] = (4,), **settings: Any) -> keras.Model:
    inputs = keras.Input(shape)
    outputs = keras.layers.Dense(2, name="mine", **settings)(keras.layers.Flatten()(inputs))
    net = keras.Model(inputs, outputs)
    net.save(path)
    return net


def _net_of_endless_weights(path: Path) -> None:
    """A small file whose configuration alone is changed."""
    small = path.with_stem("small")
    _net(small)
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(path, "w") as changed:
        for name in source.namelist():
            units = b'"units": 100000000000'
            changed.writestr(name, source.read(name).replace(b'"units": 2', units))


def _net_of_nan(path: Path) -> None:
    net = _net(path)
    net.layers[-1].set_weights([np.full((4, 2), np.nan), np.zeros(2)])
    net.save(path)


def _recurrent(path: Path) -> None:
    inputs = keras.Input((4, 1))
    keras.Model(inputs, keras.layers.LSTM(2, name="memory")(inputs)).save(path)


# As Keras writes it, with a layer that is code.
_CODE = {
    "class_name": "Sequential",
    "config": {
        "layers": [
            {"class_name": "Lambda", "config": {"name": "mine", "function": ["os.system"]}},
        ]
    },
}


def _code(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_CODE)


def _archive(config: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("config.json", config)

    return make


def _empty_weights(path: Path) -> None:
    path.mkdir()
    h5py.File(path / "no.weights.h5", "w").close()
    with h5py.File(path / "loop.weights.h5", "w") as file:
        file["classifier/bias"] = h5py.SoftLink("/classifier/bias")


def _nan_weights(path: Path) -> None:
    """The weights of a training that diverged in one layer."""
    path.mkdir()
    supernet = Supernet(get_space("tiny"), 10)
    supernet.build()
    supernet.classifier.kernel.assign(np.full(supernet.classifier.kernel.shape, np.nan))
    save_weights(supernet, path / "nan.weights.h5")


def _nan_mobilenet(path: Path) -> None:
    net = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=3)
    dense = net.layers[-1]
    dense.set_weights([np.full_like(values, np.nan) for values in dense.get_weights()])
    net.save(path)


def _bomb_pth(path: Path) -> None:
    """A checkpoint whose numbers unfold to a thousand times the file."""
    write_torch_zip(path, {"a": pickled_tensor("0", 1, 0, (1,), (1,))}, [])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data/0", bytes(70 << 20))


def _endless_npy(path: Path) -> None:
    """An array that by its header takes petabytes."""
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (10**15, 4)}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(bytes(64))


def _endless_npz(path: Path) -> None:
    array = path.with_name("inputs.npy")
    _endless_npy(array)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(array, "inputs.npy")


def _half(path: Path) -> None:
    _net(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _firmware(path: Path) -> None:
    path.mkdir()
    record = {"model_id": _MODEL_ID, "expected": [[1, 2]]}
    (path / "test_vectors.json").write_text(json.dumps(record))


def _log(vector: str) -> Callable[[Path], None]:
    return _text(f"MODEL {_MODEL_ID} vectors 1\n{vector}\nARENA used 1 of 2\nRESULT PASS 1 of 1\n")


def _several_models(path: Path) -> None:
    for name in ("a", "b"):
        (path / "scenarios" / name).mkdir(parents=True)
        (path / "scenarios" / name / "model_int8.tflite").touch()


_MAKERS: dict[str, Callable[[Path], Any]] = {
    # Folders to work in.
    "file": _text("no folder"),
    "foreign": _foreign,
    "locked": _locked,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "empty": Path.mkdir,
    # Images.
    "photos": _photos,
    "parts": lambda path: _photos(path, "train/cat", "train/dog", "test/cat", "test/dog"),
    "one_class": lambda path: _photos(path, "cat"),
    "mixed": lambda path: _photos(path, "cat", "dog", "unlabeled"),
    "lines": lambda path: _photos(path, "cat", "d\nog"),
    "broken": _broken_photos,
    "rows": _rows,
    # Runs.
    "trained": trained_copy,
    "linked": _linked,
    "reported_\xfc": _reported,
    "run_of_flipped_checkpoint": _run_of_flipped_checkpoint,
    "run_of_infinite_checkpoint": _run_of_infinite_checkpoint,
    "run_of_infinite_weights": _run_of_infinite_weights,
    "run_of_damaged_logs": _run_of_damaged_logs,
    "untrained": _run_with("supernet.weights.h5", None),
    "run_without_split": _run_with("split.json", None),
    "busy_run": _busy_run,
    "run_of_other_images": _run_of_other_images,
    "run_of_no_settings": _run_with("config.json", b"[]"),
    "run_nested": _run_with("config.json", b"[" * 100_000),
    "run_of_cut_weights": _run_with("supernet.weights.h5", b"\x89HDF\r\n\x1a\n"),
    "run_of_empty_report": _run_with("report.json", b"{}"),
    "run_of_cut_report": _run_with("report.json", b'{"format": 2, "scen'),
    "run_of_endless_report": _endless_report,
    "several_models": _several_models,
    # Boards.
    "parent_toml": _named_board(".."),
    "victim_toml": _named_board("../../victim"),
    "absolute_json": _text(json.dumps({"/tmp/victim": {"core": "cortex-m4"}})),
    "c_code_toml": _named_board("mine\n#error"),
    "list_toml": _text("[mine]" + _BOARD.replace('"cortex-m4"', '["cortex-m4"]')),
    "nested_toml": _text(f"a = {'[' * 5000}{']' * 5000}"),
    "block_json": _space_of_block(1.5),
    "kernels_json": _space_of_block({"family": "depthwise_separable", "kernels": 3.5}),
    "expands_json": _space_of_block({"family": "basic_residual", "expands": [-1]}),
    "nested_json": _text('{"a": ' * 50_000),
    "latin_toml": _text('[mine]\ntitle = "caf\xe9"\n'.encode("latin-1")),
    # Settings.
    "unknown_toml": _text("stepz = 3\n"),
    "no_toml": _text("steps = = 3\n"),
    "large_toml": _text("# \n" * 400_000),
    "large_json": _text(" " * (1 << 20) + "{}"),
    "pipe_toml": os.mkfifo,
    # Models.
    "vector_keras": _net,
    "flat_keras": lambda path: _net(path, (128, 128, 3)),
    "endless_keras": _net_of_endless_weights,
    "nan_keras": _net_of_nan,
    "half_precision_keras": lambda path: _net(path, dtype="float16"),
    "memory_keras": _recurrent,
    "code_h5": _code,
    "code_keras": _archive(json.dumps(_CODE)),
    "bomb_keras": _archive(" " * (70 << 20)),
    "empty_weights": _empty_weights,
    "nan_weights": _nan_weights,
    "mobilenet_keras": _nan_mobilenet,
    "half_keras": _half,
    "text_keras": _text("not a model" * 100),
    "weights_h5": lambda path: h5py.File(path, "w").close(),
    "bomb_pth": _bomb_pth,
    "pickle_pth": _text(b"\x80\x02cos\nsystem\nq\x00X\x04\x00\x00\x00true\x85R."),
    # What models are calibrated and tested with.
    "vectors_npy": lambda path: np.save(path, np.random.default_rng(0).normal(size=(8, 4))),
    "windows_npy": lambda path: np.save(path, np.zeros((8, 4, 1), np.float32)),
    "wide_npy": lambda path: np.save(path, np.zeros((8, 5), np.float32)),
    "nan_npy": lambda path: np.save(path, np.full((8, 4), np.nan)),
    "large_npy": lambda path: np.save(path, np.full((8, 4), 1e300)),
    "objects_npy": lambda path: np.save(path, np.array([{}], object)),
    "flipped_npy": _text(b"\x93NUMPY\x01\x00\x0a\x00{'descr': (".ljust(99)),
    "endless_npy": _endless_npy,
    "endless_npz": _endless_npz,
    "cut_npy": _text(b"\x93NUMPY\x01\x00"),
    # Logs of boards.
    "firmware": _firmware,
    "digits_log": _log(f"VECTOR 0 us {5000 * '9'} output 1 2 expected 1 2 PASS"),
    "number_log": _log(f"VECTOR 0 us 5 output {400 * '9'} 2 expected 1 2 PASS"),
    "wrong_log": _log("VECTOR 0 us 5 output 1 3 expected 1 2 PASS"),
    "noise_log": _text(bytes(range(256)) * 10),
}
