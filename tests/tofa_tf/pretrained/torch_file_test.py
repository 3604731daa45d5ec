"""The files in `data/` were written by PyTorch 2.13 in both of its formats; see `EXPECTED`."""

import os
import pickle
import shlex
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.pretrained.torch_zip import pickled_tensor, write_torch_zip
from tofa_tf.common.errors import UserError
from tofa_tf.pretrained.torch_file import read_state_dict

_DATA = Path(__file__).parent / "data"
_NUMBERS = np.arange(24, dtype=np.float32)
EXPECTED = {
    "plain": _NUMBERS.reshape(2, 3, 4),
    "transposed": _NUMBERS.reshape(4, 6).T,
    "tail_of_shared": _NUMBERS[20:],
    "half": np.array([0.5, -2.0], np.float16),
    "bfloat16": np.array([1.0, 3.0], np.float32),
    "parameter": np.array([[7.0]], np.float32),
    "scalar": np.array(3, np.int64),
}


class Payload:
    """Runs a command where a pickle is read as pickles usually are."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class TorchFileTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters("zip.pth", "old.pth")
    def test_reads_tensors_beside_classes_it_does_not_know(self, name):
        tensors = read_state_dict(_DATA / name)
        self.assertSameElements(tensors, EXPECTED)
        for key, expected in EXPECTED.items():
            self.assertEqual(tensors[key].shape, expected.shape)
            self.assertAllEqual(tensors[key].astype(expected.dtype), expected)

    def test_zip_and_old_format_hold_the_same(self):
        first, second = (read_state_dict(_DATA / name) for name in ("zip.pth", "old.pth"))
        for key in EXPECTED:
            self.assertEqual(first[key].dtype, second[key].dtype)

    @parameterized.parameters("zip.pth", "old.pth")
    def test_file_cut_anywhere_is_one_clear_error(self, name):
        content = (_DATA / name).read_bytes()
        path = Path(self.get_temp_dir()) / name
        for length in range(0, len(content) - 1, 37):
            path.write_bytes(content[:length])
            with self.assertRaisesRegex(UserError, f"{name} is damaged or not a PyTorch"):
                read_state_dict(path)

    def test_payload_does_not_run(self):
        folder = Path(self.get_temp_dir())
        witness, path = folder / "witness", folder / "hostile.pth"
        content = pickle.dumps(
            {"state_dict": {"a": Payload(f"touch {shlex.quote(str(witness))}")}}, protocol=2
        )
        archive = folder / "archive.pth"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("archive/data.pkl", content)
        head = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001)]
        head.append(pickle.dumps({"little_endian": True}, 2))
        old = folder / "old.pth"
        old.write_bytes(b"".join(head) + content + pickle.dumps([], 2))
        path.write_bytes(content)
        for hostile in (archive, old, path):
            with self.assertRaises(UserError):
                read_state_dict(hostile)
            self.assertFalse(witness.exists())
        # The payload is a real one: the standard reader runs it.
        pickle.loads(content)
        self.assertTrue(witness.exists())

    def test_payload_beside_tensors_is_passed_over(self):
        folder = Path(self.get_temp_dir())
        witness, path = folder / "witness", folder / "hostile.pth"
        with zipfile.ZipFile(_DATA / "zip.pth") as original, zipfile.ZipFile(path, "w") as changed:
            for name in original.namelist():
                data = original.read(name)
                if name.endswith("data.pkl"):
                    # Runs first, is then dropped from the stack.
                    payload = pickle.dumps(
                        Payload(f"touch {shlex.quote(str(witness))}"), protocol=2
                    )
                    data = data[:2] + payload[2:-1] + pickle.POP + data[2:]
                changed.writestr(name, data)
        self.assertSameElements(read_state_dict(path), EXPECTED)
        self.assertFalse(witness.exists())

    @parameterized.parameters(
        ((4,), (100,), 0), ((4,), (1,), 3), ((4,), (-1,), 4), ((10**12,), (0,), 0)
    )
    def test_tensor_that_leaves_its_storage_is_an_error(self, shape, strides, offset):
        path = Path(self.get_temp_dir()) / "outside.pth"
        tensor = pickled_tensor("0", 5, offset, shape, strides)
        write_torch_zip(path, {"a": tensor}, [np.zeros(5)])
        with self.assertRaisesRegex(UserError, "a tensor outside of its storage"):
            read_state_dict(path)

    def _refused(self, path: Path, message: str) -> None:
        """It is refused with less memory than it asks for."""
        code = (
            "import resource, sys; from tofa_tf.common.errors import UserError\n"
            "from tofa_tf.pretrained.torch_file import read_state_dict\n"
            "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
            "resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20),) * 2)\n"
            "try: read_state_dict(sys.argv[1])\n"
            "except UserError as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
        self.assertRegex(done.stdout, message, done.stderr)

    def test_numbers_that_unfold_to_more_than_the_file_take_no_memory(self):
        path = Path(self.get_temp_dir()) / "bomb.pth"
        count = 1 << 28
        write_torch_zip(path, {"a": pickled_tensor("0", count, 0, (1,), (1,))}, [np.zeros(1)])
        with zipfile.ZipFile(path) as file:
            pickled = file.read("archive/data.pkl")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(zipfile.ZipInfo("archive/data.pkl"), pickled)
            with file.open("archive/data/0", "w") as member:
                for _ in range(4 * count >> 20):
                    member.write(bytes(1 << 20))
        self._refused(path, "bomb.pth is damaged or not a PyTorch checkpoint .compressed numbers")

    def test_many_tensors_of_the_same_numbers_take_no_memory(self):
        path, count = Path(self.get_temp_dir()) / "shared.pth", 1 << 20
        tensor = pickled_tensor("0", count, 0, (count,), (1,))
        write_torch_zip(path, {f"t{i}": tensor for i in range(500)}, [np.zeros(count)])
        self._refused(path, "its tensors take more than .* MiB")

    def test_a_storage_of_another_size_is_not_read(self):
        path = Path(self.get_temp_dir()) / "lies.pth"
        write_torch_zip(path, {"a": pickled_tensor("0", 10**9, 0, (1,), (1,))}, [np.zeros(5)])
        self._refused(path, "a storage of another size than said")
        content = (_DATA / "old.pth").read_bytes()
        at = content.rindex(struct.pack("<q", 24))
        path.write_bytes(content[:at] + struct.pack("<q", 10**12) + content[at + 8 :])
        self._refused(path, "a storage of another size than said")

    def test_a_pickle_that_remembers_what_it_does_not_hold_takes_no_memory(self):
        path = Path(self.get_temp_dir()) / "memo.pth"
        for put in (pickle.LONG_BINPUT + b"\xff\xff\xff\x7f", pickle.PUT + b"4000000000\n"):
            content = pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + put + pickle.STOP
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("archive/data.pkl", content)
            self._refused(path, "it remembers more than it holds")
            path.write_bytes(content)
            self._refused(path, "it remembers more than it holds")

    def test_other_content(self):
        path = Path(self.get_temp_dir()) / "list.pth"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps([1, 2], 2))
        with self.assertRaisesRegex(UserError, "no state dict in it"):
            read_state_dict(path)
        with self.assertRaisesRegex(UserError, "cannot read .*none.pth: No such file"):
            read_state_dict(path.with_name("none.pth"))
        path.write_text("<html>404</html>")
        with self.assertRaisesRegex(UserError, "is damaged or not a PyTorch checkpoint"):
            read_state_dict(path)


if __name__ == "__main__":
    tf.test.main()
